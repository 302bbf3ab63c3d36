import { z } from "zod";
import { NeedsPerson, UNTOLD_RESULTS } from "../core/approval.js";
import type { Json, JsonObject } from "../core/digest.js";
import { hasCode, OrchestratorError } from "../core/errors.js";
import type { EventType } from "../core/event.js";
import { Stopped, throwIfStopped } from "../core/kill.js";
import type { ApprovalRecord, EffectRecord } from "../core/records.js";
import { redactJson } from "../core/redact.js";
import type { Change, ToolCall } from "../core/session.js";
import type { ToolContext, ToolDefinition, ToolReply } from "../core/tool.js";
import { decidedDoubt, doubtOf } from "./gate-asks.js";
import type { GateDeps, Refusal } from "./gate-call.js";
import { parseBy, refusal, toJson } from "./gate-call.js";
import { costOf } from "./gate-cost.js";
import { stoppable, workOfEffect } from "./gate-kill.js";
import { wordsOf } from "./gate-limits.js";
import { whyConstrainedNow, whyNotRuledAgain } from "./gate-ruling.js";
import { isTransient, outputOf, runWithin } from "./gate-run.js";
import { runSeen } from "./gate-trace.js";

/** What is known of an act whose outcome was lost. `later`: the outside cannot be asked just now. */
export type Finding =
  | { readonly kind: "done"; readonly result: unknown }
  | { readonly kind: "not_done" }
  | { readonly kind: "unknown" }
  | { readonly kind: "later"; readonly reason: string };

/** What a `reconcile` may answer; what a result holds is for the tool's own schema. */
const ReconciledSchema = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("done"), result: z.unknown() }),
  z.object({ outcome: z.enum(["not_done", "unknown"]) }),
]);

type SettledBy = "reconciled" | "retried" | "person";

/** Finds out what became of claimed effects that nobody is at work on, and records it. It never guesses. */
export class Settler {
  readonly #deps: GateDeps;
  readonly #live: Set<string>;

  /** `live` holds the effects whose code runs in this process, abandoned code included. */
  constructor(deps: GateDeps, live: Set<string>) {
    this.#deps = deps;
    this.#live = live;
  }

  /**
   * Settles one effect on behalf of a call: asks the person's decision, the outside, then the act itself when it is safe
   * to repeat and still wanted (`mayRepeat`). A refusal when none can tell now; throws `NeedsPerson` when only a person can, and `Stopped` while the kill
   * switch stops such acts. What breaks on the way tells nothing of the act, so that a person is asked then too. Hold the
   * effect's lock.
   */
  async settle(call: ToolCall, effect: EffectRecord, mayRepeat: boolean): Promise<Refusal | undefined> {
    try {
      return await this.#settle(call, effect, mayRepeat);
    } catch (error) {
      const isMeant = [NeedsPerson, Stopped, OrchestratorError].some((kind) => error instanceof kind);
      if (isMeant || call.signal.aborted) throw error;
      return this.doubt(call, effect);
    }
  }

  async #settle(call: ToolCall, effect: EffectRecord, mayRepeat: boolean): Promise<Refusal | undefined> {
    throwIfStopped(call.session.stops, workOfEffect(call, effect));
    const doubt = decidedDoubt(call, effect);
    if (doubt) return this.#asDecided(call, effect, doubt);
    const tool = this.#deps.tools.tool(effect.tool);
    const finding = await this.look(call, tool, effect);
    if (finding.kind === "done") return this.#done(call, effect, finding.result, "reconciled");
    if (finding.kind === "not_done") return this.#notDone(call, effect, "reconciled");
    if (finding.kind === "later") return unsettled(effect, finding.reason);
    if (mayRepeat && tool?.idempotent) return this.#retry(call, tool, effect);
    return this.doubt(call, effect);
  }

  /**
   * Asks the outside, without doing anything; what it answers otherwise than it may counts as `unknown`. Throws the
   * signal's reason, or `Stopped` when the kill switch stops such acts meanwhile.
   */
  async look(call: ToolCall, tool: ToolDefinition | undefined, effect: EffectRecord): Promise<Finding> {
    const reconcile = tool?.reconcile;
    const parsed = tool && parseBy(tool.input, effect.args);
    if (!tool || !reconcile || !parsed?.ok) return { kind: "unknown" };
    const ask = async (signal: AbortSignal) =>
      ReconciledSchema.parse(await reconcile(effect.idempotencyKey, parsed.value, this.contextOf(effect, signal)));
    const ran = await stoppable(call, workOfEffect(call, effect), (signal) => runWithin(tool.timeoutMs, signal, ask));
    if (ran.kind === "aborted") throw ran.reason;
    if (ran.kind === "timeout") return { kind: "later", reason: `${tool.name} did not say in time what became of it` };
    if (ran.kind === "failed") {
      return isTransient(ran.error) ? { kind: "later", reason: wordsOf(ran.error) } : { kind: "unknown" };
    }
    return ran.value.outcome === "done" ? { kind: "done", result: ran.value.result } : { kind: ran.value.outcome };
  }

  /** Says in the log that an outcome is unknown, and asks a person. `why` it is not made again, where it could be. */
  async doubt(call: ToolCall, effect: EffectRecord, why?: string): Promise<never> {
    const told = eventOf("effect_in_doubt", effect, why === undefined ? {} : { reason: why });
    await call.session.commit({ events: [told] });
    throw new NeedsPerson(doubtOf(call, this.#deps.tools.tool(effect.tool), effect, why));
  }

  /** What the code of an effect gets, in its run, its try and its reconciliation alike. */
  contextOf(effect: EffectRecord, signal: AbortSignal): ToolContext {
    const { services, clock } = this.#deps;
    const { agentId, runId, idempotencyKey } = effect;
    return { ...services, signal, idempotencyKey, agentId, runId, now: () => clock.now() };
  }

  async #asDecided(call: ToolCall, effect: EffectRecord, doubt: ApprovalRecord): Promise<undefined> {
    const applied = [doubt.approvalId];
    if (doubt.decision?.type !== "approve") return this.#notDone(call, effect, "person", applied);
    const { answer } = doubt.decision;
    if (answer !== undefined) return this.#done(call, effect, answer, "person", applied);
    return this.#record(call, effect, this.#untold(effect), "person", applied);
  }

  /**
   * The same act again under the same key: by its tool's word that cannot do it twice. It is ruled on like a new one; where
   * it may not be made, a person is asked what became of it. What the try says of itself (`notDone`) does not speak for the
   * one before it.
   */
  async #retry(call: ToolCall, tool: ToolDefinition, effect: EffectRecord): Promise<Refusal | undefined> {
    const parsed = parseBy(tool.input, effect.args);
    if (!parsed.ok) return this.doubt(call, effect);
    const why =
      (await whyNotRuledAgain(this.#deps.policies, call, effect, { tool, parsed: parsed.value })) ??
      (await this.#allow(call, effect));
    if (why !== undefined) return this.doubt(call, effect, why);
    this.#live.add(effect.effectId);
    const ran = await runSeen(call, tool, parsed.value, (signal) =>
      tool.run(parsed.value, this.contextOf(effect, signal)),
    );
    const inFlight = "inFlight" in ran ? ran.inFlight : undefined;
    if (inFlight) void inFlight.then(() => this.#live.delete(effect.effectId));
    else this.#live.delete(effect.effectId);
    if (ran.kind === "returned") return this.#done(call, effect, ran.value, "retried");
    if (ran.kind === "aborted") throw ran.reason;
    if (ran.kind === "timeout") return unsettled(effect, `${tool.name} did not answer in time`);
    return isTransient(ran.error) ? unsettled(effect, wordsOf(ran.error)) : this.doubt(call, effect);
  }

  /** The answer of an act that happened, as a person says without saying what it answered. */
  #untold({ tool: name }: EffectRecord): ToolReply {
    const tool = this.#deps.tools.tool(name);
    if (!tool) return { ok: true, value: null };
    for (const result of UNTOLD_RESULTS) {
      const output = outputOf(tool, result);
      if (output.ok) return output;
    }
    return refusal("bad_output", `${name} happened, as a person says, but nobody knows what it answered.`);
  }

  /**
   * An act that is made again has its claim already: here the store says that the kill switch is still off, that nobody
   * asked to cancel and that the task still holds its resources. What a constraint has against it is returned.
   */
  async #allow(call: ToolCall, effect: EffectRecord): Promise<string | undefined> {
    const work = workOfEffect(call, effect);
    const { session, task } = call;
    const { runs, kills } = this.#deps.store;
    for (;;) {
      throwIfStopped(session.stops, work);
      const broken = whyConstrainedNow(call, effect);
      if (broken !== undefined) return broken;
      const statements = [...runs.goOn(session.runId), ...session.resources.guards(task.id), ...kills.allow(work)];
      try {
        await session.commit({ statements });
        return undefined;
      } catch (error) {
        if (hasCode(error, "run_finished")) call.signal.throwIfAborted();
        if (!hasCode(error, "killed")) throw error;
        await call.session.stops.look();
      }
    }
  }

  async #done(call: ToolCall, effect: EffectRecord, result: unknown, by: SettledBy, applied: readonly string[] = []) {
    const tool = this.#deps.tools.tool(effect.tool);
    const output = tool ? outputOf(tool, result) : { ok: true as const, value: redactJson(toJson(result)) };
    return this.#record(call, effect, output.ok ? output : output.refusal, by, applied);
  }

  /** The effect as done, and its turn with it: whoever made the call finds its answer in the journal. */
  async #record(call: ToolCall, effect: EffectRecord, reply: ToolReply, by: SettledBy, applied: readonly string[]) {
    const { session } = call;
    const approval = session.requests().find(({ approvalId }) => approvalId === effect.approvalId);
    const isCallsOwn = approval?.kind === "tool_call";
    const told =
      approval?.status === "edited" && isCallsOwn && reply.ok ? { ...reply, editedArgs: effect.args } : reply;
    const used = isCallsOwn ? [...applied, approval.approvalId] : applied;
    const now = this.#deps.clock.now();
    const isOpenTurn = effect.runId === session.runId && !session.turn(effect.taskId, effect.attempt, effect.turnKey);
    const { turnKey: key, tool: name, runId, taskId, attempt, args, claimedAt } = effect;
    const costMicroUsd = costOf(this.#deps.tools.tool(name), effect.args, reply);
    const spent = { durationMs: now.getTime() - claimedAt.getTime(), costMicroUsd };
    await commitUnlessMoved(call, {
      statements: this.#settlement(effect, "done", reply.ok ? reply.value : undefined, now),
      ...(isOpenTurn && {
        turns: [
          {
            runId,
            taskId,
            attempt,
            key,
            kind: "tool",
            name,
            args: redactJson(args),
            reply: toJson(told),
            at: now,
            ...spent,
          },
        ],
      }),
      ...(used.length > 0 && { applied: used }),
      events: [eventOf("effect_done", effect, { settled: by })],
    });
    return undefined;
  }

  async #notDone(call: ToolCall, effect: EffectRecord, by: SettledBy, applied: readonly string[] = []) {
    await commitUnlessMoved(call, {
      statements: this.#settlement(effect, "not_done", undefined, this.#deps.clock.now()),
      ...(applied.length > 0 && { applied }),
      events: [eventOf("effect_not_done", effect, { settled: by })],
    });
    return undefined;
  }

  #settlement(effect: EffectRecord, status: "done" | "not_done", result: Json | undefined, at: Date) {
    return this.#deps.store.effects.settle(effect.effectId, status, result, at, effect);
  }
}

/** An event about one claim of an effect; each claim has its own, however often the effect is claimed. */
export function eventOf(
  type: EventType,
  effect: EffectRecord,
  more: JsonObject,
): NonNullable<Change["events"]>[number] {
  return {
    type,
    key: `${type}:${effect.effectId}:${effect.claimedAt.getTime()}`,
    taskId: effect.taskId,
    data: {
      summary: effect.tool,
      effect: effect.effectId,
      tool: effect.tool,
      agent: effect.agentId,
      attempt: effect.attempt,
      args_digest: effect.argsDigest,
      ...(effect.approvalId !== undefined && { approval: effect.approvalId }),
      ...more,
    },
  };
}

/** The refusal of whoever comes while an effect's outcome is not known. */
export function unsettled(effect: EffectRecord, why: string): Refusal {
  const reason = `What became of an earlier ${effect.tool} is not known yet (${why}). Nothing was done; try again later.`;
  return refusal("effect_unsettled", reason, true);
}

/** Another process may have settled it meanwhile; then its word stands, and the caller looks again. */
async function commitUnlessMoved(call: ToolCall, change: Change): Promise<void> {
  try {
    await call.session.commit(change);
  } catch (error) {
    if (!hasCode(error, "already_decided")) throw error;
  }
}
