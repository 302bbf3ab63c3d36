import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { PlaybookContext } from "../../core/define-agent.js";
import { defineTool } from "../../tools/define-tool.js";
import { callCli } from "../apps/cli/fake-host.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { fakeAgent, fakePlaybook } from "../support/missions.js";

let engine: Engine;
afterEach(() => engine.drop());

const Input = z.strictObject({ words: z.int() });
const MAX = 50_000;

/** Looks words up at a price for each; what asks for none breaks, and what asks for one tells no price. */
const lookUp = defineTool({
  name: "look_up",
  description: "Looks words up.",
  input: Input,
  output: z.strictObject({ found: z.int() }),
  effect: "reads",
  timeoutMs: 5_000,
  maxCostMicroUsd: MAX,
  costMicroUsd: ({ words }, { found }) => (words === 1 ? Number.NaN : found * 1_000),
  async run({ words }) {
    if (words === 0) throw new Error("nothing to look up");
    return { found: words };
  },
});

const post = defineTool({
  name: "post_words",
  description: "Posts words.",
  input: Input,
  output: z.strictObject({}),
  effect: "writes",
  reach: "own",
  timeoutMs: 5_000,
  maxCostMicroUsd: 7_000,
  dedupeKey: ({ words }) => `${words}`,
  dedupeScope: "run",
  run: async () => ({}),
});

/** A mission whose task looks up these numbers of words, one after the other, and posts the last. */
async function open(numbers: readonly number[], budgetUsd = 5) {
  const work = fakePlaybook({
    tools: ["look_up", "post_words"],
    run: (async (context: PlaybookContext) => {
      for (const words of numbers) await context.call("look_up", { words });
      await context.call("post_words", { words: numbers.at(-1) ?? 0 });
      return {};
    }) as never,
  });
  engine = await openEngine({
    agents: [fakeAgent("A1", "worker", [work], { tools: ["look_up", "post_words"] })],
    tools: [lookUp, post],
    missions: [
      {
        tasks: [{ task_id: "A" }],
        budget_usd: budgetUsd,
        cases: { id: "case_id", title: "case.case_id", items: cases(10) },
      },
    ],
  });
  return engine.orchestrator;
}

const cases = (count: number) => Array.from({ length: count }, (_, n) => ({ case_id: `C${n + 1}` }));

describe("I5: what a run costs is what its calls cost", () => {
  test("as the tool says of an answer, and the most it may cost where it failed, cannot say or does not", async () => {
    const orchestrator = await open([3, 0, 1]);

    const { run_id: run } = await orchestrator.start("test-mission", { caseRef: "C1" });

    const usd = (3_000 + MAX + MAX + 7_000) / 1_000_000;
    expect((await orchestrator.report(run)).cost_usd).toBeCloseTo(usd);
    expect((await orchestrator.status(run)).tasks["A"]?.cost_usd).toBeCloseTo(usd);
    expect((await orchestrator.insight.effects(run))[0]?.cost_usd).toBe(0.007);
    expect(await orchestrator.insight.audit({ run })).toMatchObject({ is_sound: true });
  });

  test("and never more than its budget: the call that could take it above is refused, what is cheaper goes through", async () => {
    const orchestrator = await open([3, 4], 0.052);

    const { run_id: run } = await orchestrator.start("test-mission", { caseRef: "C1" });

    expect((await orchestrator.report(run)).cost_usd).toBeCloseTo(0.01);
    const events = await engine.parts.store.events.of(run);
    const refused = events.filter(({ type }) => type === "tool_refused");
    expect(refused).toMatchObject([{ data: { code: "over_budget", tool: "look_up" } }]);
    expect(await orchestrator.insight.audit({ run })).toMatchObject({ is_sound: true });
  });

  test("stands beside its forecast, by tools and by the runs before it, with the error of each", async () => {
    const orchestrator = await open([10]);
    for (const { case_id: caseRef } of cases(6)) await orchestrator.start("test-mission", { caseRef });

    const { cost, errors } = await orchestrator.insight.plan("test-mission");

    expect(cost).toMatchObject({ usd: 0.017, from: "history" });
    expect(errors.cost.runs).toHaveLength(6);
    expect(errors.cost.runs[0]).toMatchObject({ forecast_usd: 0.057, actual_usd: 0.017, taught_usd: 0.017 });
    expect(errors.cost.by_tools).toMatchObject({ runs: 6, bias: expect.closeTo(40 / 17) });
    expect(errors.cost.by_past_runs).toEqual({ runs: 1, median_absolute_error: 0, bias: 0 });
    const { out } = await callCli(["plan", "test-mission"], { insight: orchestrator.insight });
    expect(out).toMatch(/^Cost of past runs \(measured\)$/mu);
    expect(out).toMatch(/^C6 .* \$0\.0570 +\+235\.3 % +\$0\.0170 +0 % +\$0\.0170/mu);
    expect(out).toContain("By what its tools may cost: median error 235.3 %, +235.3 % bias (too high), over 6 runs.");
  });
});
