import { z } from "zod";
import { isJsonObject } from "../../core/define-agent.js";
import type { Json, JsonObject } from "../../core/digest.js";
import { parseJson } from "./parse-json.js";

const MAX_ROWS = 50_000;
const MAX_COLUMNS = 500;
const MAX_TAGS_DEEP = 64;
/** Names that mean something to every object: a field of this name could reach beyond the data. */
const RISKY = new Set(["__proto__", "constructor", "prototype"]);

/** Any JSON, as results of tools. */
export const JsonValue: z.ZodType<Json, Json> = z.json();

/** What a text can hold. CSV has its names in the first row. */
export const Format = z.enum(["json", "csv", "tsv", "xml"]);
export type Format = z.output<typeof Format>;

/** The text as JSON: CSV as a list of objects, XML with attributes as `@name` and mixed text as `#text`. Throws a plain `Error`. */
export async function toValue(format: Format, text: string): Promise<Json> {
  const plain = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (format === "json") return parseJson(plain);
  return format === "xml" ? fromXml(plain) : fromRows(plain, format === "csv" ? "," : "\t");
}

/** A list of flat objects as CSV, names first; cells that a spreadsheet would take for a formula are disarmed. */
export async function toRows(value: Json): Promise<string> {
  const rows = Array.isArray(value) ? value : [];
  if (!Array.isArray(value) || !rows.every(isFlat))
    throw new Error("Only a list of objects whose values are texts, numbers, truth values or null becomes rows.");
  if (rows.length > MAX_ROWS) throw new Error(`There are more than ${MAX_ROWS} rows.`);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const { default: Papa } = await import("papaparse");
  const data = rows.map((row) => names.map((name) => row[name] ?? ""));
  return Papa.unparse({ fields: names, data }, { escapeFormulae: true, newline: "\n" });
}

async function fromRows(text: string, delimiter: string): Promise<Json> {
  const { default: Papa } = await import("papaparse");
  const { data, errors } = Papa.parse<string[]>(text, {
    delimiter,
    skipEmptyLines: true,
    preview: MAX_ROWS + 2,
  });
  const [fault] = errors;
  if (fault) throw new Error(`Row ${(fault.row ?? 0) + 1}: ${fault.message}.`);
  const [names = [], ...rows] = data;
  if (rows.length > MAX_ROWS) throw new Error(`There are more than ${MAX_ROWS} rows.`);
  assertNames(names);
  return rows.map((cells, index) => {
    if (cells.length !== names.length)
      throw new Error(`Row ${index + 2} has ${cells.length} cells, but the first names ${names.length}.`);
    return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""]));
  });
}

function assertNames(names: readonly string[]): void {
  if (names.length > MAX_COLUMNS) throw new Error(`There are more than ${MAX_COLUMNS} columns.`);
  if (new Set(names).size !== names.length || names.some((name) => name.trim() === "" || RISKY.has(name)))
    throw new Error("The first row must name every column, each with a name of its own.");
}

/** Without a document type there are no entities but the five of XML itself, and so nothing that grows or reads elsewhere. */
async function fromXml(text: string): Promise<Json> {
  if (/<!\s*(?:DOCTYPE|ENTITY)/iu.test(text)) throw new Error("XML with a document type is not read.");
  const { XMLParser, XMLValidator } = await import("fast-xml-parser");
  const sound = XMLValidator.validate(text);
  if (sound !== true) throw new Error(`Line ${sound.err.line}: ${sound.err.msg}`);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    ignoreDeclaration: true,
    ignorePiTags: true,
    processEntities: false,
    htmlEntities: false,
    parseTagValue: false,
    parseAttributeValue: false,
    maxNestedTags: MAX_TAGS_DEEP,
    tagValueProcessor: (_name, value) => decoded(value),
    attributeValueProcessor: (_name, value) => decoded(value),
  });
  // Safe: the parser makes objects, lists and texts only.
  const value = parser.parse(text) as Json;
  assertHarmless(value);
  return value;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** XML's own five entities and characters by number, once: what comes of them is not read again. */
function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/giu, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name)] ?? whole;
    const code = Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : whole;
  });
}

function assertHarmless(value: Json): void {
  if (Array.isArray(value)) for (const item of value) assertHarmless(item);
  else if (isJsonObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      if (RISKY.has(name)) throw new Error(`The name "${name}" is not read.`);
      assertHarmless(item ?? null);
    }
  }
}

function isFlat(row: Json): row is JsonObject {
  return isJsonObject(row) && Object.values(row).every((cell) => cell === null || typeof cell !== "object");
}
