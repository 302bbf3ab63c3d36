import { z } from "zod";
import { APPROVAL_KINDS, DECISION_TYPES } from "./approval.js";
import { IdSchema } from "./mission.js";
import { APPROVAL_STATUSES, RUN_STATUSES, TASK_STATUSES } from "./run.js";

const TextSchema = z.string().min(1);
const MomentSchema = z.iso.datetime({ message: "a moment in UTC, such as 2026-03-02T08:00:00Z" });
const ValuesSchema = z.record(z.string(), z.json());

/** What a task's row says from this moment on. What is absent stays as it was. */
const TaskEntrySchema = z.strictObject({
  event: z.literal("task"),
  at: MomentSchema,
  task_id: TextSchema,
  status: z.enum(TASK_STATUSES),
  attempt: z.int().positive(),
  agent_id: TextSchema.optional(),
  /** What it works from, in short. */
  input: z.string().optional(),
  /** What came of it, in short. */
  summary: z.string().optional(),
  /** Why it begins again. */
  cause: z.string().optional(),
  error: z.strictObject({ code: TextSchema, message: z.string() }).optional(),
  waiting_for: z.string().optional(),
  progress: z.number().min(0).max(1).optional(),
  degraded: z.boolean().optional(),
  cost_usd: z.number().nonnegative().optional(),
  result_digest: TextSchema.optional(),
  /** The task that its `route` chose. */
  chosen: TextSchema.optional(),
  /** What the result put on the blackboard, by key. The rest of the output is not in a log. */
  writes: ValuesSchema.optional(),
});

const EvidenceSideSchema = z.strictObject({ label: z.string(), text: z.string() });

/** Everything that a person saw; its digest is the request's. */
const ShownSchema = z.strictObject({
  question: TextSchema,
  missionName: z.string(),
  title: z.string(),
  taskTitle: z.string(),
  agentName: z.string(),
  subject: z.json(),
  tool: z.string().optional(),
  /** Of a tool call: what a yes covers. */
  covers: ValuesSchema.optional(),
  proposed: z.array(
    z.strictObject({
      tool: z.string(),
      args: ValuesSchema,
      digest: z.string(),
      from: z.record(z.string(), z.string()).optional(),
      covers: ValuesSchema.optional(),
    }),
  ),
  evidence: z.array(
    z.strictObject({ title: z.string(), left: EvidenceSideSchema, right: EvidenceSideSchema.optional() }),
  ),
  reasons: z.array(z.string()),
  allowed: z.array(z.enum(DECISION_TYPES)),
  consequences: z.partialRecord(z.enum(DECISION_TYPES), z.string()),
  schema: ValuesSchema.optional(),
  degraded: z.boolean(),
});

/** A person is asked. */
const AskedEntrySchema = z.strictObject({
  event: z.literal("approval_asked"),
  at: MomentSchema,
  approval_id: TextSchema,
  task_id: TextSchema,
  attempt: z.int().positive(),
  kind: z.enum(APPROVAL_KINDS),
  /** What it is about within its kind: `result`, a question's key, a turn. */
  about: TextSchema.default("result"),
  question: TextSchema,
  assigned_to: TextSchema,
  due_at: MomentSchema,
  digest: TextSchema.optional(),
  /** Left out where a log is to be short: then only the question is known. */
  shown: ShownSchema.optional(),
});

/** A request is over: somebody decided, or nobody can any more. */
const ClosedEntrySchema = z.strictObject({
  event: z.literal("approval_closed"),
  at: MomentSchema,
  approval_id: TextSchema,
  status: z.enum(APPROVAL_STATUSES).exclude(["pending"]),
  /** Who decided; needed unless it expired or was withdrawn. */
  by: TextSchema.optional(),
  authenticated: z.boolean().optional(),
  comment: z.string().optional(),
  edited: z.json().optional(),
  answer: z.json().optional(),
});

/** A tool call that changes the world. */
const EffectEntrySchema = z.strictObject({
  event: z.literal("effect"),
  at: MomentSchema,
  effect_id: TextSchema,
  task_id: TextSchema,
  attempt: z.int().positive(),
  agent_id: TextSchema,
  tool: TextSchema,
  status: z.enum(["claimed", "done", "not_done"]),
  args: z.json(),
  approval_id: TextSchema.optional(),
  /** What the outside knows the act by. */
  idempotency_key: TextSchema.optional(),
});

/** It is known what became of an act of a run that did not complete. */
const UndoEntrySchema = z.strictObject({
  event: z.literal("undo"),
  at: MomentSchema,
  effect_id: TextSchema,
  task_id: TextSchema,
  outcome: z.enum(["undone", "by_hand", "left", "nothing"]),
  by: TextSchema,
  note: z.string().optional(),
});

/** A figure became known. */
const ObservedEntrySchema = z.strictObject({
  event: z.literal("observed"),
  at: MomentSchema,
  /** Of a KPI or a limit of the mission. */
  kpi_id: TextSchema,
  value: z.number(),
  unit: TextSchema.optional(),
  basis: z.enum(["measured", "recorded", "simulated"]),
  by: TextSchema,
  /** The moment that the figure is of, where it was told later; else `at`. */
  as_of: MomentSchema.optional(),
});

/** How the run stands from this moment on. */
const RunEntrySchema = z.strictObject({
  event: z.literal("run"),
  at: MomentSchema,
  status: z.enum(RUN_STATUSES).exclude(["queued"]),
  /** Why it failed, in one sentence. */
  failure: z.string().optional(),
});

const EntrySchema = z.discriminatedUnion("event", [
  TaskEntrySchema,
  AskedEntrySchema,
  ClosedEntrySchema,
  EffectEntrySchema,
  UndoEntrySchema,
  ObservedEntrySchema,
  RunEntrySchema,
]);

/**
 * What happened in one run, in the dataset's style: enough to show its status and report without running anything.
 * `mission export` writes it, `mission replay` reads it.
 */
const LogSchema = z.strictObject({
  log_id: TextSchema,
  /** What the log is good for. */
  about: z.string().optional(),
  /** The run it was taken from; else the log's own id stands for it. */
  run_id: TextSchema.optional(),
  mission_id: IdSchema,
  /** Version that the run began with; absent for logs that any version may show. */
  mission_version: TextSchema.optional(),
  case_id: TextSchema,
  case_title: TextSchema,
  /** Of the whole case: where it stands, `case_data` is that case. */
  case_digest: TextSchema.optional(),
  /** The case, or what figures read of it. */
  case_data: ValuesSchema.default({}),
  /** How its agents thought. */
  mode: z.enum(["playbook", "model"]).default("playbook"),
  started_at: MomentSchema,
  /** Hash of the newest event before the report, for runs that ended. */
  chain_head: TextSchema.optional(),
  /** In the order in which it happened. */
  entries: z.array(EntrySchema),
});

/** A file of logs, like every file of the dataset a list. */
export const ExecutionLogsSchema = z.array(LogSchema).min(1, "at least one log");
export type ExecutionLog = z.output<typeof LogSchema>;
export type LogEntry = z.output<typeof EntrySchema>;
export type LogEntryOf<Event extends LogEntry["event"]> = Extract<LogEntry, { event: Event }>;
