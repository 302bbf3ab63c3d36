import type { Json, JsonObject } from "../core/digest.js";
import type { RefusalCode } from "../core/errors.js";
import type { EventType } from "../core/event.js";
import type { Ruling } from "../core/policy.js";
import type { Clock, Statement, Store } from "../core/ports.js";
import type { Turn } from "../core/records.js";
import type { Change, ToolCall } from "../core/session.js";
import { shapeOf } from "../core/shape.js";
import type { ToolContext, ToolDefinition, ToolReply } from "../core/tool.js";

/** What tools reach; the same for every call. */
export type ToolServices = Pick<ToolContext, "knowledge" | "calendar" | "messages" | "documents" | "records">;

/** What the gate works with. */
export interface GateDeps {
  readonly tools: readonly ToolDefinition[];
  readonly store: { readonly effects: Store["effects"]; readonly runs: Pick<Store["runs"], "goOn" | "isHeld"> };
  readonly clock: Clock;
  readonly services: ToolServices;
}

/** A call that may be made: its arguments are checked, it is held, and it is ruled on. */
export interface Act {
  readonly call: ToolCall;
  readonly tool: ToolDefinition;
  /** As the agent passed them, or as a person edited them. */
  readonly args: Json;
  /** The same, parsed by the tool's own schema. */
  readonly parsed: unknown;
  readonly ruling: Ruling;
  /** The approval that allows it. */
  readonly approvalId?: string;
  /** Approvals of calls and doubts that are used up by it. */
  readonly applied: readonly string[];
  readonly isEdited: boolean;
  readonly startedAt: Date;
}

/** How a call ended: the reply, and what else belongs into the same unit. */
export interface Outcome {
  readonly reply: ToolReply;
  /** Whether the tool itself ran. */
  readonly ran: boolean;
  readonly data?: JsonObject;
  readonly statements?: readonly Statement[];
  readonly applied?: readonly string[];
  readonly events?: NonNullable<Change["events"]>;
}

/** A refusal as the agent reads it. */
export type Refusal = Extract<ToolReply, { ok: false }>;

/** A refusal; `transient` when the same call may succeed later. */
export function refusal(code: RefusalCode, reason: string, transient = false): Refusal {
  return { ok: false, code, reason, transient };
}

/** A refusal of a call whose tool did not run. */
export function refused(code: RefusalCode, reason: string, transient = false): Outcome {
  return { reply: refusal(code, reason, transient), ran: false };
}

/** A value by a schema, or every violation in one sentence: JSON pointer, what was found, what is allowed. */
export function parseBy(
  schema: ToolDefinition["input"],
  value: unknown,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string } {
  const shaped = shapeOf(schema, value);
  if (shaped.ok) return shaped;
  return {
    ok: false,
    reason: shaped.problems.map(({ pointer, message }) => `${pointer || "/"}: ${message}`).join(" "),
  };
}

/** A value as it will be read back from the journal. Throws when it has no JSON form. */
export function toJson(value: unknown): Json {
  const text = JSON.stringify(value);
  return text === undefined ? null : JSON.parse(text);
}

/** The answer that the journal holds. */
export function replyOf(turn: Turn): ToolReply {
  // Safe: turns of kind `tool` are written by `recordCall` and the settling of effects only, from a ToolReply.
  return turn.reply as unknown as ToolReply;
}

/** Records how an act ended, with the person's edit and approval. */
export async function finishCall(act: Act, outcome: Outcome, now: Date): Promise<ToolReply> {
  const { call, isEdited, args, approvalId, ruling, startedAt } = act;
  const reply = isEdited && outcome.reply.ok ? { ...outcome.reply, editedArgs: args } : outcome.reply;
  const data: JsonObject = {
    ...outcome.data,
    ...(approvalId !== undefined && { approval: approvalId }),
    ...(isEdited && { edited: { before: call.args, after: args } }),
  };
  const applied = [...new Set([...act.applied, ...(outcome.applied ?? [])])];
  return recordCall(call, { ...outcome, reply, data, applied }, { startedAt, now, ruling });
}

/** Writes the turn, its event and whatever the outcome brings along in one unit; resolves with the reply once durable. */
export async function recordCall(
  call: ToolCall,
  outcome: Outcome,
  at: { startedAt: Date; now: Date; ruling?: Ruling },
): Promise<ToolReply> {
  const { statements, applied, events = [] } = outcome;
  await call.session.commit({
    turns: [turnOf(call, outcome.reply, at)],
    ...(statements && { statements }),
    ...(applied && applied.length > 0 && { applied }),
    events: [...events, eventOf(call, outcome, at.ruling)],
  });
  return outcome.reply;
}

function turnOf(call: ToolCall, reply: ToolReply, at: { startedAt: Date; now: Date }): Turn {
  return {
    runId: call.session.runId,
    taskId: call.task.id,
    attempt: call.attempt,
    key: call.turnKey,
    kind: "tool",
    name: call.tool,
    args: call.args,
    reply: toJson(reply),
    at: at.now,
    durationMs: at.now.getTime() - at.startedAt.getTime(),
    costMicroUsd: 0,
  };
}

function eventOf(call: ToolCall, { reply, ran, data }: Outcome, ruling: Ruling | undefined) {
  const isReused = reply.ok && data?.["reused"] === true;
  const type: EventType = ran ? "tool_called" : isReused ? "effect_reused" : "tool_refused";
  return {
    type,
    key: `${type}:${call.task.id}:${call.attempt}:${call.turnKey}`,
    taskId: call.task.id,
    data: {
      summary: reply.ok ? call.tool : `${call.tool}: ${reply.code}: ${reply.reason}`,
      tool: call.tool,
      agent: call.agent.id,
      turn: call.turnKey,
      attempt: call.attempt,
      ...(ruling && { ruling: ruling.outcome, rule: ruling.rule }),
      ...(!reply.ok && { code: reply.code, reason: reply.reason }),
      ...data,
    },
  };
}
