import { resolve } from "node:path";
import { z } from "zod";
import { Secret } from "../../core/secret.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import { made } from "./factory.js";
import { HelperPool } from "./helper-pool.js";
import { processHelper } from "./helper-process.js";

const TIMEOUT_MS = 5_000;
const MAX_ROWS = 200;
const MAX_BYTES = 100_000;
/** For a child process to come up, beside the query's own time. */
const START_MS = 20_000;
const IDLE_MS = 60_000;
const MAX_HEAP_MB = 256;
/** So long a PostgreSQL server, which has a limit of its own, may be late, and then to be told that its query is given up. */
const CANCEL_MS = 300;
const MAX_SQL = 20_000;
const MAX_PARAMS = 100;
const URL_FORM = /^(?:sqlite:.+|postgres(?:ql)?:\/\/.*)$/u;

const OptionsSchema = z.strictObject({
  url: z.union([z.string().regex(URL_FORM, 'write "sqlite:<path>" or "postgres://…"'), z.instanceof(Secret)]),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/u, "begin with a letter; small letters, digits and _ only")
    .default("database"),
  maxRows: z.int().positive().max(10_000).default(MAX_ROWS),
  maxBytes: z.int().positive().max(5_000_000).default(MAX_BYTES),
  timeoutMs: z.int().positive().max(120_000).default(TIMEOUT_MS),
});

/** What `sqlDatabase` is told. */
export interface SqlDatabaseOptions {
  /** `sqlite:<path>`, or `postgres://…` of a role that can only read; with a password in it, as `secret("DATABASE_URL")`. */
  readonly url: string | Secret;
  /** The tools are `query_<name>` and `describe_<name>`; default `database`. */
  readonly name?: string;
  /** Of one answer; default 200. */
  readonly maxRows?: number;
  /** Of one answer, as JSON; default 100,000. */
  readonly maxBytes?: number;
  /** Of one query; default 5 seconds. */
  readonly timeoutMs?: number;
}

const QueryInput = z.strictObject({
  sql: z.string().min(1).max(MAX_SQL),
  params: z
    .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .max(MAX_PARAMS)
    .default([]),
});
const QueryOutput = z.strictObject({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.json())),
  truncated: z.boolean(),
});
const DescribeInput = z.strictObject({ table: z.string().min(1).max(200).optional() });
const DescribeOutput = z.strictObject({
  tables: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(["table", "view"]),
      columns: z.array(z.strictObject({ name: z.string(), type: z.string(), nullable: z.boolean() })),
    }),
  ),
  truncated: z.boolean(),
});

/**
 * Two tools that read a database: `query_<name>` runs one SELECT with bound values, `describe_<name>` tells tables and
 * columns. Both work in a child process, which is killed at its deadline, when its call is given up, and when it needs
 * more than 512 MB. SQLite is opened for reading and reaches no other file. With PostgreSQL the role is looked at first:
 * one that can do more than read is refused with the way to make a better one, and so is SQL that names what acts on other
 * sessions or their locks. Give the connector a role of its own.
 */
export function sqlDatabase(
  given: SqlDatabaseOptions,
): readonly [
  ToolDefinition<string, typeof QueryInput, typeof QueryOutput>,
  ToolDefinition<string, typeof DescribeInput, typeof DescribeOutput>,
] {
  return made("sqlDatabase", OptionsSchema, given, toTools);
}

function toTools({ url, name, ...limits }: z.output<typeof OptionsSchema>) {
  const child = new HelperPool({
    size: 1,
    start: processHelper("sql-child", MAX_HEAP_MB),
    startMs: START_MS,
    idleMs: IDLE_MS,
  });
  const ask = (question: object, signal: AbortSignal) => {
    const before = { kind: "open", url: wholeUrl(url) };
    const cancelMs = before.url.startsWith("sqlite:") ? 0 : CANCEL_MS;
    return child.ask(
      { ...question, ...limits },
      {
        before,
        timeoutMs: limits.timeoutMs + cancelMs,
        signal,
        stopMs: cancelMs,
        overTime: `The query was stopped at its limit of ${limits.timeoutMs} ms. Ask for less: fewer rows, a narrower WHERE.`,
        ended: "The query was stopped: it needed too much memory, or its process was ended. Ask for less.",
      },
    );
  };
  const common = {
    effect: "reads",
    reach: "own",
    timeoutMs: limits.timeoutMs + 2 * START_MS,
    maxCostMicroUsd: 0,
  } as const;
  const query = defineTool({
    ...common,
    close: async () => child.close(),
    name: `query_${name}`,
    description:
      `Runs one SELECT on the database "${name}" and returns columns and rows: at most ${limits.maxRows} rows; truncated says ` +
      "that there are more. Values belong into params, bound to ? in SQLite and $1 in PostgreSQL. It cannot change anything. " +
      `Not for finding out which tables there are: describe_${name}.`,
    input: QueryInput,
    output: QueryOutput,
    // Safe: the child answers a query with rows.
    run: async (args, { signal }) => (await ask({ ...args, kind: "query" }, signal)) as z.input<typeof QueryOutput>,
  });
  const describe = defineTool({
    ...common,
    name: `describe_${name}`,
    description: `Returns the tables and views of the database "${name}" with their columns, or of one table. Not for rows.`,
    input: DescribeInput,
    output: DescribeOutput,
    // Safe: the child answers a description with tables.
    run: async (args, { signal }) =>
      (await ask({ ...args, kind: "describe" }, signal)) as z.input<typeof DescribeOutput>,
  });
  return [query, describe] as const;
}

/** Read with every call, so that a secret may change; a file's path is whole for the child. */
function wholeUrl(url: string | Secret): string {
  const text = typeof url === "string" ? url : url.reveal();
  if (!URL_FORM.test(text)) throw new Error('The database\'s URL is neither "sqlite:<path>" nor "postgres://…".');
  return text.startsWith("sqlite:") ? `sqlite:${resolve(text.slice("sqlite:".length))}` : text;
}
