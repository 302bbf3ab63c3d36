import { NeedsPerson } from "../core/approval.js";
import type { JsonObject } from "../core/digest.js";
import { hasCode } from "../core/errors.js";
import { writtenOut } from "../core/look-alike.js";
import { didYouMean } from "../core/lookup.js";
import { rulingOnSecondAct } from "../core/policy.js";
import type { EffectRecord } from "../core/records.js";
import type { ForeseenAct, RunSession, TakeBackCall, Toolbox, ToolCall, UndoCall, UndoReply } from "../core/session.js";
import type { ToolDefinition, ToolReply } from "../core/tool.js";
import { coveredBy, rulingAgreedTo, wordOfAuthority, wordOn } from "./gate-asks.js";
import { GateBudget } from "./gate-budget.js";
import type { Act, Admitted, GateDeps, Outcome } from "./gate-call.js";
import { finishCall, parseBy, recordCall, refused, replyOf } from "./gate-call.js";
import { keyFault } from "./gate-claims.js";
import { EffectDesk } from "./gate-effects.js";
import { refuseStopped, workOf } from "./gate-kill.js";
import { argumentsFault } from "./gate-limits.js";
import { UNREADABLE, weigh } from "./gate-ruling.js";
import { failureOf, outputOf } from "./gate-run.js";
import { secretFault } from "./gate-secrets.js";
import { runSeen } from "./gate-trace.js";
import { UndoDesk } from "./gate-undo.js";

/**
 * The one door to tools. In this order: what the journal holds is answered from it; the tool is registered; its
 * arguments parse; the agent holds it and the playbook declared it; the kill switch is off; the ruling and, where it says so, a person;
 * what it may cost is left of the run's budget, which is looked at before a person is asked and again before the act; the effect is
 * claimed; the tool runs within its limit; its answer parses; turn, outcome and event are one unit. What the budget does
 * not let through is refused: a run does not wait for more money yet, and agents have no budgets of their own.
 */
export function createGate(deps: GateDeps): Toolbox {
  return new Gate(deps);
}

class Gate implements Toolbox {
  readonly #deps: GateDeps;
  readonly #budget: GateBudget;
  readonly #effects: EffectDesk;
  readonly #undo: UndoDesk;

  constructor(deps: GateDeps) {
    this.#deps = deps;
    this.#budget = new GateBudget(deps);
    this.#effects = new EffectDesk(deps, this.#budget);
    this.#undo = new UndoDesk(deps, this.#effects);
  }

  maxCostMicroUsdOf(tool: string): number {
    return this.#deps.tools.tool(tool)?.maxCostMicroUsd ?? 0;
  }

  undo(call: TakeBackCall): Promise<UndoReply> {
    return this.#undo.undo(call);
  }

  lostActs(session: RunSession): Promise<readonly EffectRecord[]> {
    return this.#effects.lostActs(session);
  }

  findOut(call: UndoCall): Promise<UndoReply> {
    return this.#undo.findOut(call);
  }

  async coverage(call: ForeseenAct): Promise<JsonObject | undefined> {
    const { args } = call;
    const tool = await this.#deps.tools.findTool(call.tool);
    if (!tool || argumentsFault(args) !== undefined) return undefined;
    const parsed = parseBy(tool.input, args);
    if (!parsed.ok) return undefined;
    const foreseen = { call, tool, args, parsed: parsed.value };
    try {
      return coveredBy({ ...foreseen, ...(await weigh(this.#deps.policies, foreseen)) });
    } catch (error) {
      if (hasCode(error, ...UNREADABLE)) return undefined;
      throw error;
    }
  }

  async call(call: ToolCall): Promise<ToolReply> {
    const told = call.session.turn(call.task.id, call.attempt, call.turnKey);
    if (told) return replyOf(told);
    call.signal.throwIfAborted();
    const startedAt = this.#deps.clock.now();
    const fault = argumentsFault(call.args);
    if (fault !== undefined) {
      const refusal = refused("bad_arguments", `The arguments are not looked at. ${fault}`);
      return recordCall({ ...call, args: null }, refusal, { startedAt, now: startedAt });
    }
    const admitted = admit(call, await this.#deps.tools.findTool(call.tool), startedAt);
    if ("reply" in admitted) return recordCall(call, admitted, { startedAt, now: startedAt });
    const kill = call.session.stops.on(workOf(call));
    if (kill) return refuseStopped(call, kill);
    const ruled = await this.#rule(admitted);
    return "reply" in ruled ? recordCall(call, ruled, { startedAt, now: startedAt }) : this.#goOn(ruled);
  }

  /** The ruling of the policies that hold for the run's mission, on arguments that name an act. */
  async #rule(asked: Admitted): Promise<Act | Outcome> {
    const { session } = asked.call;
    const fault = keyFault(asked);
    if (fault !== undefined) return refused("bad_arguments", fault);
    try {
      const policyVersion = await this.#deps.policies.versionFor(session.mission.policies ?? []);
      const agreed = rulingAgreedTo(asked, policyVersion);
      return { ...asked, ...(agreed ? { ruling: agreed, policyVersion } : await weigh(this.#deps.policies, asked)) };
    } catch (error) {
      if (!hasCode(error, ...UNREADABLE)) throw error;
      return refused("forbidden", `${asked.tool.name} cannot be ruled on. ${error.message}`);
    }
  }

  /** A second act after a first with other arguments is never done without a person, whatever its own ruling. */
  async #goOn(ruled: Act): Promise<ToolReply> {
    if (ruled.ruling.outcome === "forbidden") return this.#finish(ruled, forbidden(ruled));
    const isSecond = ruled.tool.effect !== "reads" && (ruled.call.options.again ?? "") !== "";
    return isSecond ? this.#effects.onTopOfFirst(ruled, (first) => this.#asRuled(ruled, first)) : this.#asRuled(ruled);
  }

  #asRuled(ruled: Act, first?: EffectRecord): Promise<ToolReply> {
    const act = first ? { ...ruled, ruling: rulingOnSecondAct(ruled.ruling) } : ruled;
    if (!act.call.authority && act.ruling.outcome === "auto") return this.#do(act);
    return this.#asAgreed(act, first);
  }

  /** A person's word, then the act; what was done already needs no word. What a person edited is ruled on anew. */
  async #asAgreed(act: Act, first: EffectRecord | undefined): Promise<ToolReply> {
    const { authority } = act.call;
    const word = authority ? wordOfAuthority(act, authority, first) : wordOn(act, first);
    if (word.kind === "over") return this.#finish(act, word.outcome);
    if (word.kind === "granted") {
      const ruled = word.act.isEdited ? await this.#rule(word.act) : word.act;
      if ("reply" in ruled) return this.#finish(word.act, { ...ruled, applied: word.act.applied });
      return ruled.ruling.outcome === "forbidden" ? this.#finish(ruled, forbidden(ruled)) : this.#do(ruled);
    }
    const isReading = act.tool.effect === "reads";
    const over = isReading ? this.#budget.overrun(act, await this.#lostBeside(act)) : undefined;
    if (over) return this.#finish(act, over);
    const foreseen = isReading ? undefined : await this.#effects.foreseen(act);
    if (foreseen) return foreseen;
    throw new NeedsPerson(word.draft);
  }

  #do(act: Act): Promise<ToolReply> {
    return act.tool.effect === "reads" ? this.#read(act) : this.#effects.perform(act);
  }

  async #read(act: Act): Promise<ToolReply> {
    const { call, tool } = act;
    const { services, clock } = this.#deps;
    const over = this.#budget.reserve(act, await this.#lostBeside(act));
    if (over) return this.#finish(act, over);
    const context = {
      ...services,
      idempotencyKey: "",
      agentId: call.agent.id,
      runId: call.session.runId,
      now: () => clock.now(),
    };
    const ran = await runSeen(call, tool, act.parsed, (signal) => tool.run(act.parsed, { ...context, signal }));
    if (ran.kind === "aborted") throw ran.reason;
    const output =
      ran.kind === "returned" ? outputOf(tool, ran.value) : { ok: false as const, refusal: failureOf(tool, ran) };
    const reply = output.ok ? { ok: true as const, value: output.value } : output.refusal;
    const told = await this.#finish(act, { reply, ran: true });
    this.#budget.release(act);
    return told;
  }

  /** Acts of unknown outcome, as far as it matters what they may have cost. */
  async #lostBeside({ call, tool }: Act): Promise<readonly EffectRecord[]> {
    return tool.maxCostMicroUsd > 0 ? this.#effects.lostActs(call.session) : [];
  }

  #finish(act: Act, outcome: Outcome): Promise<ToolReply> {
    return finishCall(act, outcome, this.#deps.clock.now());
  }
}

/** Registered, arguments, holder. */
function admit(call: ToolCall, tool: ToolDefinition | undefined, startedAt: Date): Admitted | Outcome {
  if (!tool) {
    const near = didYouMean(call.tool, call.agent.tools);
    return refused("unknown_tool", `There is no tool "${writtenOut(call.tool)}".${near} ${heldBy(call)}`);
  }
  const secret = secretFault(tool.name, call.args);
  if (secret !== undefined) return refused("bad_arguments", secret);
  const parsed = parseBy(tool.input, call.args);
  if (!parsed.ok) return refused("bad_arguments", `The arguments do not fit ${tool.name}. ${parsed.reason}`);
  if (!call.agent.tools.includes(tool.name)) {
    return refused("not_held", `${call.agent.name} does not hold ${tool.name}. ${heldBy(call)}`);
  }
  if (!call.declared.includes(tool.name)) {
    return refused(
      "not_held",
      `${tool.name} is not among the tools that this playbook declares: ${call.declared.join(", ") || "none"}.`,
    );
  }
  return {
    call,
    tool,
    args: call.args,
    parsed: parsed.value,
    applied: [],
    isEdited: false,
    startedAt,
  };
}

function forbidden({ tool, ruling }: Act): Outcome {
  return refused("forbidden", `${tool.name} is forbidden: ${ruling.reason} (${ruling.rule}).`);
}

function heldBy(call: ToolCall): string {
  return `It holds: ${call.agent.tools.join(", ") || "no tools"}.`;
}
