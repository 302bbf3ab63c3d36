import type { Json, JsonObject } from "../core/digest.js";
import type { RefusalCode } from "../core/errors.js";
import type { EventType } from "../core/event.js";
import { changesOf } from "../core/json-changes.js";
import { writtenOut } from "../core/look-alike.js";
import type { Policies, Ruling } from "../core/policy.js";
import type { Clock, Statement, Store } from "../core/ports.js";
import type { Turn } from "../core/records.js";
import { redactJson } from "../core/redact.js";
import type { Change, ForeseenAct, ToolCall } from "../core/session.js";
import { shapeOf } from "../core/shape.js";
import type { ToolContext, ToolDefinition, ToolReply } from "../core/tool.js";
import { costOf } from "./gate-cost.js";
import { inShort } from "./gate-limits.js";

/** Of one value; who reads more of them does not mend more. */
const MAX_PROBLEMS = 20;

/** What tools reach; the same for every call. */
export type ToolServices = Pick<ToolContext, "knowledge" | "calendar" | "messages" | "documents" | "records">;

/** Every tool there is, by name; what is not on it cannot be called. */
export interface ToolShelf {
  /** A tool that is loaded: all that the agents of a run's mission hold are. */
  tool(name: string): ToolDefinition | undefined;
  /** Any tool, loaded when it is not yet. */
  findTool(name: string): Promise<ToolDefinition | undefined>;
}

/** What the gate works with. */
export interface GateDeps {
  readonly tools: ToolShelf;
  readonly store: {
    readonly effects: Store["effects"];
    readonly kills: Pick<Store["kills"], "allow">;
    readonly runs: Pick<Store["runs"], "goOn" | "isHeld" | "find">;
  };
  readonly policies: Pick<Policies, "bookFor" | "versionFor">;
  readonly clock: Clock;
  readonly services: ToolServices;
  /** How long a run's lease lasts. An act that does not begin within half of it is claimed anew. */
  readonly leaseMs: number;
}

/** A call that somebody has to rule on: its arguments are checked, and it is held. */
export type Admitted = Omit<Act, "ruling" | "policyVersion">;

/** A call that is ruled on. */
export interface Act {
  readonly call: ToolCall;
  readonly tool: ToolDefinition;
  /** As the agent passed them, or as a person edited them. */
  readonly args: Json;
  /** The same, parsed by the tool's own schema. */
  readonly parsed: unknown;
  readonly ruling: Ruling;
  /** Of the policies that ruled. */
  readonly policyVersion: string;
  /** The approval that allows it. */
  readonly approvalId?: string;
  /** Approvals of calls and doubts that are used up by it. */
  readonly applied: readonly string[];
  readonly isEdited: boolean;
  readonly startedAt: Date;
}

/** As much of an act as is known, and ruled on, before it is called. */
export type Foreseen = Pick<Act, "tool" | "args" | "parsed" | "ruling" | "policyVersion"> & {
  readonly call: ForeseenAct;
};

/** How a call ended: the reply, and what else belongs into the same unit. */
export interface Outcome {
  readonly reply: ToolReply;
  /** Whether the tool itself ran. */
  readonly ran: boolean;
  /** Absent where the tool did not run. */
  readonly costMicroUsd?: number;
  readonly data?: JsonObject;
  readonly statements?: readonly Statement[];
  /** Has to hold when its event is written, before anybody reads the reply; else the call is refused as `already_decided`. */
  readonly guard?: readonly Statement[];
  readonly applied?: readonly string[];
  readonly events?: NonNullable<Change["events"]>;
}

/** A refusal as the agent reads it. */
export type Refusal = Extract<ToolReply, { ok: false }>;

/** A refusal; `transient` when the same call may succeed later. */
export function refusal(code: RefusalCode, reason: string, transient = false): Refusal {
  return { ok: false, code, reason: inShort(reason), transient };
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
  const told = shaped.problems.slice(0, MAX_PROBLEMS).map(({ pointer, message }) => `${pointer || "/"}: ${message}`);
  const left = shaped.problems.length - told.length;
  return { ok: false, reason: [...told, ...(left > 0 ? [`And ${left} more.`] : [])].join(" ") };
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
    ...(isEdited && { edited: { before: call.args, after: args, changes: changesOf(call.args, args) } }),
  };
  const applied = [...new Set([...act.applied, ...(outcome.applied ?? [])])];
  const costMicroUsd = outcome.ran ? costOf(act.tool, args, reply) : 0;
  return recordCall(call, { ...outcome, reply, data, applied, costMicroUsd }, { startedAt, now, ruling });
}

/** Writes the turn, its event and whatever the outcome brings along in one unit; resolves with the reply once durable. */
export async function recordCall(
  call: ToolCall,
  outcome: Outcome,
  at: { startedAt: Date; now: Date; ruling?: Ruling },
): Promise<ToolReply> {
  const { statements, applied, events = [], guard } = outcome;
  const told = eventOf(call, outcome, at.ruling);
  // By itself: what the store may refuse must not be among the turns already.
  if (guard) await call.session.commit({ statements: guard, events: [told] });
  await call.session.commit({
    turns: [turnOf(call, outcome, at)],
    ...(statements && { statements }),
    ...(applied && applied.length > 0 && { applied }),
    events: [...events, told],
  });
  return outcome.reply;
}

function turnOf(call: ToolCall, { reply, costMicroUsd = 0 }: Outcome, at: { startedAt: Date; now: Date }): Turn {
  return {
    runId: call.session.runId,
    taskId: call.task.id,
    attempt: call.attempt,
    key: call.turnKey,
    kind: "tool",
    name: writtenOut(call.tool),
    args: redactJson(toJson(call.args)),
    reply: toJson(reply),
    at: at.now,
    durationMs: at.now.getTime() - at.startedAt.getTime(),
    costMicroUsd,
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
      summary: reply.ok ? call.tool : `${writtenOut(call.tool)}: ${reply.code}: ${reply.reason}`,
      tool: writtenOut(call.tool),
      agent: call.agent.id,
      turn: call.turnKey,
      attempt: call.attempt,
      ...(ruling && { ruling: ruling.outcome, rule: ruling.rule }),
      ...(!reply.ok && { code: reply.code, reason: reply.reason }),
      ...data,
    },
  };
}
