import { NeedsPerson } from "../core/approval.js";
import { didYouMean } from "../core/lookup.js";
import type { Ruling } from "../core/policy.js";
import { rulingOn, rulingOnSecondAct } from "../core/policy.js";
import type { EffectRecord } from "../core/records.js";
import type { Toolbox, ToolCall } from "../core/session.js";
import type { ToolDefinition, ToolReply } from "../core/tool.js";
import { wordOfAuthority, wordOn } from "./gate-asks.js";
import type { Act, GateDeps, Outcome } from "./gate-call.js";
import { finishCall, parseBy, recordCall, refused, replyOf } from "./gate-call.js";
import { EffectDesk } from "./gate-effects.js";
import { failureOf, outputOf } from "./gate-run.js";
import { runSeen } from "./gate-trace.js";

/**
 * The one door to tools. In this order: what the journal holds is answered from it; the tool is registered; its
 * arguments parse; the agent holds it and the playbook declared it; the ruling and, where it says so, a person; the
 * effect is claimed; the tool runs within its limit; its answer parses; turn, outcome and event are one unit.
 */
export function createGate(deps: GateDeps): Toolbox {
  const tools = new Map(deps.tools.map((tool) => [tool.name, tool]));
  return new Gate(deps, tools);
}

class Gate implements Toolbox {
  readonly #deps: GateDeps;
  readonly #tools: ReadonlyMap<string, ToolDefinition>;
  readonly #effects: EffectDesk;

  constructor(deps: GateDeps, tools: ReadonlyMap<string, ToolDefinition>) {
    this.#deps = deps;
    this.#tools = tools;
    this.#effects = new EffectDesk(deps, tools);
  }

  rulingOf(tool: string): "auto" | "ask" | "forbidden" {
    return rulingOn(this.#tools.get(tool)).outcome;
  }

  async call(call: ToolCall): Promise<ToolReply> {
    const told = call.session.turn(call.task.id, call.attempt, call.turnKey);
    if (told) return replyOf(told);
    call.signal.throwIfAborted();
    const startedAt = this.#deps.clock.now();
    const admitted = this.#admit(call, startedAt);
    if ("reply" in admitted) return recordCall(call, admitted, { startedAt, now: startedAt });
    const ruled = await this.#rule(admitted);
    if (ruled.act.ruling.outcome === "forbidden") {
      return this.#finish(ruled.act, refused("forbidden", `${call.tool} is forbidden: ${ruled.act.ruling.reason}.`));
    }
    return this.#goOn(ruled.act, ruled.first);
  }

  /** Registered, arguments, holder. */
  #admit(call: ToolCall, startedAt: Date): Act | Outcome {
    const tool = this.#tools.get(call.tool);
    if (!tool) {
      const near = didYouMean(call.tool, call.agent.tools);
      return refused("unknown_tool", `There is no tool "${call.tool}".${near} ${heldBy(call)}`);
    }
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
      ruling: rulingOn(tool),
      applied: [],
      isEdited: false,
      startedAt,
    };
  }

  /** A second act after a first with other arguments is never done without a person, whatever the tool's own ruling. */
  async #rule(act: Act): Promise<{ act: Act; first: EffectRecord | undefined }> {
    const isSecond = act.tool.effect !== "reads" && (act.call.options.again ?? "") !== "";
    const first = isSecond ? await this.#effects.firstOf(act) : undefined;
    const ruling: Ruling = first ? rulingOnSecondAct(act.ruling) : act.ruling;
    return { act: { ...act, ruling }, first };
  }

  /** A person's word where one is needed, then the act. What was done already needs no word. */
  async #goOn(act: Act, first: EffectRecord | undefined): Promise<ToolReply> {
    const { authority } = act.call;
    if (!authority && act.ruling.outcome === "auto") return this.#do(act);
    const word = authority ? wordOfAuthority(act, authority) : wordOn(act, first);
    if (word.kind === "over") return this.#finish(act, word.outcome);
    if (word.kind === "granted") return this.#do(word.act);
    const foreseen = act.tool.effect === "reads" ? undefined : await this.#effects.foreseen(act);
    if (foreseen) return foreseen;
    throw new NeedsPerson(word.draft);
  }

  #do(act: Act): Promise<ToolReply> {
    return act.tool.effect === "reads" ? this.#read(act) : this.#effects.perform(act);
  }

  async #read(act: Act): Promise<ToolReply> {
    const { call, tool } = act;
    const { services, clock } = this.#deps;
    const context = {
      ...services,
      idempotencyKey: "",
      agentId: call.agent.id,
      runId: call.session.runId,
      now: () => clock.now(),
    };
    const ran = await runSeen(call, tool, act.parsed, (signal) => tool.run(act.parsed, { ...context, signal }));
    if (ran.kind === "aborted") throw call.signal.reason;
    if (ran.kind !== "returned") return this.#finish(act, { reply: failureOf(tool, ran), ran: true });
    const output = outputOf(tool, ran.value);
    return this.#finish(act, { reply: output.ok ? { ok: true, value: output.value } : output.refusal, ran: true });
  }

  #finish(act: Act, outcome: Outcome): Promise<ToolReply> {
    return finishCall(act, outcome, this.#deps.clock.now());
  }
}

function heldBy(call: ToolCall): string {
  return `It holds: ${call.agent.tools.join(", ") || "no tools"}.`;
}
