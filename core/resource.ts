import type { Scope } from "./expression.js";
import { ExpressionError, evaluate } from "./expression.js";
import type { Mission } from "./mission.js";

const PLACEHOLDER = /\{\{(?<long>.+?)\}\}|\{(?<short>[^{}]+)\}/gu;
const MAX_LENGTH = 200;
const CONTROL = /\p{Cc}/u;

/** The CEL expressions in the braces of a resource as a mission writes it (`customer:{case.customer_id}`). */
export function expressionsOfResource(pattern: string): readonly string[] {
  return [...pattern.matchAll(PLACEHOLDER)].map(({ groups }) => inside(groups));
}

/** What is wrong with the words around the expressions; nothing when all is well. */
export function resourceFaultOf(pattern: string): string | undefined {
  const around = pattern.replaceAll(PLACEHOLDER, "");
  if (/[{}]/u.test(around)) return `"${pattern}" has a brace without its other half.`;
  if (CONTROL.test(around)) return `"${pattern}" has a control character.`;
  return undefined;
}

/**
 * The name of a resource, its braces filled in. Throws `ExpressionError` where one gives no text, number or truth value,
 * or an empty text: an absent id must not make strangers share a resource.
 */
export function resourceName(pattern: string, scope: Scope): string {
  const name = pattern.replaceAll(PLACEHOLDER, (...match) => {
    const expression = inside(match.at(-1));
    const value = evaluate(expression, scope);
    if (value !== null && typeof value !== "object" && value !== "") return String(value);
    const message = `gives ${JSON.stringify(value)}, but the resource "${pattern}" needs a text or a number.`;
    throw new ExpressionError(expression, { column: 1, message });
  });
  if (name.length <= MAX_LENGTH && !CONTROL.test(name)) return name;
  const message = `makes a name of ${name.length} characters; a resource has at most ${MAX_LENGTH}, none of them a control character.`;
  throw new ExpressionError(pattern, { column: 1, message });
}

/** True when some task of the mission may have to wait for another because of what it writes. */
export function declaresResources({ tasks, constraints = [] }: Pick<Mission, "tasks" | "constraints">): boolean {
  return constraints.length > 0 || tasks.some((task) => (task.resources?.length ?? 0) > 0);
}

function inside(groups: { long?: string; short?: string } | undefined): string {
  return (groups?.long ?? groups?.short ?? "").trim();
}
