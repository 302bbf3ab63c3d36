import type { Json } from "../../core/digest.js";

/** What a value of a query may be. */
export type SqlParameter = string | number | boolean | null;

/** What the child process is asked. The URL is whole, with its password: it goes over IPC and is kept nowhere else. */
export type SqlQuestion =
  | { readonly kind: "open"; readonly url: string }
  | { readonly kind: "stop" }
  | (SqlLimits & SqlRead);

/** What is to be read in the database that was opened before. */
export type SqlRead =
  | { readonly kind: "query"; readonly sql: string; readonly params: readonly SqlParameter[] }
  | { readonly kind: "describe"; readonly table?: string };

/** How much an answer may hold, and how long the database may take. */
export interface SqlLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** Rows in the order of the columns, which may share names; `truncated` when there are more. */
export interface SqlRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Json[])[];
  readonly truncated: boolean;
}

/** What may be read. */
export interface SqlTables {
  readonly tables: readonly SqlTable[];
  readonly truncated: boolean;
}

/** A table or view by the name that a query uses, with its columns in order. */
export interface SqlTable {
  readonly name: string;
  readonly kind: "table" | "view";
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
}

/** A database that is open for reading. */
export interface SqlSource {
  /** Resolves when it can be read; rejects when it cannot, or when its role may do more than that. */
  ready(): Promise<void>;
  query(sql: string, params: readonly SqlParameter[], limits: SqlLimits): Promise<SqlRows>;
  describe(table: string | undefined, limits: SqlLimits): Promise<SqlTables>;
  /** Tells the server to give up what it works on. */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

/** A statement or a role that this connector does not take; the message says why and what to do. */
export class SqlRefusal extends Error {
  override readonly name = "SqlRefusal";
}
