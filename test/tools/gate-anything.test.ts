import { describe, expect, test } from "vitest";
import { z } from "zod";
import { NeedsPerson } from "../../core/approval.js";
import type { PolicyText } from "../../core/policy.js";
import type { Store } from "../../core/ports.js";
import type { ToolContext } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";
import { fc } from "../support/fast-check.js";
import type { CrashPoint, World } from "../support/gate.js";
import { Crash, createClock, openWorld } from "../support/gate.js";
import { own, policy } from "../support/policies.js";
import { openFreshStore } from "../support/store.js";

interface Args {
  readonly to: string;
  readonly sum: number;
}

const ON = (tool: string) => `principal, action == Action::"${tool}", resource`;
const RULES = {
  usual: [],
  "no payments": own(policy("no_payments", "forbid", "true", ON("pay"))),
  "asks about notes": own(
    `@id("asks")\n@reason("of late we ask")\nforbid (${ON("take_note")}) unless { context.approved };`,
  ),
} satisfies Readonly<Record<string, readonly PolicyText[]>>;
type Rules = keyof typeof RULES;
/** Once T2 is done, small sums alone are moved. */
const CONSTRAINTS = [
  { constraint_id: "small", holds: "T2 == null || args.sum <= 5.0", tasks: ["T1"], message: "T2 allows small sums." },
];
const SMALL = 5;
const MAX_ROUNDS = 5;

const person = fc.constantFrom(
  "approve" as const,
  "approve" as const,
  "reject" as const,
  "edit" as const,
  "nothing" as const,
);
const sums = fc.constantFrom(0, 5, 7, 1_000, 1_000.01, -1);
/** The process that comes next: what policies and constraints say to it, and where it dies. */
const processes = fc.record({
  rules: fc.constantFrom<Rules>("usual", "no payments", "asks about notes"),
  isSmall: fc.boolean(),
  crash: fc.option(fc.record({ commit: fc.integer({ min: 1, max: 4 }), isOnDisk: fc.boolean() }), { nil: undefined }),
});
const steps = fc.record({
  tool: fc.constantFrom("take_note", "pay", "pay", "delete_customer"),
  args: fc.record({ to: fc.constantFrom("ada", "grace"), sum: sums }),
  turnKey: fc.constantFrom("k1", "k2", "k3"),
  attempt: fc.constantFrom(1, 1, 2),
  again: fc.constantFrom("", "", "once more"),
  says: person,
  edited: fc.record({ to: fc.constantFrom("ada", "grace"), sum: sums }),
  /** What becomes of the next try of a tool. */
  mishap: fc.constantFrom("none" as const, "none" as const, "before" as const, "after" as const),
  next: fc.option(processes, { nil: undefined }),
});
type Step = typeof steps extends fc.Arbitrary<infer Value> ? Value : never;
type Process = typeof processes extends fc.Arbitrary<infer Value> ? Value : never;

/** The world outside, and what people agreed to: each try of an act is judged as it comes. */
class Outside {
  readonly faults: string[] = [];
  readonly done: { readonly key: string; readonly told: string; readonly to: string; readonly isFirst: boolean }[] = [];
  readonly #agreed: { readonly told: string; readonly rules: Rules }[] = [];
  readonly #asked = new Map<string, string>();
  readonly #store: Store;
  now: Pick<Process, "rules" | "isSmall"> = { rules: "usual", isSmall: false };
  mishap: Step["mishap"] = "none";

  constructor(store: Store) {
    this.#store = store;
  }

  agree(tool: string, args: Args): void {
    this.#agreed.push({ told: told(tool, args), rules: this.now.rules });
  }

  async act(tool: string, args: Args, key: string, isIdempotent: boolean): Promise<void> {
    const effect = await this.#store.effects.find(key);
    const isFirst = effect?.again === "";
    this.#judge(tool, args, key, isFirst);
    const { mishap } = this;
    this.mishap = "none";
    if (mishap === "before") throw Object.assign(new Error("no line"), { code: "ECONNREFUSED" });
    const isKnown = this.done.some((act) => act.key === key);
    if (isKnown && !isIdempotent) this.faults.push(`twice: ${told(tool, args)}`);
    if (!isKnown) this.done.push({ key, told: told(tool, args), to: `${tool} ${args.to}`, isFirst });
    if (mishap === "after") throw Object.assign(new Error("no answer"), { code: "ECONNRESET" });
  }

  #judge(tool: string, args: Args, key: string, isFirst: boolean): void {
    const what = told(tool, args);
    const { rules, isSmall } = this.now;
    if (tool === "delete_customer") this.faults.push(`forbidden: ${what}`);
    if (tool === "pay" && (rules === "no payments" || args.sum > 1_000 || args.sum < 0))
      this.faults.push(`forbidden: ${what}`);
    if (isSmall && args.sum > SMALL) this.faults.push(`against a constraint: ${what}`);
    const isSecond =
      !isFirst && this.done.some((act) => act.isFirst && act.to === `${tool} ${args.to}` && act.told !== what);
    const isAsked = tool === "pay" || isSecond || (tool === "take_note" && rules === "asks about notes");
    if (!isAsked) return;
    const agreed = this.#agreed.filter((each) => each.told === what);
    if (!agreed.some((each) => each.rules === rules)) this.faults.push(`nobody agreed under ${rules}: ${what}`);
    this.#asked.set(key, what);
    const keys = [...this.#asked.values()].filter((each) => each === what);
    if (keys.length > agreed.length)
      this.faults.push(`agreed ${agreed.length} times, begun ${keys.length} times: ${what}`);
  }
}

function told(tool: string, { to, sum }: Args): string {
  return `${tool} ${to} ${sum}`;
}

/** What the agent holds: a note is not safe to repeat, a payment is. */
function hands(outside: Outside) {
  const tool = (name: string, parts: { reach?: "own"; pays?: true; deletes?: true; idempotent?: true }) =>
    defineTool({
      name,
      description: "Acts.",
      input: z.strictObject({ to: z.string(), sum: z.number() }),
      output: z.strictObject({}),
      effect: "writes",
      timeoutMs: 5_000,
      maxCostMicroUsd: 0,
      dedupeKey: ({ to }) => to,
      dedupeScope: "case",
      ...(parts.reach && { reach: parts.reach }),
      ...(parts.deletes && { deletes: true }),
      ...(parts.idempotent && { idempotent: true }),
      ...(parts.pays && { amountUsd: ({ sum }: Args) => sum }),
      run: async (args: Args, { idempotencyKey }: ToolContext) => {
        await outside.act(name, args, idempotencyKey, parts.idempotent ?? false);
        return {};
      },
    });
  return [
    tool("take_note", { reach: "own" }),
    tool("pay", { pays: true, idempotent: true }),
    tool("delete_customer", { deletes: true }),
  ];
}

/** One call, with what people say to what it asks, until it is answered, nobody answers, or its process dies. */
async function make(world: World, outside: Outside, step: Step): Promise<"over" | "dead"> {
  const { tool, args, turnKey, attempt, again, says, edited } = step;
  const options = again === "" ? {} : { again };
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    try {
      await world.call(tool, args, { turnKey, attempt, options });
      return "over";
    } catch (error) {
      if (error instanceof Crash) return "dead";
      if (!(error instanceof NeedsPerson)) throw error;
      const request = await world.session.ask(error.request);
      if (request.kind === "in_doubt") {
        // People tell the truth about what they see outside.
        const isSo = outside.done.some(({ key }) => key === request.subject);
        await world.session.decide(request, { type: isSo ? "approve" : "reject" });
        continue;
      }
      if (says === "nothing") return "over";
      await world.session.decide(request, says === "edit" ? { type: "edit", edited: { ...edited } } : { type: says });
      if (says !== "reject") outside.agree(tool, says === "edit" ? edited : args);
    }
  }
  return "over";
}

describe("I2, I3, I4: an agent that may say anything, processes that die, policies that change", () => {
  test("no act that is forbidden, none that is asked about without a yes to it, none against a constraint, none twice", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 10 }), async (all) => {
        const { store, drop } = await openFreshStore();
        const outside = new Outside(store);
        const clock = createClock();
        const open = async ({ rules, isSmall, crash }: Partial<Process> & { crash?: CrashPoint | undefined }) => {
          outside.now = { rules: rules ?? outside.now.rules, isSmall: isSmall ?? outside.now.isSmall };
          const missionPolicies = RULES[outside.now.rules];
          const of = { store, clock, tools: hands(outside), constraints: CONSTRAINTS, missionPolicies };
          const world = await openWorld({ ...of, ...(crash && { crash }) });
          if (outside.now.isSmall) world.session.outputs.set("T2", {});
          return world;
        };
        let world = await open({});
        for (const step of all) {
          if (step.next) world = await open(step.next);
          outside.mishap = step.mishap;
          if ((await make(world, outside, step)) === "dead") world = await open({});
        }
        await drop();
        expect(outside.faults).toEqual([]);
      }),
      { numRuns: 150 },
    );
  }, 240_000);
});
