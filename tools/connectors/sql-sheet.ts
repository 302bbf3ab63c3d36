import type { Json } from "../../core/digest.js";

/** Collects rows until one more would be too many, in number or in bytes of JSON. */
export class SqlSheet<Row extends Json | object> {
  readonly #maxRows: number;
  readonly #maxBytes: number;
  readonly rows: Row[] = [];
  bytes = 0;
  truncated = false;

  constructor(limits: { readonly maxRows: number; readonly maxBytes: number }) {
    this.#maxRows = limits.maxRows;
    this.#maxBytes = limits.maxBytes;
  }

  /** False when the row was one too many: then no further one is wanted. */
  add(row: Row): boolean {
    const size = Buffer.byteLength(JSON.stringify(row)) + 1;
    if (this.rows.length >= this.#maxRows || this.bytes + size > this.#maxBytes) this.truncated = true;
    else {
      this.rows.push(row);
      this.bytes += size;
    }
    return !this.truncated;
  }

  /** How many rows of the size seen so far still fit, and one to see that there are more. */
  get room(): number {
    const perRow = this.rows.length > 0 ? this.bytes / this.rows.length : this.#maxBytes;
    const byBytes = Math.floor((this.#maxBytes - this.bytes) / Math.max(1, perRow));
    return Math.min(this.#maxRows - this.rows.length, byBytes) + 1;
  }
}
