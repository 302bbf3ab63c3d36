import type { JsonObject } from "./digest.js";
import { figureText } from "./words.js";

/** A text of an event, empty when it has none. */
export function textAt(data: JsonObject, name: string): string {
  const value = data[name];
  return typeof value === "string" ? value : "";
}

/** A list of texts. */
export function textsAt(data: JsonObject, name: string): readonly string[] {
  const value = data[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** A number, 0 when it has none. */
export function numberAt(data: JsonObject, name: string): number {
  const value = data[name];
  return typeof value === "number" ? value : 0;
}

/** A number as people read it. */
export function figureAt(data: JsonObject, name: string): string {
  const value = data[name];
  return typeof value === "number" ? figureText(value) : "not known";
}

/** Who acted, by name. */
export function personAt(data: JsonObject): string {
  return textAt(data, "by") || "Somebody";
}
