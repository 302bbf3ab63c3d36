import type { CedarValueJson, Context, EntityJson, TypeAndId } from "@cedar-policy/cedar-wasm/nodejs";
import type { Json } from "../../core/digest.js";
import type { PolicyAgent, PolicyQuestion, RuleBook, Ruling } from "../../core/policy.js";
import { amountOf } from "../../core/policy.js";
import type { ToolDefinition } from "../../core/tool.js";
import { heldArguments } from "./call-schema.js";
import type { Cedar } from "./cedar.js";
import type { Held } from "./held.js";
import { decimal, toCedarValue } from "./held.js";
import type { ParsedPolicy } from "./parsed-policies.js";

/** How one of the two questions is answered, and by which policies. */
interface Answer {
  readonly isAllowed: boolean;
  readonly permits: readonly ParsedPolicy[];
  readonly forbids: readonly ParsedPolicy[];
}

const NOTHING: Ruling = { outcome: "forbidden", rule: "default_is_nothing", reason: "no policy allows it" };
const NO_AMOUNT: Ruling = {
  outcome: "forbidden",
  rule: "amount_is_known",
  reason: "the amount that it moves cannot be told from its arguments",
};

/** Rulings by parsed policies. What does not depend on a call's arguments, task and case is worked out once. */
export class CedarRuleBook implements RuleBook {
  readonly version: string;
  readonly #cedar: Cedar;
  readonly #policies: ReadonlyMap<string, ParsedPolicy>;
  readonly #outlooks = new WeakMap<ToolDefinition, Map<string, Ruling | undefined>>();
  readonly #held = new WeakMap<ToolDefinition, Held>();

  /** `version` names the policies: the engine keeps each parsed set under it. */
  constructor(cedar: Cedar, policies: readonly ParsedPolicy[], version: string) {
    this.version = version;
    this.#cedar = cedar;
    this.#policies = new Map(policies.map((policy) => [policy.id, policy]));
    const parsed = cedar.preparsePolicySet(version, { staticPolicies: this.#texts() });
    if (parsed.type === "failure")
      throw new Error(`Policies that were read cannot be read again: ${parsed.errors[0]?.message}`);
  }

  rule(question: PolicyQuestion): Ruling {
    const amount = amountOf(question.tool, question.args);
    if (amount !== undefined && !(Number.isFinite(amount) && amount >= 0)) return NO_AMOUNT;
    return this.outlook(question.tool, question.agent) ?? this.#ruleOn(question, amount);
  }

  outlook(tool: ToolDefinition, agent: PolicyAgent): Ruling | undefined {
    const known = this.#outlooks.get(tool) ?? new Map<string, Ruling | undefined>();
    this.#outlooks.set(tool, known);
    const key = JSON.stringify([agent.id, agent.slug, agent.name]);
    if (!known.has(key)) known.set(key, this.#foresee(tool, agent));
    return known.get(key);
  }

  #foresee(tool: ToolDefinition, agent: PolicyAgent): Ruling | undefined {
    const alone = this.#askPartly(tool, agent, false);
    const agreed = this.#askPartly(tool, agent, true);
    return alone && agreed && rulingOf(alone, agreed);
  }

  #ruleOn(question: PolicyQuestion, amount: number | undefined): Ruling {
    const alone = this.#ask(question, amount, false);
    return rulingOf(alone, alone.isAllowed ? alone : this.#ask(question, amount, true));
  }

  #ask({ tool, args, agent, place }: PolicyQuestion, amount: number | undefined, approved: boolean): Answer {
    const held = this.#held.get(tool) ?? heldArguments(tool);
    this.#held.set(tool, held);
    const task = { type: "Task", id: `${place.missionId}/${place.taskId}` };
    const mission = { type: "Mission", id: place.missionId };
    const answer = this.#cedar.statefulIsAuthorized({
      principal: { type: "Agent", id: agent.id },
      action: actionOf(tool),
      resource: task,
      context: {
        ...declared(tool, approved),
        ...(amount !== undefined && { amountUsd: decimal(amount) }),
        args: toCedarValue(held, plain(args)) ?? {},
        task: { id: place.taskId, skill: place.skill },
        case: { id: place.caseId },
      },
      preparsedPolicySetId: this.version,
      entities: [agentEntity(agent), { uid: task, attrs: {}, parents: [mission] }],
    });
    if (answer.type === "failure")
      throw new Error(`The call of ${tool.name} cannot be ruled on: ${answer.errors[0]?.message}`);
    const { decision, diagnostics } = answer.response;
    const broken = this.#named(diagnostics.errors.map(({ policyId }) => policyId)).filter(isForbid);
    const named = this.#named(diagnostics.reason);
    return {
      isAllowed: decision === "allow" && broken.length === 0,
      permits: named.filter((policy) => !isForbid(policy)),
      forbids: [...named.filter(isForbid), ...broken.map(notWeighed)],
    };
  }

  /** The answer to a question of which only the tool and the agent are known; nothing when the rest decides. */
  #askPartly(tool: ToolDefinition, agent: PolicyAgent, approved: boolean): Answer | undefined {
    const answer = this.#cedar.isAuthorizedPartial({
      principal: { type: "Agent", id: agent.id },
      action: actionOf(tool),
      resource: null,
      context: {
        ...declared(tool, approved),
        ...(tool.amountUsd && { amountUsd: unknownValue("amountUsd") }),
        args: unknownValue("args"),
        task: unknownValue("task"),
        case: unknownValue("case"),
      },
      policies: { staticPolicies: this.#texts() },
      entities: [agentEntity(agent)],
    });
    if (answer.type === "failure") return undefined;
    const { decision, satisfied, errored } = answer.response;
    if (decision === null || this.#named(errored).some(isForbid)) return undefined;
    const named = this.#named(satisfied);
    return {
      isAllowed: decision === "allow",
      permits: named.filter((policy) => !isForbid(policy)),
      forbids: named.filter(isForbid),
    };
  }

  /** In the order in which they were read, so that the same call is always explained by the same policy. */
  #named(ids: readonly string[]): readonly ParsedPolicy[] {
    return [...this.#policies.values()].filter(({ id }) => ids.includes(id));
  }

  #texts(): Record<string, string> {
    return Object.fromEntries([...this.#policies.values()].map(({ id, text }) => [id, text]));
  }
}

/** Two questions, three rulings. */
function rulingOf(alone: Answer, agreed: Answer): Ruling {
  if (alone.isAllowed) return by("auto", alone.permits[0]);
  if (agreed.isAllowed) return by("ask", alone.forbids[0] ?? agreed.permits[0]);
  return by("forbidden", agreed.forbids[0]);
}

function by(outcome: Ruling["outcome"], policy: ParsedPolicy | undefined): Ruling {
  if (!policy) return { ...NOTHING, outcome };
  return { outcome, rule: policy.id, reason: policy.reason, source: policy.source };
}

function isForbid({ effect }: ParsedPolicy): boolean {
  return effect === "forbid";
}

/** A forbid that breaks on a call may have meant it: the call is not made. */
function notWeighed(policy: ParsedPolicy): ParsedPolicy {
  return { ...policy, reason: `${policy.reason} (it could not be weighed, so it counts)` };
}

function declared(tool: ToolDefinition, approved: boolean): Context {
  return {
    effect: tool.effect,
    reach: reachOf(tool),
    deletes: tool.deletes === true,
    approved,
    ...dataClassesOf(tool),
  };
}

function reachOf({ reach }: ToolDefinition): string {
  return reach ?? "outside";
}

function dataClassesOf({ dataClasses }: ToolDefinition) {
  return { dataClasses: [...(dataClasses ?? [])] };
}

function actionOf({ name }: ToolDefinition): TypeAndId {
  return { type: "Action", id: name };
}

function agentEntity({ id, slug, name }: PolicyAgent): EntityJson {
  return { uid: { type: "Agent", id }, attrs: { slug, name }, parents: [] };
}

function unknownValue(name: string): CedarValueJson {
  return { __extn: { fn: "unknown", arg: name } };
}

function plain(value: unknown): Json | undefined {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}
