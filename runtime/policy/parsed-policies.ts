import type { DetailedError, SchemaJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyFault, PolicyText } from "../../core/policy.js";
import type { Cedar } from "./cedar.js";

/** Who wrote a policy: the package, whoever runs it, or the author of one mission. */
export type Origin = "package" | "administrator" | "mission";

/** A text of policies, and by whose hand. */
export interface OwnedText extends PolicyText {
  readonly origin: Origin;
}

/** One policy, with its annotations read. */
export interface ParsedPolicy {
  readonly id: string;
  /** One clause for people, from `@reason`. */
  readonly reason: string;
  readonly effect: "permit" | "forbid";
  readonly text: string;
  readonly source: string;
}

export interface ParsedPolicies {
  readonly policies: readonly ParsedPolicy[];
  readonly faults: readonly PolicyFault[];
}

const ID = /^[a-z][a-z0-9_]*$/u;

/**
 * Reads policies: each has an `@id` of its own and a `@reason`, none is a template, and those of a mission only forbid.
 * Every fault at once, with line and column.
 */
export function parsePolicies(cedar: Cedar, texts: readonly OwnedText[]): ParsedPolicies {
  const policies: ParsedPolicy[] = [];
  const faults: PolicyFault[] = [];
  for (const owned of texts) {
    const parts = cedar.policySetTextToParts(owned.text);
    if (parts.type === "failure") {
      faults.push(...parts.errors.map((error) => faultOf(owned, error)));
      continue;
    }
    for (const template of parts.policy_templates) {
      faults.push(faultAt(owned, template, "a template holds for nothing by itself; write the policy out"));
    }
    const inOrder = [...parts.policies].sort((a, b) => owned.text.indexOf(a) - owned.text.indexOf(b));
    for (const text of inOrder) {
      const read = readPolicy(cedar, owned, text);
      const namesake = policies.find(({ id }) => id === read.policy.id);
      faults.push(...read.faults);
      if (namesake) {
        faults.push(faultAt(owned, text, `the policy @id("${namesake.id}") is there already, in ${namesake.source}`));
      } else policies.push(read.policy);
    }
  }
  return { policies, faults };
}

/** What the schema of calls says against policies: unknown tools, arguments and attributes, wrong types, what can never hold. */
export function validatePolicies(
  cedar: Cedar,
  texts: readonly OwnedText[],
  schema: SchemaJson<string>,
): readonly PolicyFault[] {
  return texts.flatMap((owned) => {
    const answer = cedar.validate({ schema, policies: { staticPolicies: owned.text } });
    if (answer.type === "failure") return answer.errors.map((error) => faultOf(owned, error));
    const found = answer.validationErrors.length > 0 ? answer.validationErrors : answer.validationWarnings;
    return found.map(({ error }) => faultOf(owned, error));
  });
}

function readPolicy(
  cedar: Cedar,
  owned: OwnedText,
  text: string,
): { readonly policy: ParsedPolicy; readonly faults: readonly PolicyFault[] } {
  const answer = cedar.policyToJson(text);
  if (answer.type === "failure") throw new Error(`A policy that was read cannot be read again: ${text}`);
  const { annotations = {}, effect } = answer.json;
  const { id = "", reason = "" } = annotations;
  const faults: PolicyFault[] = [];
  if (!ID.test(id)) {
    faults.push(faultAt(owned, text, 'a policy needs a name: @id("lower_case_words"), once among all policies'));
  }
  if (reason.trim() === "") {
    faults.push(faultAt(owned, text, 'a policy needs @reason("…"): one clause that the person asked understands'));
  }
  if (owned.origin === "mission" && effect === "permit") faults.push(loosens(owned, text, id));
  return { policy: { id, reason, effect, text, source: owned.source }, faults };
}

function loosens(owned: OwnedText, text: string, id: string): PolicyFault {
  const message =
    `the policy "${id}" permits, which would loosen what is forbidden or asked otherwise. A mission only forbids; for a ` +
    "call that a person must agree to, write: forbid (…) when { … } unless { context.approved };";
  return { ...faultAt(owned, text, message), code: "policy_loosens" };
}

function faultAt(owned: OwnedText, part: string, message: string): PolicyFault {
  const at = Math.max(0, owned.text.indexOf(part));
  return { code: "policy_invalid", source: owned.source, ...placeOf(owned.text.slice(0, at)), message };
}

function faultOf(owned: OwnedText, error: DetailedError): PolicyFault {
  const [first] = error.sourceLocations ?? [];
  const before = Buffer.from(owned.text)
    .subarray(0, first?.start ?? 0)
    .toString("utf8");
  const what = error.message.replace(/^(?:for policy `\w+`|failed to parse policies from string)[,:] /u, "");
  const hint = [error.help, first?.label].filter((words) => typeof words === "string" && words !== "");
  return {
    code: "policy_invalid",
    source: owned.source,
    ...placeOf(before),
    message: [what, ...hint].join("; "),
  };
}

/** Line and column, from 1, of what follows this text. */
function placeOf(before: string): { readonly line: number; readonly column: number } {
  const lines = before.split("\n");
  return { line: lines.length, column: [...(lines.at(-1) ?? "")].length + 1 };
}
