import type { z } from "zod";
import type { Json } from "./digest.js";
import type { RefusalCode } from "./errors.js";
import type { Calendar, Documents, Knowledge, Messages, Records } from "./services.js";

/** What a call does to the world: `reads` nothing, `writes` something that can be found or taken back, `irreversible` neither. */
export type Effect = "reads" | "writes" | "irreversible";

/** Within what an effect's dedupe key is unique. `case` is for what is irreversible or paid. */
export type DedupeScope = "task" | "run" | "case" | "mission";

/** What a tool may use. Everything a tool touches comes from here, so a test can hand it fakes. */
export interface ToolContext {
  readonly knowledge: Knowledge;
  readonly calendar: Calendar;
  readonly messages: Messages;
  readonly documents: Documents;
  readonly records: Records;
  /** Fires at the tool's deadline, on cancel and on shutdown. */
  readonly signal: AbortSignal;
  /** For effects only: the same for every try of one effect; send it along, store it under a unique key. */
  readonly idempotencyKey: string;
  /** The agent on whose behalf the tool runs. */
  readonly agentId: string;
  readonly runId: string;
  readonly now: () => Date;
}

/** What taking back an act works with. Its `idempotencyKey` is the undo's own, the same for every try. */
export interface UndoContext extends ToolContext {
  /** The idempotency key that the act itself was done with. */
  readonly actKey: string;
}

/** What the outside says about an effect whose outcome was lost: done with this result, surely not done, or not to be found out. */
export type Reconciled<Output> = { outcome: "done"; result: Output } | { outcome: "not_done" } | { outcome: "unknown" };

/** A tool as its author declares it, field by field in docs/tool.md of the package. An effect must say how two calls are recognised as the same act. */
export interface ToolDefinition<
  Name extends string = string,
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  /** A verb and a noun in snake_case, once among all tools. */
  readonly name: Name;
  /** What it returns, and when not to use it; a model reads this. */
  readonly description: string;
  /** Arguments that do not fit are refused before `run`; a result that does not fit `output` is the tool's failure. */
  readonly input: Input;
  readonly output: Output;
  readonly effect: Effect;
  /** Whether a write stays in our own tables (`own`) or reaches somebody else (`outside`, the default). */
  readonly reach?: "own" | "outside";
  /** True for a tool that removes something for good; policy forbids it. */
  readonly deletes?: boolean;
  /** Dollars that a call moves, from 0; policy asks about it, and forbids more than its limit. Declared by every tool that pays. */
  readonly amountUsd?: (args: z.output<Input>) => number;
  /** Kinds of data that it touches, such as `personal` or `health`; policies may speak of them. */
  readonly dataClasses?: readonly string[];
  /** Of one call; when it is over the signal has fired and the call has failed. */
  readonly timeoutMs: number;
  /** The most that one call may cost, in millionths of a dollar. */
  readonly maxCostMicroUsd: number;
  /** What a call that answered has cost, in millionths of a dollar; without it, and for calls that failed, the most. */
  readonly costMicroUsd?: (args: z.output<Input>, result: z.output<Output>) => number;
  /** True when calling again with the same idempotency key cannot do the act twice. */
  readonly idempotent?: boolean;
  /** Calls with one key are the same act, within the scope; every effect needs both. */
  readonly dedupeKey?: (args: z.output<Input>) => string;
  readonly dedupeScope?: DedupeScope;
  /** Asks the outside what became of the act with this key; never does it. */
  readonly reconcile?: (
    key: string,
    args: z.output<Input>,
    context: ToolContext,
  ) => Promise<Reconciled<z.output<Output>>>;
  /** Lets go of what calls keep open, when the orchestrator closes; a call after that opens it anew. */
  readonly close?: () => Promise<void>;
  /**
   * Takes back what `run` did, when its run fails or is cancelled. Called until it returns, as often as the task's `retry`
   * allows and never twice at once, always with the same idempotency key: done twice it must do no more than once. `result`
   * is absent when what the act answered was lost.
   */
  readonly compensate?: (
    args: z.output<Input>,
    result: z.output<Output> | undefined,
    context: UndoContext,
  ) => Promise<void>;
  /** Says that there is nothing to take back: what was written harms nobody when its run does not complete. */
  readonly undo?: "nothing";
  /** What a person does outside when no code can take the act back; shown to whoever is asked. */
  readonly remedy?: string;
  /**
   * Does it. What it throws is its failure, told to the agent in these words; heed the context's signal. An error with
   * `notDone: true` says that this call surely did nothing, so that nobody is asked whether it did; of an earlier call
   * under the same key it says nothing.
   */
  readonly run: (args: z.output<Input>, context: ToolContext) => Promise<z.input<Output>>;
}

/** The answer to a tool call: the result, or a refusal as a value. The gate never throws for a refusal. */
export type ToolReply<Value = Json> =
  | {
      readonly ok: true;
      readonly value: Value /** Set when a person changed the arguments. */;
      readonly editedArgs?: Json;
    }
  | { readonly ok: false; readonly code: RefusalCode; readonly reason: string; readonly transient: boolean };

/** What a tool is called with. */
export type ArgsOf<Tool extends ToolDefinition> = z.input<Tool["input"]>;
/** What a tool gives. */
export type ValueOf<Tool extends ToolDefinition> = z.output<Tool["output"]>;
