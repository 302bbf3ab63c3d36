/** A moment as its column holds it. */
export function toText(moment: Date): string {
  return moment.toISOString();
}

/** As `toText`, for columns that may be empty. */
export function toTextOrNull(moment: Date | undefined): string | null {
  return moment === undefined ? null : moment.toISOString();
}

/** A column's moment; `undefined` when it is empty. */
export function toMoment(text: string | null): Date | undefined {
  return text === null ? undefined : new Date(text);
}

const SHA256_HEX = /^[0-9a-f]{64}$/u;

/** A digest as its column holds it: half as long as its hex. */
export function toDigestBytes(digest: string): string | Uint8Array {
  return SHA256_HEX.test(digest) ? Buffer.from(digest, "hex") : digest;
}

/** A column's digest, in hex. */
export function fromDigestBytes(column: string | Uint8Array): string {
  return typeof column === "string" ? column : Buffer.from(column).toString("hex");
}

/** A JSON value as its column holds it. */
export function toJson(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}

/** As `toJson`, for columns that may be empty. */
export function toJsonOrNull(value: unknown): string | null {
  return value === undefined ? null : toJson(value);
}

/** The value of a JSON column. */
export function fromJson<Value>(text: string): Value {
  // Safe: the only writer of a JSON column is `toJson` with a value of the record's own type.
  return JSON.parse(text) as Value;
}

/** The value of a JSON column that may be empty. */
export function fromJsonOrNull<Value>(text: string | null): Value | undefined {
  return text === null ? undefined : fromJson<Value>(text);
}

/** Leaves out what is empty, so that an empty column becomes an absent key. */
export function present<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  // Safe: the entries are those of `fields` whose value is not empty.
  return Object.fromEntries(entries) as { [Name in keyof Fields]?: NonNullable<Fields[Name]> };
}
