import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FinalReport, RunOutcome, StatusView, TaskView } from "../../../core/views.js";
import { callMany, runMany } from "./child.js";

const MISSIONS = join(import.meta.dirname, "../../../data/missions/patterns");

const AT_ONCE = 2;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mission-patterns-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a case must come to. Tasks are `done` on the first attempt, except those named here. */
interface Expected {
  readonly status?: "failed";
  readonly failure?: string;
  readonly blackboard: Readonly<Record<string, unknown>>;
  /** `status`, `status:attempts` or `status:attempts:error`. */
  readonly tasks?: Readonly<Record<string, string>>;
}

const aggregated = {
  blackboard: {
    findings: ["late", "dear", "thin"],
    tags: ["time", "cost", "scope"],
    highest: 9,
    last_word: "three",
    summary: "late, dear, thin; highest 9; 3 tags",
  },
};

function desk(name: string, closed: readonly string[]): Expected {
  return {
    blackboard: { desk: name, reply: `The ${name} desk has it.` },
    tasks: Object.fromEntries(closed.map((id) => [id, "skipped"])),
  };
}

function way(text: string, closed: readonly string[]): Expected {
  return { blackboard: { way: text }, tasks: Object.fromEntries(closed.map((id) => [id, "skipped"])) };
}

const patterns: Readonly<Record<string, Readonly<Record<string, Expected>>>> = {
  sequential: {
    works: { blackboard: { steps: 6, report: "6 steps done on attempt 1" } },
    recovers: { blackboard: { steps: 4, report: "4 steps done on attempt 2" }, tasks: { execution: "done:2" } },
    stops: {
      status: "failed",
      failure: '"Execute the plan" failed (permanent)',
      blackboard: { steps: 2 },
      tasks: { execution: "failed:1:permanent", reporting: "blocked:1:dependency_failed" },
    },
  },
  handoff: {
    fits: { blackboard: { total: 37.5 } },
    breaks: {
      status: "failed",
      failure: '"Take the order" failed (contract): The result breaks its contract at /quantity',
      blackboard: {},
      tasks: { order: "failed:3:contract", invoice: "blocked:1:dependency_failed" },
    },
  },
  "fork-join": { prices: { blackboard: { gross: 240 } }, small: { blackboard: { gross: 17 } } },
  "map-reduce": {
    poem: { blackboard: { letters: 57, longest: 16, summary: "4 lines, 57 characters" } },
    line: { blackboard: { letters: 8, longest: 8, summary: "1 lines, 8 characters" } },
  },
  "scatter-gather": {
    south: { blackboard: { quotes: { north: 31, east: 29, south: 27 }, cheapest: "south" } },
    north: { blackboard: { quotes: { north: 20, east: 29, south: 27 }, cheapest: "north" } },
  },
  barrier: {
    "all-arrive": {
      blackboard: { arrived: ["first", "second", "third"], passed: ["left after 3", "right after 3"] },
    },
    "one-late": { blackboard: { arrived: ["first", "second"], passed: ["left after 2", "right after 2"] } },
  },
  aggregation: { "in-order": aggregated, reversed: aggregated },
  timeout: {
    cut: { blackboard: { answers: ["quick"] }, tasks: { slow: "failed:1:deadline_exceeded" } },
    "in-time": { blackboard: { answers: ["quick", "slow"] } },
  },
  quorum: {
    "two-of-three": {
      blackboard: { arrived: ["first", "third"], missing: ["second"] },
      tasks: { second: "failed:1:permanent" },
    },
    "one-of-three": {
      status: "failed",
      failure: '"Take the answers of a quorum" failed (join_incomplete): 1 of the 2 inputs it needs came',
      blackboard: {},
      tasks: { second: "failed:1:permanent", third: "failed:1:permanent", quorum: "failed:1:join_incomplete" },
    },
  },
  routing: {
    refund: desk("money", ["parcels", "front"]),
    parcel: desk("parcels", ["money", "front"]),
    other: desk("front", ["money", "parcels"]),
  },
  threshold: {
    "below-100": way("booked", ["review", "board"]),
    "at-100": way("reviewed", ["book", "board"]),
    "above-100": way("reviewed", ["book", "board"]),
    "below-1000": way("reviewed", ["book", "board"]),
    "at-1000": way("laid before the board", ["book", "review"]),
  },
};

interface PatternFile {
  readonly tasks: readonly { readonly task_id: string }[];
  readonly cases: { readonly items: readonly { readonly case_id: string; readonly title: string }[] };
}

/** A case that was run, as the command line shows it: by `status` and by `report`. */
interface Shown {
  readonly outcome: RunOutcome;
  readonly status: StatusView;
  readonly report: FinalReport;
}

const run = new Map<string, { readonly code: number | null; readonly shown: readonly Shown[] }>();

/** Runs every case of every pattern in two processes on one store, then looks at all of them. */
beforeAll(async () => {
  const names = Object.keys(patterns);
  const share = Math.ceil(names.length / AT_ONCE);
  const worker = async (index: number) => {
    const own = names.slice(index * share, (index + 1) * share);
    const calls = own.map((name) => ["run", join(MISSIONS, `${name}.json`), "--all-cases", "--json"]);
    return (await callMany(calls, folder)).map(({ code, out }, at) => ({
      name: own[at] ?? "",
      code,
      outcomes: JSON.parse(out) as readonly RunOutcome[], // safe: the document of `run --all-cases --json` is ours
    }));
  };
  const ended = (await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => worker(index)))).flat();
  const runs = ended.flatMap(({ outcomes }) => outcomes.map(({ run_id: id }) => id));
  const looked = await runMany(
    runs.flatMap((id) => [
      ["status", id],
      ["report", id],
    ]),
    folder,
  );
  for (const { name, code, outcomes } of ended) {
    const shown = outcomes.map((outcome) => {
      const at = runs.indexOf(outcome.run_id) * 2;
      // safe: the documents of `status --json` and `report --json` are ours
      return { outcome, status: looked[at] as StatusView, report: looked[at + 1] as FinalReport };
    });
    run.set(name, { code, shown });
  }
}, 120_000);

function endOf(
  { status, failure, blackboard }: StatusView | FinalReport,
  tasks: readonly (readonly [string, TaskView])[],
) {
  const ends = tasks.map(([id, { status: state, attempts, error_code: error }]) => [
    id,
    [state, attempts, ...(error === null ? [] : [error])].join(":"),
  ]);
  return { status, failure, blackboard, tasks: Object.fromEntries(ends) };
}

function expectedTasks(file: PatternFile, { tasks = {} }: Expected) {
  return Object.fromEntries(
    file.tasks.map(({ task_id: id }) => {
      const own = tasks[id] ?? "done";
      return [id, own.includes(":") ? own : `${own}:1`];
    }),
  );
}

describe("I1: the pattern missions, run by the command line", () => {
  test.each(Object.entries(patterns))("%s ends as it says, in every case", async (name, cases) => {
    // safe: our own file, proved by test/data/missions/patterns.test.ts
    const file = JSON.parse(await readFile(join(MISSIONS, `${name}.json`), "utf8")) as PatternFile;
    const { code, shown = [] } = run.get(name) ?? {};

    const { items } = file.cases;
    expect(items.map(({ case_id: id }) => id)).toEqual(Object.keys(cases));
    expect(shown.map(({ outcome }) => outcome.title)).toEqual(items.map(({ title }) => title));
    expect(code).toBe(Object.values(cases).some(({ status }) => status === "failed") ? 1 : 0);
    for (const [index, expected] of Object.values(cases).entries()) {
      const title = items[index]?.title;
      const one = shown[index];
      if (!one) throw new Error(`${title ?? ""} was not run.`);
      const end = endOf(one.status, Object.entries(one.status.tasks));
      expect(end, title).toEqual({
        status: expected.status ?? "completed",
        failure: expected.failure === undefined ? null : expect.stringContaining(expected.failure),
        blackboard: expected.blackboard,
        tasks: expectedTasks(file, expected),
      });
      expect(
        endOf(
          one.report,
          one.report.tasks.map((task) => [task.task_id, task]),
        ),
        title,
      ).toEqual(end);
    }
  });
});
