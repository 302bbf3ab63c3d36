import { judgeEffect } from "../core/effect.js";
import { hasCode } from "../core/errors.js";
import type { EffectRecord } from "../core/records.js";
import type { RunSession, ToolCall } from "../core/session.js";
import type { ToolDefinition, ToolReply } from "../core/tool.js";
import type { Act, GateDeps, Outcome, Refusal } from "./gate-call.js";
import { finishCall, replyOf } from "./gate-call.js";
import { answerTo, argsDigestOf, callerOf, claimOf, effectIdFor } from "./gate-claims.js";
import { KeyedLock } from "./gate-lock.js";
import type { Ran } from "./gate-run.js";
import { failureOf, outputOf } from "./gate-run.js";
import { eventOf, Settler } from "./gate-settle.js";
import { runSeen } from "./gate-trace.js";

/** Does effects at most once: claim on disk, act, outcome on disk. Two calls of one effect go one after the other. */
export class EffectDesk {
  readonly #deps: GateDeps;
  readonly #settler: Settler;
  readonly #locks = new KeyedLock();
  /** Effects whose code runs in this process, abandoned code included. */
  readonly #live = new Set<string>();
  /** Claimed effects of a run, loaded once for each session, then kept along. */
  readonly #open = new WeakMap<RunSession, Promise<Map<string, EffectRecord>>>();

  constructor(deps: GateDeps, tools: ReadonlyMap<string, ToolDefinition>) {
    this.#deps = deps;
    this.#settler = new Settler(deps, tools, this.#live);
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

  /** The act that a second one with other arguments would come on top of. */
  async firstOf(act: Act): Promise<EffectRecord | undefined> {
    const first = await this.#deps.store.effects.find(effectIdFor(act, ""));
    return first?.status === "done" && first.argsDigest !== argsDigestOf(act) ? first : undefined;
  }

  async #resolve(act: Act, effectId: string, mayClaim: boolean): Promise<ToolReply | undefined> {
    const { session, signal } = act.call;
    const { store } = this.#deps;
    for (;;) {
      signal.throwIfAborted();
      const told = session.turn(act.call.task.id, act.call.attempt, act.call.turnKey);
      if (told) return replyOf(told);
      const found = await store.effects.find(effectId);
      const verdict = judgeEffect(found, callerOf(act), await this.#knownOf(found, session));
      if (verdict === "claim") {
        if (!mayClaim) return undefined;
        const effect = await this.#claim(act, effectId, found);
        if (effect) return this.#run(act, effect);
        continue;
      }
      // Every other verdict speaks of an effect that was found.
      if (!found) throw new Error(`Verdict ${verdict} without an effect.`);
      if (verdict !== "settle_first") return this.#finish(act, answerTo(verdict, found, act));
      const stuck = await this.#settleOne(act.call, found);
      if (stuck) return this.#finish(act, { reply: stuck, ran: false });
    }
  }

  async #knownOf(effect: EffectRecord | undefined, session: RunSession) {
    if (!effect) return { isHeld: false, isTold: false };
    const turn = session.turn(effect.taskId, effect.attempt, effect.turnKey);
    const isTold = turn !== undefined && replyOf(turn).ok;
    return { isHeld: effect.status === "claimed" && (await this.#isHeld(effect, session)), isTold };
  }

  /** Whether the effect's owner is still at it: abandoned code in this process, or another run under a lease. */
  async #isHeld(effect: EffectRecord, session: RunSession): Promise<boolean> {
    if (this.#live.has(effect.effectId)) return true;
    if (effect.runId === session.runId) return false;
    return this.#deps.store.runs.isHeld(effect.runId);
  }

  /** Puts the claim on disk; nothing when somebody else was first. */
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
      const statements = [...runs.goOn(effect.runId), ...effects.claim(effect)];
      await call.session.commit({ statements, events: [claimed] });
    } catch (error) {
      this.#live.delete(effectId);
      if (hasCode(error, "already_decided")) return undefined;
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

  async #run(act: Act, effect: EffectRecord): Promise<ToolReply> {
    const { call, tool } = act;
    let inFlight: Promise<unknown> | undefined;
    try {
      if (call.signal.aborted) {
        await call.session.commit(this.#notDone(effect));
        (await this.#openOf(call.session)).delete(effect.effectId);
        throw call.signal.reason;
      }
      const ran = await runSeen(call, tool, act.parsed, (signal) =>
        tool.run(act.parsed, this.#settler.contextOf(effect, signal)),
      );
      inFlight = "inFlight" in ran ? ran.inFlight : undefined;
      if (ran.kind === "aborted") throw call.signal.reason;
      if (ran.kind === "returned") return await this.#finish(act, this.#returned(act, effect, ran.value), effect);
      return await this.#failed(act, effect, ran);
    } finally {
      if (inFlight) void inFlight.then(() => this.#live.delete(effect.effectId));
      else this.#live.delete(effect.effectId);
    }
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

  /** The tool threw or was too late: that does not say whether the act happened, so the outside is asked at once. */
  async #failed(act: Act, effect: EffectRecord, ran: Exclude<Ran, { kind: "returned" }>): Promise<ToolReply> {
    const reply = failureOf(act.tool, ran);
    const open: Outcome = {
      reply: { ...reply, transient: true },
      ran: true,
      data: { effect: effect.effectId, open: true },
    };
    if ("inFlight" in ran) return this.#finish(act, open);
    const finding = await this.#settler.look(act.call, act.tool, effect);
    if (finding.kind === "done") return this.#finish(act, this.#returned(act, effect, finding.result), effect);
    if (finding.kind === "not_done") {
      return this.#finish(
        act,
        { ...this.#notDone(effect), reply, ran: true, data: { effect: effect.effectId } },
        effect,
      );
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

  async #settleOne(call: ToolCall, known: EffectRecord): Promise<Refusal | undefined> {
    const effect = await this.#deps.store.effects.find(known.effectId);
    const isLost = effect?.status === "claimed" && !this.#live.has(effect.effectId);
    const stuck = isLost ? await this.#settler.settle(call, effect) : undefined;
    if (!stuck && !this.#live.has(known.effectId)) (await this.#openOf(call.session)).delete(known.effectId);
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

  async #finish(act: Act, outcome: Outcome, settled?: EffectRecord): Promise<ToolReply> {
    const reply = await finishCall(act, outcome, this.#deps.clock.now());
    if (settled) (await this.#openOf(act.call.session)).delete(settled.effectId);
    return reply;
  }
}
