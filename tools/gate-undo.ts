import { z } from "zod";
import { NeedsPerson } from "../core/approval.js";
import type { JsonObject } from "../core/digest.js";
import { digestOf } from "../core/digest.js";
import { hasCode } from "../core/errors.js";
import type { ApprovalRecord, EffectRecord, UndoRecord } from "../core/records.js";
import { isDecided } from "../core/run.js";
import type { TakeBackCall, ToolCall, UndoCall, UndoReply } from "../core/session.js";
import type { ToolDefinition, ToolReply } from "../core/tool.js";
import { isUndoQuestion, undoIdOf, undoSubject, undoTurnKey } from "../core/undo.js";
import { agreesTo, coveredBy, isUntouched } from "./gate-asks.js";
import type { Foreseen, GateDeps } from "./gate-call.js";
import { parseBy, refusal, replyOf, toJson } from "./gate-call.js";
import type { EffectDesk } from "./gate-effects.js";
import { LateCode } from "./gate-late.js";
import { restsOnIt, undoQuestion, undoRequest, withoutRepeat } from "./gate-remedies.js";
import { rulingOnUndo } from "./gate-ruling.js";
import type { Ran } from "./gate-run.js";
import { failureOf } from "./gate-run.js";
import { eventOf } from "./gate-settle.js";
import { runSeen } from "./gate-trace.js";

const SETTLED: UndoReply = { isSettled: true };
const NOTHING = z.unknown();

/**
 * Takes back what runs did that do not complete. Each undo is an effect of its own: claimed on disk, then done, then
 * recorded in the unit that notes it at the act. Its tries are turns, so a process that comes after a crash goes on
 * counting where the last one stopped; the same try is made again under the same key. No try begins, and nobody is asked,
 * while the code of an earlier one may still come back.
 */
export class UndoDesk {
  readonly #deps: GateDeps;
  readonly #effects: EffectDesk;
  readonly #late = new LateCode();

  constructor(deps: GateDeps, effects: EffectDesk) {
    this.#deps = deps;
    this.#effects = effects;
  }

  /** One step towards knowing what became of the act. Throws `NeedsPerson` when only a person can take it. */
  async undo(call: TakeBackCall): Promise<UndoReply> {
    call.session.undoSignal.throwIfAborted();
    const effect = await this.#deps.store.effects.find(call.effectId);
    if (effect?.runId !== call.session.runId || effect.status === "not_done" || effect.undo) return SETTLED;
    return effect.status === "claimed" ? this.#findOut(call, effect) : this.#takeBack(call, effect);
  }

  /** One step towards knowing what became of an act that stands if it was done. Throws as `undo` does. */
  async findOut(call: UndoCall): Promise<UndoReply> {
    call.session.undoSignal.throwIfAborted();
    const effect = await this.#deps.store.effects.find(call.effectId);
    const isLost = effect?.runId === call.session.runId && effect.status === "claimed";
    return isLost ? this.#findOut(call, effect) : SETTLED;
  }

  /** An outcome that was lost is found out first: what was not done needs no undo. */
  async #findOut(call: UndoCall, effect: EffectRecord): Promise<UndoReply> {
    try {
      const asks = toolCallOf(call, effect, effect.turnKey);
      const isLast = call.waits + 1 >= call.task.retry.attempts;
      const stuck = await this.#effects.settleLost(asks, effect, isLast);
      return { isSettled: false, tries: stuck ? call.waits + 1 : 0 };
    } catch (error) {
      throw error instanceof NeedsPerson ? withoutRepeat(error, call.session.ending !== undefined) : error;
    }
  }

  async #takeBack(call: TakeBackCall, effect: EffectRecord): Promise<UndoReply> {
    const tool = await this.#deps.tools.findTool(effect.tool);
    if (tool?.undo === "nothing") return this.#note(call, effect, { outcome: "nothing", by: effect.agentId });
    const said = this.#sayingOf(call, effect);
    if (said) return said;
    const open = wordsOn(call, effect).find(({ kind, status }) => kind === "question" && status === "pending");
    if (open) throw new NeedsPerson(open);
    const failed = this.#failedTries(call, effect);
    const parsed = tool && parseBy(tool.input, effect.args);
    const isExhausted = failed.length >= call.task.retry.attempts;
    const isAtWork = !(await this.#isBack(call, effect));
    if (!tool?.compensate || !parsed?.ok || isExhausted || isAtWork)
      throw new NeedsPerson(undoQuestion(call, effect, tool, { failed, isAtWork }));
    const resting = await this.#deps.store.effects.restedOn(effect);
    if (resting) throw new NeedsPerson(undoQuestion(call, effect, tool, { reason: restsOnIt(resting) }));
    const approvalId = await this.#allowedBy(call, effect, tool, parsed.value);
    const reason = await call.hold();
    if (reason !== undefined) throw new NeedsPerson(undoQuestion(call, effect, tool, { reason }));
    const undo = await this.#claim(call, effect, { tryNo: failed.length + 1, approvalId });
    if (!undo) return { isSettled: false, tries: 0 };
    const asks = toolCallOf(call, effect, undo.turnKey);
    const { compensate } = tool;
    const ran = await runSeen(asks, seenAs(tool), parsed.value, (signal) => {
      const context = { ...this.#effects.contextOf(undo, signal), actKey: effect.idempotencyKey };
      return compensate(parsed.value, effect.result, context);
    });
    if ("inFlight" in ran) this.#late.add(undo.effectId, ran.inFlight);
    if (ran.kind === "aborted") throw ran.reason;
    if (ran.kind === "returned") return this.#undone(call, effect, undo);
    return this.#failed(call, tool, effect, undo, ran);
  }

  /** Whether the code of every try came back, which is waited for. */
  #isBack({ session }: UndoCall, { effectId }: EffectRecord): Promise<boolean> {
    return this.#late.isBack(undoIdOf(effectId), AbortSignal.any([session.undoSignal, session.draining]));
  }

  /**
   * The approval of the undo, where one was needed. Throws `NeedsPerson` where policies forbid code to take the act back,
   * or want a person's yes that is not there.
   */
  async #allowedBy(
    call: UndoCall,
    effect: EffectRecord,
    tool: ToolDefinition,
    parsed: unknown,
  ): Promise<string | undefined> {
    const ruling = await rulingOnUndo(this.#deps.policies, call, effect, { tool, parsed });
    const yeses = wordsOn(call, effect).filter(({ status }) => status === "approved");
    const applied = yeses.filter(({ appliedAt }) => !appliedAt).map(({ approvalId }) => approvalId);
    if (applied.length > 0) await call.session.commit({ applied });
    if (ruling.outcome === "forbidden") {
      const reason = `${tool.name} is forbidden now: ${ruling.reason} (${ruling.rule}). So is taking it back.`;
      throw new NeedsPerson(undoQuestion(call, effect, tool, { reason }));
    }
    if (ruling.outcome !== "ask") return undefined;
    const covers = await this.#coveredBy(call, effect, { tool, parsed, ruling });
    const yes = yeses.find((request) => agreesTo(request, covers));
    if (!yes) throw new NeedsPerson(undoRequest(call, effect, ruling, covers));
    return yes.approvalId;
  }

  /** What a yes to the undo covers: the act, as it was called and answered, under the policies of now. */
  async #coveredBy(
    { session, task, agent }: UndoCall,
    { effectId, tool: name, args, result = null }: EffectRecord,
    ruled: Pick<Foreseen, "tool" | "parsed" | "ruling">,
  ): Promise<JsonObject> {
    const policyVersion = await this.#deps.policies.versionFor(session.mission.policies ?? []);
    const call = { session, task, agent, tool: name, args };
    return { ...coveredBy({ ...ruled, call, args, policyVersion }), undoes: effectId, answered: digestOf(result) };
  }

  /** What a person said about the act: they took it back themselves, or let it stand. */
  #sayingOf(call: UndoCall, effect: EffectRecord): Promise<UndoReply> | undefined {
    const request = wordsOn(call, effect).find(({ status }) => isDecided(status) && status !== "approved");
    if (!request) return undefined;
    const { decision, decidedBy: by = "a person", approvalId } = request;
    const isByHand = decision?.type === "answer";
    const note = isByHand ? String(decision.answer ?? "") : (decision?.comment ?? "");
    return this.#note(call, effect, { outcome: isByHand ? "by_hand" : "left", by, note }, approvalId);
  }

  /** The reasons of the tries that failed, in their order. */
  #failedTries({ session }: UndoCall, { effectId, taskId, attempt }: EffectRecord): readonly string[] {
    const reasons: string[] = [];
    for (let tryNo = 1; ; tryNo += 1) {
      const turn = session.turn(taskId, attempt, undoTurnKey(effectId, tryNo));
      const reply = turn && replyOf(turn);
      if (!reply || reply.ok) return reasons;
      reasons.push(reply.reason);
    }
  }

  /**
   * Puts the claim of the undo on disk, once for all its tries; nothing when the kill switch was faster, which is known
   * here then, or when what the task writes to was lost and has to be taken again.
   */
  async #claim(
    { session, agent }: UndoCall,
    effect: EffectRecord,
    { tryNo, approvalId }: { readonly tryNo: number; readonly approvalId: string | undefined },
  ): Promise<EffectRecord | undefined> {
    const undoId = undoIdOf(effect.effectId);
    const found = await this.#deps.store.effects.find(undoId);
    const turnKey = undoTurnKey(effect.effectId, tryNo);
    const isBegun = found?.status === "claimed";
    const { result: _, settledAt: __, approvalId: ___, ...act } = effect;
    const undo: EffectRecord = {
      ...act,
      effectId: undoId,
      undoes: effect.effectId,
      fence: session.run.fence,
      turnKey,
      dedupeKey: effect.effectId,
      again: "",
      idempotencyKey: undoId,
      status: "claimed",
      claimedAt: this.#deps.clock.now(),
      ...(approvalId !== undefined && { approvalId }),
    };
    const work = { runId: session.runId, agentId: agent.id, tool: effect.tool };
    const claimed = eventOf("effect_claimed", undo, { undoes: effect.effectId });
    const { effects, kills } = this.#deps.store;
    try {
      const guards = session.resources.guards(effect.taskId);
      if (isBegun) await session.commit({ statements: [...guards, ...kills.allow(work)] });
      else await session.commit({ statements: [...guards, ...effects.claim(undo)], events: [claimed] });
    } catch (error) {
      if (!hasCode(error, "killed", "resource_taken")) throw error;
      if (hasCode(error, "killed")) await session.stops.look();
      else await session.resources.free(effect.taskId);
      return undefined;
    }
    return isBegun ? { ...found, turnKey } : undo;
  }

  async #undone(call: UndoCall, effect: EffectRecord, undo: EffectRecord): Promise<UndoReply> {
    const now = this.#deps.clock.now();
    const { effects } = this.#deps.store;
    const record: UndoRecord = { outcome: "undone", at: now, by: effect.agentId };
    await call.session.commit({
      turns: [this.#turnOf(undo, { ok: true, value: null }, now)],
      statements: [
        ...effects.settle(undo.effectId, "done", null, now, undo),
        ...effects.undone(effect.effectId, record),
      ],
      events: [eventOf("effect_done", undo, { undoes: effect.effectId }), undoneEvent(effect, record)],
    });
    return SETTLED;
  }

  /** A try that failed is a turn, so that no process forgets it; whether it did something is for the next try to meet. */
  async #failed(
    call: UndoCall,
    tool: ToolDefinition,
    effect: EffectRecord,
    undo: EffectRecord,
    ran: Exclude<Ran, { kind: "returned" }>,
  ): Promise<UndoReply> {
    const { reason } = failureOf({ ...tool, name: `undo_${tool.name}` }, ran);
    const reply = refusal("tool_failed", reason, true);
    const tries = this.#failedTries(call, effect).length + 1;
    const failed = eventOf("undo_failed", effect, { reason, try: tries });
    await call.session.commit({
      turns: [this.#turnOf(undo, reply, this.#deps.clock.now())],
      events: [{ ...failed, key: `undo_failed:${effect.effectId}:${tries}` }],
    });
    return { isSettled: false, tries };
  }

  /**
   * Notes what became of the act without its code. An undo that was begun and given up stays claimed: nobody knows what
   * it did, or still does.
   */
  async #note(
    { session }: UndoCall,
    effect: EffectRecord,
    of: Omit<UndoRecord, "at">,
    approvalId?: string,
  ): Promise<UndoReply> {
    const record = { ...of, at: this.#deps.clock.now() };
    await session.commit({
      ...(approvalId !== undefined && { applied: [approvalId] }),
      statements: this.#deps.store.effects.undone(effect.effectId, record),
      events: [undoneEvent(effect, record, approvalId)],
    });
    return SETTLED;
  }

  #turnOf(undo: EffectRecord, reply: ToolReply, at: Date) {
    const { runId, taskId, attempt, turnKey: key, tool, args, claimedAt } = undo;
    const spent = { durationMs: Math.max(0, at.getTime() - claimedAt.getTime()), costMicroUsd: 0 };
    return {
      runId,
      taskId,
      attempt,
      key,
      kind: "tool" as const,
      name: `undo_${tool}`,
      args,
      reply: toJson(reply),
      at,
      ...spent,
    };
  }
}

/** What people were asked about taking the act back, and said, as far as nobody changed the rows since. */
function wordsOn({ session }: UndoCall, { effectId }: EffectRecord): readonly ApprovalRecord[] {
  const subject = undoSubject(effectId);
  const isAbout = (request: ApprovalRecord) => isUndoQuestion(request) && request.subject === subject;
  return session.requests().filter((request) => isAbout(request) && isUntouched(request));
}

function undoneEvent(effect: EffectRecord, { outcome, by, note }: UndoRecord, approval?: string) {
  const event = eventOf("effect_undone", effect, {
    outcome,
    by,
    ...(note !== undefined && { note }),
    ...(approval !== undefined && { undo_approval: approval }),
  });
  return { ...event, key: `effect_undone:${effect.effectId}` };
}

/** The undo as those see it who watch the tools: it answers nothing. */
function seenAs(tool: ToolDefinition): ToolDefinition {
  return { ...tool, output: NOTHING };
}

/** Who asks on behalf of an act that is taken back: the agent that did it, under a signal that a cancel does not fire. */
function toolCallOf({ session, task, agent, callbacks }: UndoCall, effect: EffectRecord, turnKey: string): ToolCall {
  return {
    ...{ session, task, agent, turnKey, attempt: session.task(task.id).attempt, declared: [], options: {} },
    ...{ tool: effect.tool, args: effect.args, signal: session.undoSignal },
    ...(callbacks && { callbacks }),
  };
}
