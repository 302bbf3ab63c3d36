import type { z } from "zod";
import type { Json, JsonObject } from "./digest.js";
import { TaskFailure } from "./errors.js";
import type { ArgsOf, ToolDefinition, ToolReply, ValueOf } from "./tool.js";

/** Why an earlier attempt was not good enough; word for word what the check, reviewer or person said. */
export interface Feedback {
  readonly from: string;
  readonly reason: string;
  /** JSON pointer into the result, when the reason is about one field. */
  readonly field?: string;
}

/** One thing that a check found wrong with a result. */
export interface Finding {
  readonly checkId: string;
  /** JSON pointer into the output; empty for the whole. */
  readonly field: string;
  /** Names what is wrong and the evidence; the next attempt reads it word for word. */
  readonly reason: string;
}

/** A question to a person. `key` names it within the task, so that its answer is found again on the next attempt. */
export interface Question {
  readonly key: string;
  /** One sentence a stranger understands. */
  readonly question: string;
  /** What the answer must look like. */
  readonly answer: z.ZodType;
  /** What to look at, side by side with the question. */
  readonly evidence?: readonly Evidence[];
}

/** Something shown to a person beside a request: two columns at most, so that a difference is seen at a glance. */
export interface Evidence {
  readonly title: string;
  readonly left: { readonly label: string; readonly text: string };
  readonly right?: { readonly label: string; readonly text: string };
}

/** Options of one tool call. */
export interface CallOptions {
  /** Names a distinct intent when the same act is meant a second time. */
  readonly again?: string;
}

/**
 * What a playbook works with. All time, randomness and ids come from here, because every one of them is a
 * journal turn: a rerun after a crash reads the same values and repeats no call.
 */
export interface PlaybookContext {
  readonly runId: string;
  readonly taskId: string;
  readonly agentId: string;
  readonly attempt: number;
  readonly caseData: JsonObject;
  /** The declared `reads` keys that have been written by a task this one depends on. */
  readonly blackboard: JsonObject;
  /** Reasons from earlier attempts, oldest first; empty on the first. */
  readonly feedback: readonly Feedback[];
  /** Answers of people to questions of this task, by question key. */
  readonly answers: JsonObject;
  /** Fires at the task's deadline, on cancel and on shutdown. */
  readonly signal: AbortSignal;
  /** Calls a tool through the gate. A refusal or failure is a value; `valueFrom` turns it into the right failure. */
  call<Tool extends ToolDefinition>(
    tool: Tool["name"],
    args: ArgsOf<Tool>,
    options?: CallOptions,
  ): Promise<ToolReply<ValueOf<Tool>>>;
  /** The answer of a person, parsed. When there is none yet this ends the attempt; the task goes on once it is answered. */
  ask<Answer extends z.ZodType>(question: Question & { readonly answer: Answer }): Promise<z.output<Answer>>;
  /** The time; a rerun reads the same. */
  now(): Date;
  /** A number in [0, 1). */
  random(): number;
  /** A new id, unique. */
  id(): string;
  /** Waits; ends early with the signal's reason. Not journalled: a rerun waits again. */
  sleep(ms: number): Promise<void>;
  /** Tells status lines how far the work is. */
  progress(done: number, total: number, note?: string): void;
}

/** An act that a result proposes. Arguments are JSON pointers into the result, so that an edit of the result changes them. */
export interface ProposedEffect {
  readonly tool: string;
  readonly args: Readonly<Record<string, string>>;
}

/** A skill done by rule, field by field in docs/agent.md of the package. */
export interface Playbook<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  /** The name that tasks ask for, and that it stands under in its agent's `skills`. */
  readonly skill: string;
  /** Raise it whenever the code's behaviour changes: unfinished tasks of running missions then start a new attempt. */
  readonly version: string;
  /** Contracts: inputs are proved before `run`, its result before anybody else sees it. */
  readonly input: Input;
  readonly output: Output;
  /** The only tools it may call; `verify` proves that its agent holds them. */
  readonly tools: readonly string[];
  /** Acts done once the result stands; with `requires_human_approval`, approving the result approves them. */
  readonly proposes?: readonly ProposedEffect[];
  /** The task's own rules, run before the result exists for anybody. Empty when all is well. */
  readonly check?: (output: z.output<Output>, inputs: z.output<Input>, caseData: JsonObject) => readonly Finding[];
  /** At most 120 characters for status lines and Studio. */
  readonly summary?: (output: z.output<Output>) => string;
  /** What a person should see beside the result when asked to approve it. */
  readonly evidence?: (output: z.output<Output>, inputs: z.output<Input>, caseData: JsonObject) => readonly Evidence[];
  /** True when the output is the lesser way of doing it; shown wherever the result shows. */
  readonly degraded?: boolean;
  /** Does the task. It ends an attempt by throwing `giveUp(…)`; any other error is a bug of its own. */
  readonly run: (context: PlaybookContext, inputs: z.output<Input>) => Promise<z.input<Output>>;
}

/** A specialist that works by rule. Ours are one file each in `nodes/agents`, yours in the folder that your configuration names. */
export interface AgentDefinition {
  /** What rosters and rows name; letters, digits, `_` and `-`, once among all agents. */
  readonly agentId: string;
  /** Its node in the graph; lower case with hyphens, once among all agents, and no name of the graph's own parts. */
  readonly slug: string;
  /** For people and reports. */
  readonly name: string;
  readonly description: string;
  /** Tools it holds; the gate refuses every other. */
  readonly tools: readonly string[];
  /** Tasks it works on at once in one process. */
  readonly maxParallel: number;
  /** Playbooks by skill. The skill `*` serves every task that names this agent, whatever its skill. */
  readonly skills: Readonly<Record<string, Playbook>>;
}

/** What an author writes: `maxParallel` defaults to 4. */
export type AgentInput = Omit<AgentDefinition, "maxParallel" | "skills"> & {
  readonly maxParallel?: number;
  // biome-ignore lint/suspicious/noExplicitAny: a playbook is invariant in its schemas; each checks its own inputs at run time.
  readonly skills: Readonly<Record<string, Playbook<any, any>>>;
};

/** Declares a playbook; its types flow from the two schemas into `run`, `check` and `summary`. */
export function definePlaybook<Input extends z.ZodType, Output extends z.ZodType>(
  playbook: Playbook<Input, Output>,
): Playbook<Input, Output> {
  return playbook;
}

/** Declares an agent. Throws a plain `Error` when a playbook stands under another skill's name: that is a bug. */
export function defineAgent(agent: AgentInput): AgentDefinition {
  for (const [skill, playbook] of Object.entries(agent.skills)) {
    if (playbook.skill !== skill)
      throw new Error(`Agent ${agent.slug}: skill "${skill}" holds playbook "${playbook.skill}".`);
  }
  return { maxParallel: 4, ...agent };
}

/** The value of a reply, or the failure it means: a transient tool failure is retried, a refusal is not. */
export function valueFrom<Value>(reply: ToolReply<Value>): Value {
  if (reply.ok) return reply.value;
  if (reply.transient) throw new TaskFailure("transient", reply.reason);
  const isToolsFault = reply.code === "tool_failed" || reply.code === "tool_timeout" || reply.code === "bad_output";
  throw new TaskFailure(isToolsFault ? "permanent" : "policy", reply.reason);
}

/** Ends an attempt: `transient` is tried again, `permanent` goes to the next capable agent. */
export function giveUp(failureClass: "transient" | "permanent", reason: string): TaskFailure {
  return new TaskFailure(failureClass, reason);
}

/** True for JSON objects, so that edges can narrow `unknown`. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export type { Json };
