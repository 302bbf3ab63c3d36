import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExecutionLog, LogEntry } from "../../core/execution-log.js";
import type { Engine } from "../support/engine.js";
import { fc } from "../support/fast-check.js";
import type { Outside } from "../support/random-agents.js";
import { openRandomEngine } from "../support/random-engine.js";
import { randomPlans } from "../support/random-plan.js";
import { runToEnd } from "../support/random-run.js";
import { logOf } from "../support/run-log.js";

const PLANS = Number(process.env["REPLAY_PLANS"] ?? 25);
const LONG = 300_000;

let engine: Engine;
let outside: Outside;
let plans = 0;

beforeAll(async () => {
  ({ engine, outside } = await openRandomEngine());
});
afterAll(() => engine.drop());

/** As JSON; what was asked in the same millisecond has no order of its own. */
function asJson(value: object | null | undefined): unknown {
  const byId = (list: readonly { readonly approval_id?: string }[]) =>
    list.toSorted((a, b) => String(a.approval_id).localeCompare(String(b.approval_id)));
  const read = JSON.parse(JSON.stringify(value ?? null));
  // An event is stamped when it is committed: a log has the moments of the rows, a little earlier.
  const time = read?.lead_time && { total_ms: read.lead_time.total_ms, basis: read.lead_time.basis };
  return { ...read, approvals: byId(read?.approvals ?? []), decisions: byId(read?.decisions ?? []), lead_time: time };
}

describe("replay of real runs of random missions", () => {
  test(
    "a log gives the status and report that its run has, and a damaged one is refused with its place",
    async () => {
      const kinds = new Set<string>();
      await fc.assert(
        fc.asyncProperty(randomPlans, fc.nat(), async (plan, seed) => {
          plans += 1;
          const run = await runToEnd(engine, outside, plan, `log${plans}`, "dataflow");
          const { log, replay } = await logOf(engine, run.runId);

          const { replayed, problems } = await replay(log);
          expect(problems).toEqual([]);
          expect(asJson(replayed[0]?.status)).toEqual(asJson(await engine.orchestrator.status(run.runId)));
          expect(asJson(replayed[0]?.report)).toEqual(asJson(await engine.orchestrator.report(run.runId)));

          for (const [kind, damage] of Object.entries(DAMAGE)) {
            const damaged = damage(log, seed);
            if (!damaged) continue;
            kinds.add(kind);
            const found = await replay(damaged);
            expect(found.replayed, kind).toEqual([]);
            expect(found.problems[0]?.pointer, kind).toMatch(/^\/0\/entries\/\d+/u);
          }
        }),
        { numRuns: PLANS, endOnFailure: true, interruptAfterTimeLimit: LONG * 0.8 },
      );
      expect([...kinds].sort()).toEqual(Object.keys(DAMAGE).sort());
    },
    LONG,
  );
});

type Damage = (log: ExecutionLog, seed: number) => ExecutionLog | undefined;

/** One entry changed so that the log cannot be true; nothing when the log has none to change. */
const DAMAGE: Readonly<Record<string, Damage>> = {
  "an end twice": (log, seed) =>
    changed(
      log,
      seed,
      ({ event, status }) => event === "task" && status === "done",
      (entry) => [entry, entry],
    ),
  "a start taken out": (log, seed) =>
    changed(
      log,
      seed,
      (entry, next) =>
        isStart(entry) && next?.event === "task" && next.status === "done" && next.task_id === taskOf(entry),
      () => [],
    ),
  "a task that is not there": (log, seed) =>
    changed(
      log,
      seed,
      ({ event }) => event === "task",
      (entry) => [{ ...entry, task_id: "nowhere" } as LogEntry],
    ),
  "a step back in time": (log, seed) =>
    changed(
      log,
      seed,
      () => true,
      (entry) => [{ ...entry, at: "2001-01-01T00:00:00.000Z" }],
    ),
  "a decision about nothing": (log, seed) =>
    changed(
      log,
      seed,
      ({ event }) => event === "approval_asked",
      () => [],
    ),
  "an end before its time": (log, seed) =>
    changed(log, seed, isStart, (entry) => [{ event: "run", at: entry.at, status: "completed" }, entry]),
};

function isStart(entry: LogEntry): boolean {
  return entry.event === "task" && entry.status === "running" && entry.attempt === 1;
}

function taskOf(entry: LogEntry): string {
  return entry.event === "task" ? entry.task_id : "";
}

function changed(
  log: ExecutionLog,
  seed: number,
  isMeant: (entry: LogEntry & { readonly status?: string }, next: LogEntry | undefined) => boolean,
  change: (entry: LogEntry) => LogEntry[],
): ExecutionLog | undefined {
  const meant = log.entries.flatMap((entry, index) => (isMeant(entry, log.entries[index + 1]) ? [index] : []));
  const at = meant[seed % Math.max(1, meant.length)];
  if (at === undefined) return undefined;
  return { ...log, entries: log.entries.flatMap((entry, index) => (index === at ? change(entry) : [entry])) };
}
