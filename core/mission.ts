import { z } from "zod";
import type { Json, JsonObject } from "./digest.js";
import type { PolicyText } from "./policy.js";

/** Ids of missions, tasks, agents, KPIs: safe in URLs, file names, CEL and graph nodes. */
export const IdSchema = z.string().regex(/^[A-Za-z][\w-]*$/, "begin with a letter; letters, digits, _ and - only");
export const SlugSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, "lower-case letters, digits and - only, beginning with a letter");
/** Ten years: what is meant to last longer is a mistake, and moments beyond reach are none. */
const MAX_MINUTES = 5_256_000;
const MinutesSchema = z.number().positive().max(MAX_MINUTES);
const JsonSchemaSchema = z.record(z.string(), z.json());

/** How long a consumer waits for its inputs, and what happens when they do not all come. Only `done` tasks count as come. */
const JoinSchema = z.strictObject({
  need: z.union([z.literal("all"), z.literal("any"), z.int().positive()]).default("all"),
  within_minutes: MinutesSchema.optional(),
  else: z.enum(["continue", "fail", "ask"]).default("fail"),
});

/** A reference (`T1.customer`, `case.email`, `blackboard.owed_usd`; a trailing `?` when it may be absent), a literal, or an expression. */
export const InputSchema = z.union([
  z.string().min(1),
  z.strictObject({ value: z.json() }),
  z.strictObject({ cel: z.string().min(1) }),
]);

export const CheckSchema = z.strictObject({
  check_id: IdSchema,
  /** CEL over `output`, `inputs`, `case`; false means that the result is refused. */
  that: z.string().min(1),
  /** JSON pointer into the output. */
  field: z.string().default(""),
  /** Read word for word by the next attempt; `{{ <CEL> }}` is filled from the same scope. */
  reason: z.string().min(3),
});

const RouteSchema = z.union([
  z.strictObject({ when: z.string().min(1), to: z.string() }),
  z.strictObject({ otherwise: z.literal(true), to: z.string() }),
]);

const CollectSchema = z.union([z.enum(["list", "merge"]), z.strictObject({ cel: z.string().min(1) })]);

/** When and whom to ask about a task. `unless` and `sample` are for missions of our own; the dataset's flags stay *always*. */
const TaskApprovalSchema = z.strictObject({
  /** CEL over `output`, `inputs`, `case`; true means: go on alone. */
  unless: z.string().optional(),
  /** The share (0 to 1) of results that is shown to a person in any case, chosen by run and task. */
  sample: z.number().min(0).max(1).optional(),
  role: z.string().min(1).optional(),
  due_minutes: MinutesSchema.optional(),
});

/** One task as a person writes it; `toTask` turns it into the camelCase `Task` of the code. */
export const TaskFileSchema = z.strictObject({
  task_id: IdSchema,
  task: z.string().min(3),
  order: z.int().positive(),
  /** Absent only where a file of ours adds it to a task of the dataset. */
  skill: z.string().optional(),
  depends_on: z.array(z.string()).default([]),
  inputs: z.record(z.string(), InputSchema).optional(),
  /** The task's contract, JSON Schema 2020-12, on top of its skill's own. */
  output: JsonSchemaSchema.optional(),
  reads: z.array(z.string()).default([]),
  writes: z.array(z.string()).default([]),
  /** What it writes to outside of the run (`calendar:team`, `customer:{case.customer_id}`): no other task does at the same time. */
  resources: z.array(z.string().min(1).max(200)).default([]),
  /** CEL; the task settles as skipped when it is false. */
  when: z.string().optional(),
  join: JoinSchema.optional(),
  /** A reference to a list; the skill then runs once for each item, with `item` and `index` among its inputs. */
  for_each: z.string().optional(),
  collect: CollectSchema.default("list"),
  max_items: z.int().positive().default(100),
  route: z.array(RouteSchema).min(1).optional(),
  retry: z
    .strictObject({
      attempts: z.int().min(1).max(20).default(3),
      first_delay_seconds: z.number().nonnegative().default(1),
    })
    .default({ attempts: 3, first_delay_seconds: 1 }),
  deadline_minutes: MinutesSchema.default(60),
  on_failure: z.union([z.enum(["stop", "continue", "ask"]), z.strictObject({ task: z.string() })]).default("ask"),
  checks: z.array(CheckSchema).default([]),
  approval: TaskApprovalSchema.default({}),
  estimated_duration_minutes: z.number().nonnegative().max(MAX_MINUTES),
  requires_human_approval: z.boolean(),
});
export type TaskFile = z.output<typeof TaskFileSchema>;

/** How writes of several tasks to one key become one value; `latest` goes by plan order, not by clock. */
export const MergeSchema = z.enum(["once", "latest", "append", "union", "max"]);

const KpiFileSchema = z.strictObject({
  kpi_id: IdSchema,
  unit: z.string().min(1),
  direction: z.enum(["lower", "higher"]),
  baseline: z.number().optional(),
  target: z.number().optional(),
  /** Where the baseline comes from; the report says "compared with the baseline of <source>". */
  source: z.string().optional(),
  /** `later`: pending until somebody tells it. */
  known: z.enum(["at_end", "later"]).default("at_end"),
  measure: z.string().optional(),
});

const LimitFileSchema = z.strictObject({
  limit_id: IdSchema,
  unit: z.string().min(1).optional(),
  measure: z.string().optional(),
  op: z.enum(["<=", "<", ">=", ">", "=="]),
  value: z.number(),
  /** `later`: like a KPI's, pending until somebody tells it. */
  known: z.enum(["at_end", "later"]).default("at_end"),
  /** The task that can mend a breach; without it a breach is an event and a line in the report, never rework. */
  send_back: z.string().optional(),
});

export const ReviewRuleSchema = z.strictObject({
  rule_id: IdSchema,
  /** CEL over the tasks' outputs by id, `case` and `blackboard`; false sends the task back. */
  that: z.string().min(1),
  reason: z.string().min(3),
  send_back: z.string(),
});

const ConstraintSchema = z.strictObject({
  constraint_id: IdSchema,
  /** CEL over `args` and `tool` of the act, tasks' results by id, `blackboard` and `case`; false means that the act is refused. */
  holds: z.string().min(1),
  /** Before whose acts it is checked. */
  tasks: z.array(z.string()).min(1),
  /** What the agent reads; `{{ <CEL> }}` is filled from the same scope. */
  message: z.string().min(3),
});

const CasesSchema = z.strictObject({
  /** Relative to the data folder. */
  file: z.string().optional(),
  /** Cases inside the mission's own file. */
  items: z.array(z.record(z.string(), z.json())).optional(),
  /** The field that holds a case's id. */
  id: z.string().min(1),
  /** CEL over `case`. */
  title: z.string().min(1),
  /** JSON pointers into a case, `*` for every entry: what logs show masked. */
  personal: z.array(z.string().startsWith("/", "begin with /, such as /email or /contacts/*/phone")).optional(),
});

const ApprovalsFileSchema = z.strictObject({
  role: z.string().min(1).default("approver"),
  due_minutes: MinutesSchema.default(1440),
  escalate_to: z.array(z.string()).default([]),
});

/** A whole mission in one file. Missions of the dataset are merged into this shape first. */
export const MissionFileSchema = z.strictObject({
  mission_id: IdSchema,
  slug: SlugSchema,
  mission_name: z.string().min(3),
  description: z.string().min(3),
  cases: CasesSchema,
  kpis: z.array(KpiFileSchema).default([]),
  limits: z.array(LimitFileSchema).default([]),
  blackboard: z
    .record(z.string(), z.strictObject({ schema: JsonSchemaSchema.default({}), merge: MergeSchema.default("once") }))
    .default({}),
  tasks: z.array(TaskFileSchema).min(1),
  agents: z.array(z.string()).optional(),
  /** Task to capable agents, best first; derived from skills where absent. */
  capabilities: z.record(z.string(), z.array(z.string())).optional(),
  review: z.array(ReviewRuleSchema).default([]),
  constraints: z.array(ConstraintSchema).default([]),
  approvals: ApprovalsFileSchema.default({ role: "approver", due_minutes: 1440, escalate_to: [] }),
  budget_usd: z.number().nonnegative().default(5),
  max_parallel: z.int().positive().default(8),
  max_review_rounds: z.int().nonnegative().default(2),
  deadline_minutes: MinutesSchema.optional(),
  /** Cedar that forbids or asks, on top of what holds for every mission; an entry that ends in `.cedar` is a file of the data folder. */
  policies: z.array(z.string().min(1)).default([]),
  value: z
    .strictObject({ minutes_by_hand: z.number().nonnegative(), rate_usd_per_hour: z.number().nonnegative() })
    .optional(),
});
export type MissionFile = z.output<typeof MissionFileSchema>;

export type TaskInput =
  | { from: "reference"; path: string; optional: boolean }
  | { from: "value"; value: Json }
  | { from: "cel"; expression: string };
export type OnFailure = "stop" | "continue" | "ask" | { readonly task: string };
export type Merge = z.output<typeof MergeSchema>;

export interface Task {
  readonly id: string;
  readonly title: string;
  readonly order: number;
  readonly skill: string;
  readonly dependsOn: readonly string[];
  /** Absent: `{ case, <each dependency's output under its id> }`. */
  readonly inputs?: Readonly<Record<string, TaskInput>>;
  readonly output?: JsonObject;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** As written, with their braces. */
  readonly resources?: readonly string[];
  readonly when?: string;
  readonly join?: {
    readonly need: "all" | "any" | number;
    readonly withinMinutes?: number;
    readonly else: "continue" | "fail" | "ask";
  };
  readonly forEach?: {
    readonly list: TaskInput;
    readonly collect: "list" | "merge" | { readonly cel: string };
    readonly maxItems: number;
  };
  readonly route?: readonly { readonly when?: string; readonly to: string }[];
  readonly retry: { readonly attempts: number; readonly firstDelayMs: number };
  readonly deadlineMs: number;
  readonly onFailure: OnFailure;
  readonly checks: readonly {
    readonly id: string;
    readonly that: string;
    readonly field: string;
    readonly reason: string;
  }[];
  readonly approval: {
    readonly unless?: string;
    readonly sample?: number;
    readonly role?: string;
    readonly dueMinutes?: number;
  };
  readonly estimatedMinutes: number;
  readonly requiresHumanApproval: boolean;
  /** Capable agents' ids, best first. */
  readonly agents: readonly string[];
}

export interface Kpi {
  readonly id: string;
  readonly unit: string;
  readonly direction: "lower" | "higher";
  readonly baseline?: number;
  readonly target?: number;
  readonly source?: string;
  readonly known: "at_end" | "later";
  readonly measure?: string;
}

export interface Limit {
  readonly id: string;
  readonly unit?: string;
  readonly measure?: string;
  readonly op: "<=" | "<" | ">=" | ">" | "==";
  readonly value: number;
  readonly known: "at_end" | "later";
  readonly sendBack?: string;
}

/** An agent as a mission's version stores it: data only. Its playbooks' code is found by slug and skill. */
export interface AgentCard {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly tools: readonly string[];
  readonly maxParallel: number;
  /** Version of its playbook for each skill. */
  readonly skills: Readonly<Record<string, string>>;
  /** JSON Schemas of what the skills that the mission uses take and give. */
  readonly contracts?: JsonObject;
}

/** A rule over several tasks that must hold before an act of those it names. */
export interface Constraint {
  readonly id: string;
  readonly holds: string;
  readonly tasks: readonly string[];
  readonly message: string;
}

/** A mission ready to run: the document that a run's version names. Plain JSON, so that it can be stored and read back. */
export interface Mission {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly cases: {
    readonly file?: string;
    readonly items?: readonly JsonObject[];
    readonly id: string;
    readonly title: string;
    readonly personal?: readonly string[];
  };
  readonly kpis: readonly Kpi[];
  readonly limits: readonly Limit[];
  readonly blackboard: Readonly<Record<string, { readonly schema: JsonObject; readonly merge: Merge }>>;
  /** In dependency order, then by `order`. */
  readonly tasks: readonly Task[];
  readonly agents: readonly AgentCard[];
  readonly review: readonly {
    readonly id: string;
    readonly that: string;
    readonly reason: string;
    readonly sendBack: string;
  }[];
  readonly constraints?: readonly Constraint[];
  readonly approvals: { readonly role: string; readonly dueMinutes: number; readonly escalateTo: readonly string[] };
  readonly budgetUsd: number;
  readonly maxParallel: number;
  readonly maxReviewRounds: number;
  readonly deadlineMinutes?: number;
  readonly value?: { readonly minutesByHand: number; readonly rateUsdPerHour: number };
  /** The mission's own policies, as they were read; absent when it has none. */
  readonly policies?: readonly PolicyText[];
  /** Tasks whose flags and rows come from the dataset, and so may not be loosened. */
  readonly datasetTasks: readonly string[];
}

/** Reads one input as written: a trailing `?` marks a reference that may be absent. */
export function toTaskInput(input: z.output<typeof InputSchema>): TaskInput {
  if (typeof input !== "string")
    return "cel" in input ? { from: "cel", expression: input.cel } : { from: "value", value: toJson(input.value) };
  const optional = input.endsWith("?");
  return { from: "reference", path: optional ? input.slice(0, -1) : input, optional };
}

function toJson(value: z.output<ReturnType<typeof z.json>>): Json {
  return value;
}

/** The task with its capable agents (best first), in the code's names and units. */
export function toTask(file: TaskFile, agents: readonly string[]): Task {
  return {
    id: file.task_id,
    title: file.task,
    order: file.order,
    skill: file.skill ?? "",
    dependsOn: file.depends_on,
    ...(file.inputs && {
      inputs: Object.fromEntries(Object.entries(file.inputs).map(([name, input]) => [name, toTaskInput(input)])),
    }),
    ...(file.output && { output: file.output }),
    reads: file.reads,
    writes: file.writes,
    ...(file.resources.length > 0 && { resources: file.resources }),
    ...(file.when !== undefined && { when: file.when }),
    ...(file.join && {
      join: {
        need: file.join.need,
        else: file.join.else,
        ...(file.join.within_minutes !== undefined && { withinMinutes: file.join.within_minutes }),
      },
    }),
    ...(file.for_each !== undefined && {
      forEach: { list: toTaskInput(file.for_each), collect: file.collect, maxItems: file.max_items },
    }),
    ...(file.route && {
      route: file.route.map((entry) => ("when" in entry ? { when: entry.when, to: entry.to } : { to: entry.to })),
    }),
    retry: { attempts: file.retry.attempts, firstDelayMs: file.retry.first_delay_seconds * 1000 },
    deadlineMs: file.deadline_minutes * 60_000,
    onFailure: file.on_failure,
    checks: file.checks.map((check) => ({
      id: check.check_id,
      that: check.that,
      field: check.field,
      reason: check.reason,
    })),
    approval: {
      ...(file.approval.unless !== undefined && { unless: file.approval.unless }),
      ...(file.approval.sample !== undefined && { sample: file.approval.sample }),
      ...(file.approval.role !== undefined && { role: file.approval.role }),
      ...(file.approval.due_minutes !== undefined && { dueMinutes: file.approval.due_minutes }),
    },
    estimatedMinutes: file.estimated_duration_minutes,
    requiresHumanApproval: file.requires_human_approval,
    agents,
  };
}
