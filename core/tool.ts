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

/** What the outside says about an effect whose outcome was lost: done with this result, surely not done, or not to be found out. */
export type Reconciled<Output> = { outcome: "done"; result: Output } | { outcome: "not_done" } | { outcome: "unknown" };

/** A tool as its author declares it. An effect must say how two calls are recognised as the same act. */
export interface ToolDefinition<
  Name extends string = string,
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  readonly name: Name;
  /** What it returns, and when not to use it; a model reads this. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly effect: Effect;
  /** Whether a write stays in our own tables (`own`) or reaches somebody else (`outside`, the default). */
  readonly reach?: "own" | "outside";
  readonly timeoutMs: number;
  readonly maxCostMicroUsd: number;
  /** True when calling again with the same idempotency key cannot do the act twice. */
  readonly idempotent?: boolean;
  readonly dedupeKey?: (args: z.output<Input>) => string;
  readonly dedupeScope?: DedupeScope;
  /** Asks the outside what became of the act with this key; never does it. */
  readonly reconcile?: (
    key: string,
    args: z.output<Input>,
    context: ToolContext,
  ) => Promise<Reconciled<z.output<Output>>>;
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

export type ArgsOf<Tool extends ToolDefinition> = z.input<Tool["input"]>;
export type ValueOf<Tool extends ToolDefinition> = z.output<Tool["output"]>;
