import { ReducedValue, StateSchema } from "@langchain/langgraph";
import { z } from "zod";
import { isJsonObject } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import { canonicalJson, digestOf } from "./digest.js";
import type { Merge, Mission } from "./mission.js";
import type { Plan, StateOf } from "./plan.js";
import { standingFor } from "./plan.js";
import type { ApprovalRecord } from "./records.js";
import { RUN_STATUSES, TASK_STATUSES } from "./run.js";

const MAX_ENTRY_BYTES = 200;
const MAX_KEY_BYTES = 8 * 1024;

/** What the graph keeps of a task: at most 200 bytes, since the whole state is rewritten at every superstep. */
export const TaskEntrySchema = z.object({
  status: z.enum(TASK_STATUSES),
  attempt: z.number(),
  agent: z.string().optional(),
  digest: z.string().optional(),
  error: z.string().optional(),
  summary: z.string().optional(),
});
export type TaskEntry = z.output<typeof TaskEntrySchema>;

const Entries = z.record(z.string(), TaskEntrySchema);
type Entries = z.output<typeof Entries>;
const FreeObject = z.record(z.string(), z.unknown());
const CaseInput = z
  .union([z.string(), FreeObject, z.null()])
  .optional()
  .describe("A case, or the id of a sample case. Leave empty for the first sample case.");

/** The channels of a run. Nodes act, channels know. */
export const Blackboard = new StateSchema({
  case: CaseInput,
  status: z.enum(RUN_STATUSES).default("queued"),
  mission: z.object({ id: z.string(), slug: z.string(), version: z.string() }).optional(),
  plan: z.array(z.object({ id: z.string(), title: z.string(), needs: z.array(z.string()) })).default(() => []),
  tasks: new ReducedValue(
    Entries.default(() => ({})),
    {
      inputSchema: Entries,
      reducer: withEntries,
    },
  ),
  blackboard: FreeObject.default(() => ({})),
  requests: z.array(z.object({ id: z.string(), task: z.string(), question: z.string() })).default(() => []),
  review: z.object({ round: z.number(), findings: z.array(z.string()) }).default(() => ({ round: 0, findings: [] })),
  finalReport: FreeObject.optional(),
});

/** What a caller gives: a case, the id of a sample case, or nothing for the first sample. */
export const MissionInput = new StateSchema({ case: CaseInput });

/** What a caller gets back. */
export const MissionOutput = new StateSchema({
  status: Blackboard.fields.status,
  blackboard: Blackboard.fields.blackboard,
  requests: Blackboard.fields.requests,
  finalReport: Blackboard.fields.finalReport,
});

/** How a run is to be done. All optional; defaults are applied by us, since LangGraph applies none to a context. */
export const MissionContext = z.object({
  approver: z.string().optional(),
  mode: z.enum(["auto", "playbook", "model"]).optional(),
  model: z.string().optional(),
  budget_usd: z.number().optional(),
  dispatch: z.enum(["dataflow", "stepwise"]).optional(),
});
export type MissionContext = z.output<typeof MissionContext>;

/** Two tasks wrote different values to a key that takes one. Both are kept until a person chooses. */
export interface BoardConflict {
  readonly key: string;
  readonly values: readonly { readonly by: string; readonly value: Json }[];
}

/** What `mergeBoard` needs of a run. `resolved` is what a person answered about exactly this conflict. */
export interface BoardSource {
  readonly mission: Mission;
  readonly plan: Plan;
  readonly stateOf: StateOf;
  readonly outputOf: (taskId: string) => Json | undefined;
  readonly resolved: (conflict: BoardConflict) => Json | undefined;
}

/**
 * The board made of these tasks' writes, merged in plan order: so the same results give the same board, whatever
 * finished first. A written key is the result's field of that name.
 */
export function mergeBoard(
  source: BoardSource,
  taskIds: ReadonlySet<string>,
): { board: JsonObject; conflicts: BoardConflict[] } {
  const written = new Map<string, { by: string; value: Json }[]>();
  for (const task of source.plan.tasks) {
    if (!taskIds.has(task.id) || task.writes.length === 0 || source.stateOf(task.id).status !== "done") continue;
    const output = source.outputOf(task.id);
    if (!isJsonObject(output)) continue;
    for (const key of task.writes) {
      const value = output[key];
      if (value === undefined) continue;
      const list = written.get(key) ?? [];
      list.push({ by: task.id, value });
      written.set(key, list);
    }
  }
  const board: Record<string, Json> = {};
  const conflicts: BoardConflict[] = [];
  for (const [key, values] of written) {
    const merged = mergeKey(source.mission.blackboard[key]?.merge ?? "once", values);
    const answer = "conflict" in merged ? source.resolved({ key, values }) : undefined;
    if ("value" in merged) board[key] = limited(merged.value);
    else if (answer !== undefined) board[key] = limited(answer);
    else {
      conflicts.push({ key, values });
      board[key] = limited({ conflict: values.map(({ by, value }) => ({ by, value })) });
    }
  }
  return { board, conflicts };
}

/** The answer among these requests about exactly this conflict: a person who saw other values did not speak of these. */
export function answerTo(requests: readonly ApprovalRecord[], { key, values }: BoardConflict): Json | undefined {
  const shown = canonicalJson(values);
  return requests
    .filter(
      ({ kind, subject, status }) => kind === "question" && subject === `blackboard:${key}` && status === "answered",
    )
    .filter((request) => canonicalJson(request.shown.subject) === shown)
    .map((request) => request.decision?.answer)
    .at(-1);
}

/** The output that stands for a task: its own, or that of who stood in for it. */
export function standingOutput(
  source: Pick<BoardSource, "plan" | "stateOf" | "outputOf">,
  taskId: string,
): Json | undefined {
  return source.outputOf(standingFor(source.plan, taskId, source.stateOf));
}

/** The entry, its summary shortened until it keeps within 200 bytes. */
export function toEntry(entry: TaskEntry): TaskEntry {
  const whole = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)) as TaskEntry; // safe: only undefined fields are dropped
  const { summary } = whole;
  if (summary === undefined || bytesOf(whole) <= MAX_ENTRY_BYTES) return whole;
  const cutTo = (length: number): TaskEntry => ({ ...whole, summary: `${summary.slice(0, length)}…` });
  let fits = 0;
  for (let tooLong = summary.length; tooLong - fits > 1; ) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (bytesOf(cutTo(middle)) <= MAX_ENTRY_BYTES) fits = middle;
    else tooLong = middle;
  }
  return cutTo(fits);
}

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}

let fresh: Entries | undefined;

/**
 * The entries with some added, copied once for all that a superstep adds: LangGraph applies its updates one after the
 * other without a pause, and a copy for each of thousands would take quadratic time.
 */
function withEntries(known: Entries, added: Entries): Entries {
  if (known === fresh) return Object.assign(fresh, added);
  fresh = { ...known, ...added };
  queueMicrotask(() => {
    fresh = undefined;
  });
  return fresh;
}

function mergeKey(merge: Merge, values: readonly { by: string; value: Json }[]): { value: Json } | { conflict: true } {
  const all = values.map(({ value }) => value);
  const last = all.at(-1) ?? null;
  switch (merge) {
    case "latest":
      return { value: last };
    case "append":
      return { value: all.flatMap(toList) };
    case "union":
      return { value: [...new Map(all.flatMap(toList).map((item) => [canonicalJson(item), item])).values()] };
    case "max":
      return { value: all.reduce((most, value) => (isGreater(value, most) ? value : most)) };
    case "once":
      return new Set(all.map(canonicalJson)).size === 1 ? { value: last } : { conflict: true };
  }
}

function toList(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}

function isGreater(one: Json, other: Json): boolean {
  if (typeof one === "number" && typeof other === "number") return one > other;
  return String(one) > String(other);
}

/** A key holds at most 8 KB; what is longer shows as a reference to the result that holds it. */
function limited(value: Json): Json {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes <= MAX_KEY_BYTES ? value : { artifact: digestOf(value), bytes };
}
