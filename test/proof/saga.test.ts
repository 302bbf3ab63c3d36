import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChildTask } from "../support/crash-process.js";
import { bundleChild, startChild } from "../support/crash-process.js";
import type { End, Sweep } from "../support/crash-sweep.js";
import { runThrough, sweep } from "../support/crash-sweep.js";
import { inPool, scratchFolder } from "../support/crash-world.js";
import type { Saga } from "../support/saga-scenarios.js";
import { GUESSED_SAGA, KEYLESS_SAGA, sagaOf } from "../support/saga-scenarios.js";

const LIMIT_MS = 240_000;
/** Of sagas that are swept whole in another kind of outside. */
const SOME_COPIES = 20;
/** Processes that start cold are slow: so many at once. */
const AT_ONCE = 2;
/** A commit may hold more units or fewer: the last ones of a run are not there every time. */
const FEWER_COMMITS = 10;
const KILLED_COMMITS = 6;
/** An act whose outcome a silent outside does not tell. */
const UNTOLD = /^(?:before|after) (?:reserve_place|confirm_by_mail)/u;

const base = scratchFolder();
let folders = 0;
let script = "";
let counterpart: ChildProcess;
let url = "";
beforeAll(async () => {
  const child = join(import.meta.dirname, "../support/saga-counterpart.ts");
  counterpart = spawn(process.execPath, ["--import", "tsx", child], { stdio: ["ignore", "pipe", "inherit"] });
  if (!counterpart.stdout) throw new Error("The counterpart has nothing to speak with.");
  for await (const port of createInterface({ input: counterpart.stdout })) {
    url = `http://127.0.0.1:${port}`;
    break;
  }
  script = await bundleChild(freshFolder());
}, LIMIT_MS);
afterAll(() => {
  counterpart.kill("SIGKILL");
  rmSync(base, { recursive: true, force: true });
});

function freshFolder(): string {
  folders += 1;
  const folder = join(base, String(folders));
  mkdirSync(folder);
  return folder;
}

const swept = (saga: Saga, options: { limit?: number; twice?: boolean } = {}): Promise<Sweep> =>
  sweep({ ...saga, counterpart: url }, options);

/** What the counterpart still holds: places that are not free again, money that was not given back. Mails are gone. */
function standing(history: readonly string[]): readonly string[] {
  const left: string[] = [];
  for (const act of history) {
    const isUndo = /^(?:cancel|refund) /u.test(act);
    const undone = left.indexOf(act.replace("cancel ", "reserve ").replace("refund ", "pay "));
    if (isUndo && undone >= 0) left.splice(undone, 1);
    else if (!act.startsWith("mail ")) left.push(act);
  }
  return left;
}

/** No act twice, none lost, none of unknown outcome, and all of it in this order; what failed left nothing behind. */
function assertWhole(end: End, expected: End, saga: Saga): void {
  expect(end.history, end.killed).toEqual(saga.history);
  // Of an undo that was given up nobody knows what it did; a person said what became of its act.
  const isAnswered = (undoes?: string) =>
    end.essence.report.effects.some(
      (act) => act.effect_id === undoes && /^(?:undone_by_hand|left)$/u.test(act.outcome),
    );
  expect(
    end.essence.effects.filter(({ status, undoes }) => status === "claimed" && !isAnswered(undoes)),
    end.killed,
  ).toEqual([]);
  if (end.essence.run.status !== "completed") expect(standing(end.history), end.killed).toEqual([]);
  expect(end.essence, end.killed).toEqual(expected.essence);
  if (saga.outside === "silent" && UNTOLD.test(end.killed)) expect(end.doubts, end.killed).toBeGreaterThan(0);
}

function assertAllWhole({ expected, ends }: Sweep, saga: Saga): void {
  expect(expected).toMatchObject({ doubts: 0, essence: { run: { status: saga.ends }, undecided: 0 } });
  expect(ends.length).toBeGreaterThan(saga.history.length);
  for (const end of [expected, ...ends]) assertWhole(end, expected, saga);
}

describe("I2: a booking that fails at any step is taken back at the counterpart, whatever commit or act a process is killed at", () => {
  test.each(
    (["no flight", "no hotel", "no payment", "no mail", "failed when all was done"] as const).map((trip) =>
      sagaOf(trip, "silent"),
    ),
  )("$name", { timeout: LIMIT_MS }, async (saga) => {
    assertAllWhole(await swept(saga), saga);
  });

  test.each([
    sagaOf("cancelled before its mail", "silent"),
    sagaOf("failed, and the hotel frees nothing by code", "silent"),
    sagaOf("no mail", "tells"),
    sagaOf("no mail", "knows_keys"),
    sagaOf("all goes well", "silent"),
  ])("$name", { timeout: LIMIT_MS }, async (saga) => {
    assertAllWhole(await swept(saga, { limit: SOME_COPIES }), saga);
  });

  test("and the next process too", { timeout: LIMIT_MS }, async () => {
    const saga = sagaOf("no mail", "silent");

    assertAllWhole(await swept(saga, { limit: SOME_COPIES, twice: true }), saga);
  });
});

describe("I2: so is one whose process is killed for good", () => {
  const saga = sagaOf("failed when all was done", "silent");
  let expected: End;
  let commits = 0;
  beforeAll(async () => {
    const count = (_moment: number, what: string): boolean => {
      if (what === "after commit") commits += 1;
      return false;
    };
    const whole = { folder: freshFolder(), label: "never", atMs: 0 };
    expected = await runThrough({ ...saga, counterpart: url }, whole, { to: [], isWanted: count });
  }, LIMIT_MS);

  const killAt = async (points: readonly Pick<ChildTask, "killAtAct" | "killAtCommit">[]): Promise<void> => {
    await inPool(points, AT_ONCE, async (point) => {
      const folder = freshFolder();
      const label = JSON.stringify(point);
      const task = { command: "drive" as const, folder, scenario: saga.name, counterpart: url, ...point };
      expect(await startChild(script, task).ended, label).toBe("SIGKILL");
      assertWhole(await runThrough({ ...saga, counterpart: url }, { folder, label, atMs: 0 }), expected, saga);
    });
  };

  test("before and after every call of the counterpart", { timeout: LIMIT_MS }, async () => {
    await killAt(Array.from({ length: 2 * saga.history.length }, (_, index) => ({ killAtAct: index + 1 })));
  });

  test("at commits all along its way", { timeout: LIMIT_MS }, async () => {
    const last = commits - FEWER_COMMITS;
    const points = Array.from({ length: KILLED_COMMITS }, (_, index) =>
      Math.ceil(((index + 1) * last) / KILLED_COMMITS),
    );

    expect(new Set(points).size).toBe(KILLED_COMMITS);
    await killAt(points.map((killAtCommit) => ({ killAtCommit })));
  });
});

describe("the proof finds what is wrong", () => {
  test("a person who says without looking that nothing happened", { timeout: LIMIT_MS }, async () => {
    const { expected, ends } = await swept(GUESSED_SAGA);

    assertWhole(expected, expected, GUESSED_SAGA);
    expect(ends.filter(({ history }) => standing(history).length > 0).length).toBeGreaterThan(0);
  });

  test("an undo that is another one each time", { timeout: LIMIT_MS }, async () => {
    const { expected, ends } = await swept(KEYLESS_SAGA);

    assertWhole(expected, expected, KEYLESS_SAGA);
    const twice = ends.filter(({ history }) => history.filter((act) => act.startsWith("refund")).length > 1);
    expect(twice.length).toBeGreaterThan(0);
  });
});
