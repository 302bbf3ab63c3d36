import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { definePlaybook, giveUp, valueFrom } from "../../core/define-agent.js";
import { defineTool } from "../../tools/define-tool.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { fc } from "../support/fast-check.js";
import { fakeAgent, missionDocument } from "../support/missions.js";

const NAMES = ["calendar:team", "car", "customer:{case.customer}"];
const LONG = 300_000;

/** What a random task writes to, whether a person is asked about its act, and how often it fails first. */
const tasks = fc.array(
  fc.record({
    names: fc.subarray(NAMES),
    asks: fc.boolean(),
    failures: fc.nat(2),
    before: fc.option(fc.nat(4), { nil: undefined }),
  }),
  { minLength: 2, maxLength: 6 },
);

/** Who is at work on what, from the first line of a playbook that goes on to its act until its result is made. */
const active = new Map<string, readonly string[]>();
const overlaps: string[] = [];
const failuresLeft = new Map<string, number>();
let acts: string[] = [];
let engine: Engine;

function writer(skill: string, tool: string) {
  return definePlaybook({
    skill,
    version: "1",
    input: z.looseObject({ names: z.array(z.string()) }),
    output: z.looseObject({}),
    tools: [tool],
    async run(context, { names }) {
      const by = `${String(context.caseData["case_id"])} ${context.taskId}`;
      const own = names.map((name) => name.replace(/\{.*\}/u, String(context.caseData["customer"])));
      for (const [other, held] of active)
        if (other !== by && held.some((name) => own.includes(name))) overlaps.push(`${by} and ${other}`);
      active.set(by, own);
      try {
        await context.sleep(1);
        const left = failuresLeft.get(by) ?? 0;
        failuresLeft.set(by, left - 1);
        if (left > 0) throw giveUp("transient", "Not now.");
        valueFrom(await context.call(tool, { by }));
        await context.sleep(1);
        return {};
      } finally {
        active.delete(by);
      }
    },
  });
}

function actTool(name: string, reach: "own" | "outside") {
  return defineTool({
    name,
    description: "Writes something down.",
    input: z.strictObject({ by: z.string() }),
    output: z.strictObject({}),
    effect: "writes",
    reach,
    dedupeKey: ({ by }) => by,
    dedupeScope: "run",
    timeoutMs: 5_000,
    maxCostMicroUsd: 0,
    async run({ by }) {
      acts.push(by);
      return {};
    },
  });
}

beforeAll(async () => {
  const playbooks = [writer("write", "write_own"), writer("ask_and_write", "write_outside")];
  engine = await openEngine({
    agents: [fakeAgent("A1", "worker", playbooks, { tools: ["write_own", "write_outside"], maxParallel: 2 })],
    tools: [actTool("write_own", "own"), actTool("write_outside", "outside")],
  });
});

afterAll(() => engine.drop());

describe("I2, I6: random tasks of two runs that write to the same things", () => {
  test(
    "no two that share one are at work together, and every run ends",
    async () => {
      let count = 0;
      await fc.assert(
        fc.asyncProperty(tasks, fc.boolean(), async (parts, isSameCustomer) => {
          count += 1;
          acts = [];
          const document = missionDocument({
            mission_id: `M${count}`,
            slug: `random-${count}`,
            cases: { id: "case_id", title: "case.case_id" },
            tasks: parts.map(({ names, asks, before }, index) => ({
              task_id: `T${index}`,
              skill: asks ? "ask_and_write" : "write",
              inputs: { names: { value: names } },
              resources: names,
              retry: { attempts: 5, first_delay_seconds: 0 },
              depends_on: before !== undefined && before < index ? [`T${before}`] : [],
            })),
          });
          const mission = join(engine.folder, `random-${count}.json`);
          writeFileSync(mission, JSON.stringify(document));
          const runs = ["ada", isSameCustomer ? "ada" : "grace"].map((customer, index) =>
            runToEnd(mission, { case_id: `C${count}-${index}`, customer }, parts),
          );

          expect(await Promise.all(runs)).toEqual(["completed", "completed"]);
          expect(overlaps).toEqual([]);
          expect(acts).toHaveLength(2 * parts.length);
          expect(new Set(acts).size).toBe(acts.length);
          expect(
            await engine.parts.store.resources.find([...NAMES.slice(0, 2), "customer:ada", "customer:grace"]),
          ).toEqual([]);
        }),
        { numRuns: 25 },
      );
    },
    LONG,
  );
});

async function runToEnd(
  mission: string,
  caseRef: { case_id: string; customer: string },
  parts: readonly { failures: number }[],
): Promise<string> {
  const { orchestrator } = engine;
  for (const [index, { failures }] of parts.entries()) failuresLeft.set(`${caseRef.case_id} T${index}`, failures);
  const { run_id: run } = await orchestrator.start(mission, { caseRef });
  for (;;) {
    const { status } = await orchestrator.status(run);
    if (status !== "waiting") return status;
    for (const { approval_id: id } of await orchestrator.approvals({ run }))
      await orchestrator.decide(id, { decision: { type: "approve" }, by: "ada", continue: false });
    await orchestrator.resume(run);
  }
}
