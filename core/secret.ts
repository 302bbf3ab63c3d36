import { OrchestratorError } from "./errors.js";
import { keepOut, SHOWN_SECRET } from "./redact.js";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/u;
/** A shorter value stands in texts that have nothing to do with it: it could not be kept out of them. */
const SHORTEST = 4;

/** Gives the value of a named secret, if it has one. */
export type SecretReader = (name: string) => string | undefined;

/** A secret that something names; whether it has a value, and never which. */
export interface SecretState {
  readonly name: string;
  readonly state: "set" | "missing" | "too_short";
}

let read: SecretReader = () => undefined;
const known = new Map<string, Secret>();

/**
 * A value that is known by its name only. However it is printed it shows as `•••`; what `reveal` gives is kept out of
 * everything that is recorded from then on.
 */
export class Secret {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** The value, read now. `secret_missing` names what must be set; hand the value to the library that needs it, and keep it nowhere. */
  reveal(): string {
    const value = read(this.name);
    const fault = faultOf(value);
    if (value === undefined || fault !== undefined) {
      const what = fault === "too_short" ? `has fewer than ${SHORTEST} characters` : "is not set";
      throw new OrchestratorError(
        "secret_missing",
        `The secret ${this.name} ${what}. Set the environment variable ${this.name} for this process and try again; \`mission doctor\` lists every secret.`,
      );
    }
    hide(this.name, value);
    return value;
  }

  toString(): string {
    return SHOWN_SECRET;
  }

  toJSON(): string {
    return SHOWN_SECRET;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN_SECRET;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN_SECRET;
  }
}

/** The secret in an environment variable. Reads nothing yet, so that a folder's configuration loads without it; the same name gives the same secret. */
export function secret(name: string): Secret {
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new OrchestratorError(
      "config_invalid",
      'secret("…") takes the name of an environment variable, such as "SMTP_PASSWORD": letters, digits and _ only, and never the value itself.',
    );
  }
  const found = known.get(name) ?? new Secret(name);
  known.set(name, found);
  return found;
}

/** Keeps the values of all secrets that were named out of what is recorded, also of those that nobody has revealed yet. */
export function keepNamedOut(): void {
  for (const name of known.keys()) {
    const value = read(name);
    if (value !== undefined && faultOf(value) === undefined) hide(name, value);
  }
}

/** Where secrets are read; the last reader given counts. */
export function readSecretsWith(reader: SecretReader): void {
  read = reader;
}

/** Every secret that was named in this process, by name. */
export function secretStates(): readonly SecretState[] {
  return [...known.keys()].sort().map((name) => ({ name, state: faultOf(read(name)) ?? "set" }));
}

/** True when a value holds a `Secret` at any depth. */
export function holdsSecret(value: unknown, seen: Set<object> = new Set()): boolean {
  if (typeof value !== "object" || value === null || seen.has(value)) return false;
  if (value instanceof Secret) return true;
  seen.add(value);
  return Object.values(value).some((each) => holdsSecret(each, seen));
}

function hide(name: string, value: string): void {
  for (const part of [value, ...passwordsIn(value)]) keepOut(name, part);
}

/** The passwords in a URL, as they stand there and decoded: those who use it may quote them without the rest. */
function passwordsIn(value: string): readonly string[] {
  if (!URL.canParse(value)) return [];
  const { password, searchParams } = new URL(value);
  const all = [password, decoded(password), ...searchParams.getAll("password")];
  return all.filter((part) => part.length >= SHORTEST);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function faultOf(value: string | undefined): "missing" | "too_short" | undefined {
  if (value === undefined || value === "") return "missing";
  return value.length < SHORTEST ? "too_short" : undefined;
}
