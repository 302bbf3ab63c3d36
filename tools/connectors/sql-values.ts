import type { Json } from "../../core/digest.js";

/*
 * One rule for both databases. A number is a number where JSON keeps it exactly: integers up to 2^53 - 1 and floats.
 * Larger integers and every NUMERIC are text with all their digits; NaN and the infinities are "NaN", "Infinity",
 * "-Infinity". Dates are "2026-03-02", moments "2026-03-02T08:00:00" and, where the column knows its zone, with a "Z".
 * Bytes are { "base64": "…" }. JSON columns are what they hold, arrays are arrays, and everything else is the
 * database's own text.
 */

const PLAIN_TIMESTAMP = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?$/u;

/** Element types of PostgreSQL's arrays, by the arrays' own type. */
const ELEMENT_TYPES: ReadonlyMap<number, number> = new Map([
  [1000, 16],
  [1001, 17],
  [1005, 21],
  [1007, 23],
  [1009, 25],
  [1014, 1042],
  [1015, 1043],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1028, 26],
  [1115, 1114],
  [1182, 1082],
  [1185, 1184],
  [1231, 1700],
  [199, 114],
  [2951, 2950],
  [3807, 3802],
]);

const READERS: ReadonlyMap<number, (text: string) => Json> = new Map<number, (text: string) => Json>([
  [16, (text) => text === "t"],
  [17, (text) => bytes(Buffer.from(text.slice(2), "hex"))],
  [20, (text) => exact(BigInt(text))],
  [21, Number],
  [23, Number],
  [26, Number],
  [114, (text) => JSON.parse(text)],
  [700, (text) => float(Number(text))],
  [701, (text) => float(Number(text))],
  [1114, moment],
  [1184, moment],
  [3802, (text) => JSON.parse(text)],
]);

/** Splits PostgreSQL's text of an array. */
export type SplitArray = (text: string, element: (text: string) => Json) => Json[];

/** A value as SQLite gives it, with its integers as `bigint`. */
export function fromSqlite(value: unknown): Json {
  if (typeof value === "bigint") return exact(value);
  if (typeof value === "number") return float(value);
  if (value instanceof Uint8Array) return bytes(value);
  return typeof value === "string" ? value : null;
}

/** The reader of a PostgreSQL type's text; of a session with ISO dates in UTC and bytes in hex. */
export function postgresReader(type: number, split: SplitArray): (text: string) => Json {
  const element = ELEMENT_TYPES.get(type);
  if (element !== undefined) return (text) => split(text, postgresReader(element, split));
  return READERS.get(type) ?? ((text) => text);
}

function exact(value: bigint): Json {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function float(value: number): Json {
  return Number.isFinite(value) ? value : String(value);
}

function bytes(value: Uint8Array): Json {
  return { base64: Buffer.from(value).toString("base64") };
}

/** What lies before our era or at infinity stays as the database writes it. */
function moment(text: string): Json {
  const [, day, time, isUtc] = PLAIN_TIMESTAMP.exec(text) ?? [];
  return day === undefined ? text : `${day}T${time}${isUtc ? "Z" : ""}`;
}
