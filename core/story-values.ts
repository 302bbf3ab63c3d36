import { isJsonObject } from "./define-agent.js";
import type { Json } from "./digest.js";
import { cut, figureText, inWords } from "./words.js";

const MAX_TEXT = 60;
const MAX_FIELDS = 4;
const MAX_LINE = 160;

/** Arguments as an agent gave them, in short: `path: "passport.txt", limit: 5`. */
export function argumentsText(args: Json): string {
  return isJsonObject(args) ? cut(fieldsText(args), MAX_LINE) : shortText(args);
}

/** A tool's answer in short; a failed call says why. */
export function replyText(reply: Json | undefined): string {
  if (!isJsonObject(reply)) return shortText(reply);
  if (reply["ok"] === false)
    return cut(`it failed: ${String(reply["reason"] ?? reply["code"] ?? "no reason")}`, MAX_LINE);
  return shortText("value" in reply ? reply["value"] : reply);
}

/** Any value in a few words. */
export function shortText(value: Json | undefined): string {
  return cut(isJsonObject(value) ? fieldsText(value) : textOf(value), MAX_LINE);
}

function fieldsText(fields: { readonly [key: string]: Json | undefined }): string {
  const entries = Object.entries(fields);
  const shown = entries.slice(0, MAX_FIELDS).map(([name, value]) => {
    // A list's name is a plural: "2 lines", but never "1 lines".
    return Array.isArray(value) && value.length !== 1
      ? `${value.length} ${inWords(name)}`
      : `${inWords(name)}: ${textOf(value)}`;
  });
  return [...shown, ...(entries.length > MAX_FIELDS ? ["…"] : [])].join(", ");
}

function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "string") return `"${cut(value, MAX_TEXT)}"`;
  if (typeof value === "number") return figureText(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value)
    ? `${value.length} ${value.length === 1 ? "entry" : "entries"}`
    : `{${Object.keys(value).slice(0, MAX_FIELDS).map(inWords).join(", ")}}`;
}
