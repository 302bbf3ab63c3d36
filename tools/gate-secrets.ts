import type { Json } from "../core/digest.js";
import { SHOWN_SECRET, secretWithin } from "../core/redact.js";
import { holdsSecret, keepNamedOut } from "../core/secret.js";

/**
 * Why arguments cannot be passed on, when they hold a secret, its value, or the signs that stand where one was: what an
 * agent passes is recorded and shown, and a tool that needs a secret reads it itself. Nothing when they hold none.
 */
export function secretFault(tool: string, args: Json): string | undefined {
  const own = `Leave it out: ${tool} reads the secrets that it needs itself.`;
  if (holdsSecret(args)) return `The arguments hold a secret. ${own}`;
  keepNamedOut();
  const name = secretWithin(args);
  if (name !== undefined) return `The arguments hold the value of the secret ${name}. ${own}`;
  return holdsSigns(args) ? `The arguments hold "${SHOWN_SECRET}", which stands where a secret was. ${own}` : undefined;
}

function holdsSigns(value: Json): boolean {
  if (value === SHOWN_SECRET) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((member) => member !== undefined && holdsSigns(member));
}
