import { Worker } from "node:worker_threads";
import type { HelperAnswer } from "./helper-answer.js";
import { failedWith } from "./helper-answer.js";
import type { SqlLimits, SqlQuestion, SqlRead, SqlSource } from "./sql-question.js";
import { SqlRefusal } from "./sql-question.js";

/** The whole process: Node itself takes a fifth of it. */
const MAX_RSS_BYTES = 512 * 1024 * 1024;
/** After its own deadline the process ends itself, also when the one that would have killed it is dead. */
const LATE_MS = 1_000;
/** Codes by which a database says "not now": a busy file, a lost connection, a server that starts, stops or is full. */
const TRANSIENT = /^(?:SQLITE_BUSY|SQLITE_LOCKED|ECONNRE|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|08|53|57P)/u;
const STOPPED_BY_SERVER = "57014";

/** A query blocks the process's own thread; this one watches the clock and the memory meanwhile. */
const WATCHDOG = `
const { parentPort } = require("node:worker_threads");
let until = Infinity;
parentPort.on("message", (ms) => { until = ms === 0 ? Infinity : Date.now() + ms; });
setInterval(() => {
  if (Date.now() > until || process.memoryUsage.rss() > ${MAX_RSS_BYTES}) process.kill(process.pid, "SIGKILL");
}, 20);`;

const watchdog = new Worker(WATCHDOG, { eval: true, execArgv: [] });
let source: { readonly url: string; readonly opened: SqlSource } | undefined;

process.on("disconnect", () => process.exit(0));
process.on("message", (question: SqlQuestion) => {
  if (question.kind === "stop") void stop();
  else if (question.kind === "open") void open(question.url).then(say);
  else void answer(question).then(say);
});
watchdog.once("online", () => say({ kind: "ready" }));

function say(told: HelperAnswer): void {
  process.send?.(told, () => {});
}

/** Opens the database, unless it is open by this URL. */
async function open(url: string): Promise<HelperAnswer> {
  try {
    if (source?.url !== url) {
      await source?.opened.close();
      source = undefined;
      source = { url, opened: await openedBy(url) };
    }
    await source.opened.ready();
    return { kind: "done", value: null };
  } catch (error) {
    return failureOf(error);
  }
}

async function openedBy(url: string): Promise<SqlSource> {
  if (url.startsWith("sqlite:")) return (await import("./sql-sqlite.js")).openSqlite(url.slice("sqlite:".length));
  return (await import("./sql-postgres.js")).openPostgres(url);
}

async function answer(question: SqlLimits & SqlRead): Promise<HelperAnswer> {
  watchdog.postMessage(question.timeoutMs + LATE_MS);
  try {
    return { kind: "done", value: await read(question) };
  } catch (error) {
    return failureOf(error, question.timeoutMs);
  } finally {
    watchdog.postMessage(0);
  }
}

async function read(question: SqlLimits & SqlRead) {
  if (!source) throw new Error("No database is open.");
  if (question.kind === "describe") return source.opened.describe(question.table, question);
  return source.opened.query(question.sql, question.params, question);
}

function failureOf(error: unknown, timeoutMs?: number): HelperAnswer {
  if (error instanceof SqlRefusal) return failedWith(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === STOPPED_BY_SERVER && timeoutMs !== undefined)
    return failedWith(`The query was stopped at its limit of ${timeoutMs} ms.`);
  return failedWith(error, TRANSIENT.test(code));
}

async function stop(): Promise<void> {
  try {
    await source?.opened.cancel();
  } finally {
    process.exit(0);
  }
}
