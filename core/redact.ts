import type { Json } from "./digest.js";

/** What stands where a secret would. */
export const SHOWN_SECRET = "•••";

/** A shorter form of a value would be found by chance in texts that have nothing to do with it. */
const SHORTEST_FORM = 4;
/** A shorter number is likely one that anybody could mean. */
const SHORTEST_NUMBER = 6;
const MAX_CAUSES = 5;

/** Every way in which a revealed value may be written, and whose it is. */
const forms = new Map<string, string>();
/** Finds all of them; nothing as long as no secret was revealed, so that looking costs nothing then. */
let pattern: RegExp | undefined;

/** From now on the value is kept out of what is recorded, told and shown; `name` says whose it is. A second time changes nothing. */
export function keepOut(name: string, value: string): void {
  if (forms.has(value)) return;
  for (const form of formsOf(value)) if (!forms.has(form)) forms.set(form, name);
  const longestFirst = [...forms.keys()].sort((a, b) => b.length - a.length);
  pattern = new RegExp(longestFirst.map(literal).join("|"), "gu");
}

/** The text with `•••` wherever a revealed secret stands in it: as it is, or as URL, JSON, HTML, hex or base64 write it. */
export function redact(text: string): string {
  return pattern === undefined ? text : text.replace(pattern, SHOWN_SECRET);
}

/** As `redact`, for every text in a value that is JSON, names of members included. The same value when there is nothing to hide. */
export function redactJson<Value>(value: Value): Value {
  if (pattern === undefined || value === undefined || nameIn(JSON.stringify(value)) === undefined) return value;
  // Safe: a text stays a text. A number that is a secret as a whole becomes one, which no reader of records minds.
  return clean(value) as Value;
}

/** An error whose words, stack and causes hold no revealed secret; the same one, or a text for what cannot be changed. */
export function redactError(error: unknown, depth = 0): unknown {
  if (pattern === undefined || depth > MAX_CAUSES) return error;
  if (typeof error === "string") return redact(error);
  if (!(error instanceof Error)) return error;
  try {
    error.message = redact(error.message);
    if (error.stack !== undefined) error.stack = redact(error.stack);
    if (error.cause !== undefined) error.cause = redactError(error.cause, depth + 1);
    return error;
  } catch {
    return redact(String(error));
  }
}

/** The name of the secret whose value stands in a JSON value; nothing when there is none. */
export function secretWithin(value: Json): string | undefined {
  return pattern === undefined ? undefined : nameIn(JSON.stringify(value));
}

function nameIn(text: string): string | undefined {
  const found = pattern === undefined ? undefined : new RegExp(pattern.source, "u").exec(text)?.[0];
  return found === undefined ? undefined : forms.get(found);
}

function clean(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") {
    const text = String(value);
    return text.length >= SHORTEST_NUMBER && forms.has(text) ? SHOWN_SECRET : value;
  }
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [redact(key), clean(member)]);
  return Object.fromEntries(members);
}

function formsOf(value: string): ReadonlySet<string> {
  const bytes = new TextEncoder().encode(value);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const wellFormed = new TextDecoder().decode(bytes);
  const inUrl = encodeURIComponent(wellFormed);
  const inJson = JSON.stringify(value).slice(1, -1);
  const all = [
    value,
    value.trim(),
    inUrl,
    inUrl.replace(/%[0-9A-F]{2}/gu, (code) => code.toLowerCase()),
    inUrl.replaceAll("%20", "+"),
    encodeURI(wellFormed),
    inJson,
    JSON.stringify(inJson).slice(1, -1),
    value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
    hex,
    hex.toUpperCase(),
    ...base64Of(bytes),
  ];
  return new Set(all.filter((form) => form === value || form.length >= SHORTEST_FORM));
}

/** How base64 writes the bytes inside of longer ones: by where they begin, without the signs that others have a share in. */
function base64Of(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = btoa(String.fromCharCode(...new Uint8Array(shift), ...bytes));
    const own = text
      .replace(/=+$/u, "")
      .slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&");
}
