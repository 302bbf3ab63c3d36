import { brokenConstraint } from "../core/constraint.js";
import { judgeEffect } from "../core/effect.js";
import { hasCode } from "../core/errors.js";
import { killWords, Stopped } from "../core/kill.js";
import type { EffectRecord } from "../core/records.js";
import { isTerminal } from "../core/run.js";
import type { RunSession, ToolCall } from "../core/session.js";
import type { ToolContext, ToolReply } from "../core/tool.js";
import { isTakenBack, nextIdOf } from "../core/undo.js";
import { decidedDoubt } from "./gate-asks.js";
import type { GateBudget } from "./gate-budget.js";
import type { Act, GateDeps, Outcome, Refusal } from "./gate-call.js";
import { finishCall, refused, replyOf } from "./gate-call.js";
import { answerTo, argsDigestOf, callerOf, claimOf, effectIdFor } from "./gate-claims.js";
import { refuseStopped, workOf } from "./gate-kill.js";
import { KeyedLock } from "./gate-lock.js";
import type { Ran } from "./gate-run.js";
import { failureOf, outputOf, saysNotDone } from "./gate-run.js";
import { eventOf, Settler, unsettled } from "./gate-settle.js";
import { runSeen } from "./gate-trace.js";

/** Of its lease a run that is renewed has at least this share left when it claims. */
const SHARE_LEFT = 0.5;
const NOT_DONE = { kind: "not_done" } as const;

/** Does effects at most once: claim on disk, act, outcome on disk. Two calls of one effect go one after the other. */
export class EffectDesk {
  readonly #deps: GateDeps;
  readonly #budget: GateBudget;
  readonly #settler: Settler;
  readonly #locks = new KeyedLock();
  /** Effects whose code runs in this process, abandoned code included. */
  readonly #live = new Set<string>();
  /** Claimed effects of a run, loaded once for each session, then kept along. */
  readonly #open = new WeakMap<RunSession, Promise<Map<string, EffectRecord>>>();

  constructor(deps: GateDeps, budget: GateBudget) {
    this.#deps = deps;
    this.#budget = budget;
    this.#settler = new Settler(deps, this.#live);
  }

  /** Makes the call, or answers why not. */
  async perform(act: Act): Promise<ToolReply> {
    const effectId = effectIdFor(act, act.call.options.again ?? "");
    const stuck = await this.#settleOthers(act.call, effectId);
    if (stuck) return this.#finish(act, { reply: stuck, ran: false });
    const reply = await this.#locks.hold(effectId, act.call.signal, () => this.#resolve(act, effectId, true));
    if (!reply) throw new Error(`Effect ${effectId} was neither claimed nor refused.`);
    return reply;
  }

  /** The answer that needs no act, because it was done already or cannot be done now; nothing when it would have to be done. */
  async foreseen(act: Act): Promise<ToolReply | undefined> {
    const effectId = effectIdFor(act, act.call.options.again ?? "");
    return this.#locks.hold(effectId, act.call.signal, () => this.#resolve(act, effectId, false));
  }

  /**
   * Judges a second act once it is known what became of the first, which nobody does meanwhile in this process. `judge`
   * gets the first when it stands with other arguments. While it is not known, that is the reply; throws `NeedsPerson`
   * when only a person can say.
   */
  onTopOfFirst(act: Act, judge: (first: EffectRecord | undefined) => Promise<ToolReply>): Promise<ToolReply> {
    const firstId = effectIdFor(act, "");
    return this.#locks.hold(firstId, act.call.signal, async () => {
      for (;;) {
        const first = await this.#newest(firstId);
        const { isHeld, isGoing } = await this.#knownOf(first, act.call.session);
        const isLost = first?.status === "claimed" && !isHeld;
        if (first && (isHeld || isGoing)) return this.#finish(act, answerTo("unsettled", first, act));
        if (!isLost) {
          // Somebody else may have settled it: it is not looked for again under its own lock.
          const open = await this.#openOf(act.call.session);
          for (const id of [firstId, first?.effectId ?? firstId]) open.delete(id);
          return judge(first?.status === "done" && first.argsDigest !== argsDigestOf(act) ? first : undefined);
        }
        const stuck = await this.#settleOne(act.call, first);
        if (stuck) return this.#finish(act, { reply: stuck, ran: false });
      }
    });
  }

  /** What an act is now that may have been taken back and done anew. */
  async #newest(effectId: string): Promise<EffectRecord | undefined> {
    const found = await this.#deps.store.effects.find(effectId);
    return found && isTakenBack(found) ? this.#newest(nextIdOf(effectId)) : found;
  }

  /**
   * Finds out what became of an act that was begun, as far as that can be told now; what is in the way is returned. The
   * act is never made again to learn it: where the outside cannot tell, and with `isLast` also where it cannot tell just
   * now, `NeedsPerson` is thrown. A person's answer holds also for code that never comes back.
   */
  async settleLost(call: ToolCall, effect: EffectRecord, isLast: boolean): Promise<Refusal | undefined> {
    const isAnswered = decidedDoubt(call, effect) !== undefined;
    const settled = () => this.#settleOne(call, effect, { mayRepeat: false, isAnswered });
    const stuck = await this.#locks.hold(effect.effectId, call.signal, settled);
    const isAtWork = this.#live.has(effect.effectId) && !isAnswered;
    if (isLast && (stuck || isAtWork)) return this.#settler.doubt(call, effect);
    return stuck ?? (isAtWork ? unsettled(effect, "it is still at work") : undefined);
  }

  /** Acts of the run whose outcome is not known, in the order in which they were begun. */
  async lostActs(session: RunSession): Promise<readonly EffectRecord[]> {
    return [...(await this.#openOf(session)).values()].filter(({ undoes }) => undoes === undefined);
  }

  /** What the code of an effect gets. */
  contextOf(effect: EffectRecord, signal: AbortSignal): ToolContext {
    return this.#settler.contextOf(effect, signal);
  }

  async #resolve(act: Act, effectId: string, mayClaim: boolean): Promise<ToolReply | undefined> {
    const { session, signal } = act.call;
    const { store } = this.#deps;
    for (;;) {
      signal.throwIfAborted();
      const told = session.turn(act.call.task.id, act.call.attempt, act.call.turnKey);
      if (told) return replyOf(told);
      const kill = session.stops.on(workOf(act.call));
      if (kill) return refuseStopped(act.call, kill);
      const found = await store.effects.find(effectId);
      if (found && isTakenBack(found)) return this.#resolve(act, nextIdOf(effectId), mayClaim);
      const verdict = judgeEffect(found, callerOf(act), await this.#knownOf(found, session));
      if (verdict === "claim") {
        const lost = act.tool.maxCostMicroUsd > 0 ? await this.lostActs(session) : [];
        const overrun = () => (mayClaim ? this.#budget.reserve(act, lost) : this.#budget.overrun(act, lost));
        const stopped = this.#brokenBy(act) ?? overrun();
        if (stopped) return this.#finish(act, stopped);
        if (!mayClaim) return undefined;
        const reply = await this.#claimAndRun(act, effectId, found);
        if (reply) return reply;
        continue;
      }
      // Every other verdict speaks of an effect that was found.
      if (!found) throw new Error(`Verdict ${verdict} without an effect.`);
      if (verdict === "reuse" && found.runId !== session.runId) {
        const reused = await this.#reuse(act, found);
        if (reused) return reused;
        continue;
      }
      if (verdict !== "settle_first") return this.#finish(act, answerTo(verdict, found, act));
      const stuck = await this.#settleOne(act.call, found);
      if (stuck) return this.#finish(act, { reply: stuck, ran: false });
    }
  }

  /** Claims the act, whose cost is reserved, and makes it; nothing when somebody else was first. */
  async #claimAndRun(act: Act, effectId: string, earlier: EffectRecord | undefined): Promise<ToolReply | undefined> {
    try {
      const beganAtMs = performance.now();
      const effect = await this.#claim(act, effectId, earlier);
      return effect && (await this.#run(act, effect, beganAtMs));
    } finally {
      this.#budget.release(act);
    }
  }

  /** The result of another run's act, with a note that this one rests on it; nothing when it is taken back meanwhile. */
  async #reuse(act: Act, found: EffectRecord): Promise<ToolReply | undefined> {
    const guard = this.#deps.store.effects.stands(found.effectId);
    try {
      return await this.#finish(act, { ...answerTo("reuse", found, act), guard });
    } catch (error) {
      if (hasCode(error, "already_decided")) return undefined;
      throw error;
    }
  }

  /** By what stands now; asked before a person is, and again with nothing between it and the claim. */
  #brokenBy({ call, tool, args }: Act): Outcome | undefined {
    const act = { taskId: call.task.id, tool: tool.name, args };
    const broken = brokenConstraint(call.session, {
      ...act,
      ...(call.result !== undefined && { result: call.result }),
    });
    if (!broken) return undefined;
    return { ...refused("constraint_broken", broken.reason), data: { constraint: broken.constraintId } };
  }

  async #knownOf(effect: EffectRecord | undefined, session: RunSession) {
    if (!effect) return { isHeld: false, isTold: false, isGoing: false };
    const turn = session.turn(effect.taskId, effect.attempt, effect.turnKey);
    const isTold = turn !== undefined && replyOf(turn).ok;
    const isHeld = effect.status === "claimed" && (await this.#isHeld(effect, session));
    return { isHeld, isTold, isGoing: await this.#isGoing(effect, session) };
  }

  /** Whether the effect's owner is still at it: abandoned code in this process, or another run under a lease. */
  async #isHeld(effect: EffectRecord, session: RunSession): Promise<boolean> {
    if (this.#live.has(effect.effectId)) return true;
    if (effect.runId === session.runId) return false;
    return this.#deps.store.runs.isHeld(effect.runId);
  }

  /** Whether another run that did it is about to take it back. */
  async #isGoing({ runId, status, undo }: EffectRecord, session: RunSession): Promise<boolean> {
    if (runId === session.runId || status !== "done" || undo) return false;
    const run = await this.#deps.store.runs.find(runId);
    return run?.ending !== undefined && !isTerminal(run.status);
  }

  /** Puts the claim on disk; nothing when somebody else was first, or when the kill switch was: then it is known here. */
  async #claim(act: Act, effectId: string, earlier: EffectRecord | undefined): Promise<EffectRecord | undefined> {
    const { call, ruling } = act;
    const effect = claimOf(act, effectId, this.#nextMoment(earlier));
    const claimed = eventOf("effect_claimed", effect, {
      turn: call.turnKey,
      ruling: ruling.outcome,
      rule: ruling.rule,
    });
    this.#live.add(effectId);
    try {
      const { effects, runs } = this.#deps.store;
      const statements = [
        ...runs.goOn(effect.runId),
        ...call.session.resources.guards(call.task.id),
        ...effects.claim(effect),
      ];
      await call.session.commit({ statements, events: [claimed] });
    } catch (error) {
      this.#live.delete(effectId);
      if (hasCode(error, "killed")) await call.session.stops.look();
      if (hasCode(error, "already_decided", "killed")) return undefined;
      if (hasCode(error, "run_finished")) call.signal.throwIfAborted();
      throw error;
    }
    (await this.#openOf(call.session)).set(effectId, effect);
    return effect;
  }

  /** Now, but later than the claim before: a claim is known by its moment. */
  #nextMoment(earlier: EffectRecord | undefined): Date {
    const now = this.#deps.clock.now();
    return earlier && earlier.claimedAt >= now ? new Date(earlier.claimedAt.getTime() + 1) : now;
  }

  /**
   * The reply of the act's code. Nothing when somebody else noted meanwhile that it was done, or when it stood still so
   * long that somebody else may be at it: then it is looked at anew. Who lost the run is refused.
   */
  async #run(act: Act, effect: EffectRecord, beganAtMs: number): Promise<ToolReply | undefined> {
    const { call, tool } = act;
    let inFlight: Promise<unknown> | undefined;
    try {
      const kill = call.session.stops.on(workOf(call));
      if (call.signal.aborted || kill) {
        await this.#giveBack(call.session, effect);
        throw kill && !call.signal.aborted ? new Stopped(workOf(call), killWords(kill)) : call.signal.reason;
      }
      if (performance.now() - beganAtMs > this.#deps.leaseMs * SHARE_LEFT) {
        await this.#giveBack(call.session, effect);
        return undefined;
      }
      const ran = await runSeen(call, tool, act.parsed, (signal) =>
        tool.run(act.parsed, this.#settler.contextOf(effect, signal)),
      );
      inFlight = "inFlight" in ran ? ran.inFlight : undefined;
      if (ran.kind === "aborted") throw ran.reason;
      if (ran.kind === "returned") return await this.#finishOwn(act, effect, this.#returned(act, effect, ran.value));
      return await this.#failed(act, effect, ran);
    } finally {
      if (inFlight) void inFlight.then(() => this.#live.delete(effect.effectId));
      else this.#live.delete(effect.effectId);
    }
  }

  /** The claim of an act that was not begun. */
  async #giveBack(session: RunSession, effect: EffectRecord): Promise<void> {
    await session.commit(this.#notDone(effect));
    (await this.#openOf(session)).delete(effect.effectId);
  }

  #returned(act: Act, effect: EffectRecord, value: unknown): Outcome {
    const output = outputOf(act.tool, value);
    const reply = output.ok ? { ok: true as const, value: output.value } : output.refusal;
    const result = output.ok ? output.value : undefined;
    return {
      reply,
      ran: true,
      data: { effect: effect.effectId },
      statements: this.#deps.store.effects.settle(effect.effectId, "done", result, this.#deps.clock.now(), effect),
      events: [eventOf("effect_done", effect, {})],
    };
  }

  /** The tool threw or was too late: unless its error says that nothing was done, the outside is asked at once. */
  async #failed(act: Act, effect: EffectRecord, ran: Exclude<Ran, { kind: "returned" }>) {
    const reply = failureOf(act.tool, ran);
    const open: Outcome = {
      reply: { ...reply, transient: true },
      ran: true,
      data: { effect: effect.effectId, open: true },
    };
    if ("inFlight" in ran) return this.#finish(act, open);
    const finding = saysNotDone(ran) ? NOT_DONE : await this.#settler.look(act.call, act.tool, effect);
    if (finding.kind === "done") return this.#finishOwn(act, effect, this.#returned(act, effect, finding.result));
    if (finding.kind === "not_done") {
      const data = { effect: effect.effectId };
      return this.#finishOwn(act, effect, { ...this.#notDone(effect), reply, ran: true, data });
    }
    if (finding.kind === "later") return this.#finish(act, open);
    return act.tool.idempotent ? this.#finish(act, { ...open, reply }) : this.#settler.doubt(act.call, effect);
  }

  #notDone(effect: EffectRecord) {
    return {
      statements: this.#deps.store.effects.settle(
        effect.effectId,
        "not_done",
        undefined,
        this.#deps.clock.now(),
        effect,
      ),
      events: [eventOf("effect_not_done", effect, {})],
    };
  }

  /** Before a task claims anything, every effect of it whose outcome was lost is settled. */
  async #settleOthers(call: ToolCall, ownId: string): Promise<Refusal | undefined> {
    const open = await this.#openOf(call.session);
    for (const effect of [...open.values()]) {
      if (effect.taskId !== call.task.id || effect.effectId === ownId || this.#live.has(effect.effectId)) continue;
      const stuck = await this.#locks.hold(effect.effectId, call.signal, () => this.#settleOne(call, effect));
      if (stuck) return stuck;
    }
    return undefined;
  }

  async #settleOne(
    call: ToolCall,
    known: EffectRecord,
    how = { mayRepeat: true, isAnswered: false },
  ): Promise<Refusal | undefined> {
    const effect = await this.#deps.store.effects.find(known.effectId);
    const isAtWork = () => this.#live.has(known.effectId) && !how.isAnswered;
    const isLost = effect?.status === "claimed" && !isAtWork();
    const stuck = isLost ? await this.#settler.settle(call, effect, how.mayRepeat) : undefined;
    if (!stuck && !isAtWork()) (await this.#openOf(call.session)).delete(known.effectId);
    return stuck;
  }

  async #openOf(session: RunSession): Promise<Map<string, EffectRecord>> {
    const known = this.#open.get(session) ?? this.#load(session);
    this.#open.set(session, known);
    try {
      return await known;
    } catch (error) {
      this.#open.delete(session);
      throw error;
    }
  }

  async #load(session: RunSession): Promise<Map<string, EffectRecord>> {
    const all = await this.#deps.store.effects.of(session.runId);
    return new Map(all.filter(({ status }) => status === "claimed").map((effect) => [effect.effectId, effect]));
  }

  /**
   * Records what became of an act that was claimed for this call. Somebody else may have settled it meanwhile: nothing
   * where they noted that it was done. Where they noted that it was not, the call still has its answer, since it is not
   * made again for it.
   */
  async #finishOwn(act: Act, effect: EffectRecord, outcome: Outcome): Promise<ToolReply | undefined> {
    const { effectId } = effect;
    const reply = await this.#finish(act, outcome).catch(async (error: unknown) => {
      if (!hasCode(error, "already_decided")) throw error;
      const found = await this.#deps.store.effects.find(effectId);
      return found?.status === "not_done" ? this.#finish(act, withoutSettling(outcome)) : undefined;
    });
    (await this.#openOf(act.call.session)).delete(effectId);
    return reply;
  }

  #finish(act: Act, outcome: Outcome): Promise<ToolReply> {
    return finishCall(act, outcome, this.#deps.clock.now());
  }
}

function withoutSettling({ statements: _, events: __, ...outcome }: Outcome): Outcome {
  return outcome;
}
