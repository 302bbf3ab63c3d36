import { z } from "zod";
import type { AgentDefinition, PlaybookContext } from "../../core/define-agent.js";
import { definePlaybook, giveUp, isJsonObject, valueFrom } from "../../core/define-agent.js";
import type { ToolContext } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";
import { fakeAgent } from "./missions.js";
import type { Mishap, Script } from "./random-plan.js";

const ActSchema = z.strictObject({ key: z.string(), note: z.string() });
const DoneSchema = z.strictObject({ key: z.string() });
const ResultSchema = z.looseObject({ v: z.number(), key: z.string(), note: z.string() });

/** What lies outside of the engine: who does what, how often it was done, and a clock that nobody waits for. */
export class Outside {
  /** Scripts by case, then by task. */
  readonly scripts = new Map<string, ReadonlyMap<string, Script>>();
  /** How often each act was done. */
  readonly acts = new Map<string, number>();
  /** The engine's clock: the real one, and what people let pass. */
  readonly clock = { now: () => new Date(Date.now() + this.#passedMs) };
  /** The same by idempotency key: an act that people wanted a second time has a second one. */
  readonly effects = new Map<string, number>();
  /** Acts that were taken back, by the key that each was done with, and how often. */
  readonly undone = new Map<string, number>();
  readonly #called = new Set<string>();
  readonly #waiting: { readonly due: number; readonly resolve: () => void }[] = [];
  #passedMs = 0;
  #now = 0;
  #isTicking = false;

  scriptOf(caseId: unknown, taskId: string): Script {
    const script = this.scripts.get(String(caseId))?.get(taskId);
    if (!script) throw new Error(`No script for ${taskId} of case ${String(caseId)}.`);
    return script;
  }

  /** Nobody looks at anything for so long. */
  letPass(ms: number): void {
    this.#passedMs += ms;
  }

  /** Resolves after so many turns; whoever is due first goes first. No time passes. */
  wait(turns: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ due: this.#now + turns, resolve });
      this.#waiting.sort((one, other) => one.due - other.due);
      this.#tick();
    });
  }

  /** Does the act, unless it fails first; the first call of an act may end badly. */
  act(key: string, idempotencyKey: string, mishap: Mishap): void {
    const isFirst = !this.#called.has(key);
    this.#called.add(key);
    if (isFirst && mishap.startsWith("before")) throw new Error("The line was busy.");
    this.acts.set(key, (this.acts.get(key) ?? 0) + 1);
    this.effects.set(idempotencyKey, (this.effects.get(idempotencyKey) ?? 0) + 1);
    if (isFirst && mishap.startsWith("after")) throw new Error("The line broke.");
  }

  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    setImmediate(() => {
      this.#isTicking = false;
      const next = this.#waiting.shift();
      this.#now = Math.max(this.#now, next?.due ?? 0);
      next?.resolve();
      if (this.#waiting.length > 0) this.#tick();
    });
  }
}

/** Which task of which case an act belongs to. */
function actKey(caseId: unknown, taskId: string, item: unknown): string {
  return `${String(caseId)}/${taskId}/${String(item ?? "")}`;
}

/** The tools of random plans: `poke` stays with us, `send` reaches somebody. Both are found out about later, or not. */
export function toolsOfRandomPlans(outside: Outside) {
  const parts = {
    input: ActSchema,
    output: DoneSchema,
    effect: "writes" as const,
    timeoutMs: 60_000,
    maxCostMicroUsd: 0,
    dedupeKey: ({ key }: { key: string }) => key,
    dedupeScope: "case" as const,
    async reconcile(_: string, { key }: { key: string }) {
      if (mishapOf(outside, key).endsWith("unknown")) return { outcome: "unknown" as const };
      const isDone = (outside.acts.get(key) ?? 0) > 0;
      return isDone ? { outcome: "done" as const, result: { key } } : { outcome: "not_done" as const };
    },
    async run({ key }: { key: string }, { idempotencyKey }: ToolContext) {
      await outside.wait(1);
      outside.act(key, idempotencyKey, mishapOf(outside, key));
      return { key };
    },
  };
  return [
    defineTool({
      ...parts,
      name: "poke",
      description: "Does something among us.",
      reach: "own",
      async compensate(_args, _result, { actKey }) {
        await outside.wait(1);
        outside.undone.set(actKey, (outside.undone.get(actKey) ?? 0) + 1);
      },
    }),
    defineTool({ ...parts, name: "send", description: "Does something outside.", reach: "outside" }),
  ] as const;
}

function mishapOf(outside: Outside, key: string): Mishap {
  const [caseId = "", taskId = ""] = key.split("/");
  return outside.scriptOf(caseId, taskId).mishap;
}

/** Two agents with few places, who do what the scripts say. */
export function agentsOfRandomPlans(outside: Outside = new Outside()): readonly AgentDefinition[] {
  const shared = { version: "1", input: z.looseObject({}), output: ResultSchema, tools: ["poke", "send"] };
  const run = (ctx: PlaybookContext, inputs: Readonly<Record<string, unknown>>) => work(outside, ctx, inputs);
  const playbooks = [
    definePlaybook({ ...shared, skill: "work", run }),
    definePlaybook({
      ...shared,
      skill: "propose",
      run,
      proposes: [{ tool: "send", args: { key: "/key", note: "/note" } }],
    }),
  ];
  const tools = ["poke", "send"];
  return [
    fakeAgent("A91", "first-worker", playbooks, { tools, maxParallel: 2 }),
    fakeAgent("A92", "second-worker", playbooks, { tools, maxParallel: 3 }),
  ];
}

/** A result made from everything that the task was given: two runs with equal results saw the same. */
async function work(outside: Outside, ctx: PlaybookContext, inputs: Readonly<Record<string, unknown>>) {
  const caseId = ctx.caseData["case_id"];
  const script = outside.scriptOf(caseId, ctx.taskId);
  const key = actKey(caseId, ctx.taskId, inputs["item"]);
  await outside.wait(script.duration);
  ctx.now();
  if (script.deed === "poke" || script.deed === "send")
    valueFrom(await ctx.call(script.deed, { key, note: "as planned" }));
  const outcome = script.outcomes[ctx.attempt - 1];
  if (outcome === "hangs")
    await new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
  if (outcome === "transient" || outcome === "permanent")
    throw giveUp(outcome, `It was ${outcome} in attempt ${ctx.attempt}.`);
  if (outcome === "bug") throw new TypeError("Nobody thought of this.");
  if (outcome === "question")
    await ctx.ask({ key: `more_${ctx.attempt}`, question: "How many more?", answer: z.number() });
  const { case: _, ...given } = inputs;
  const wasReviewed = ctx.feedback.some(({ from }) => from === "reviewer");
  const sum = script.base + sumOf(given) + sumOf(ctx.blackboard) + sumOf(ctx.answers) + ctx.feedback.length;
  const v = Math.round(sum) % (wasReviewed ? 499 : 997);
  if (outcome === "contract") return { v: "not a number", key, note: "" } as unknown as z.input<typeof ResultSchema>; // safe: the contract must refuse it
  return outputOf(outcome === "refused" ? -1 : v, key, script.writes);
}

/** A result with every key that the task writes. */
export function outputOf(v: number, key: string, writes: readonly string[]) {
  const value = (name: string) => (name === "append" || name === "union" ? [v % 5, v % 3] : v);
  return { v, key, note: "as planned", ...Object.fromEntries(writes.map((name) => [name, value(name)])) };
}

/** All numbers anywhere in a value. */
function sumOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sumOf(item), 0);
  return isJsonObject(value) ? sumOf(Object.values(value)) : 0;
}
