import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Orchestrator } from "../../runtime/orchestrator.js";
import type { Desk } from "../support/approvals.js";
import { createDesk, endOfRun, until } from "../support/approvals.js";
import { actsIn } from "../support/approvals-agents.js";
import type { DeskProcess } from "../support/approvals-process.js";
import { startDeskProcess } from "../support/approvals-process.js";

const LEASE_MS = 2_000;
const LIMIT_MS = 60_000;
const CASES = { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", first: "", second: "" }] };
const TASKS = [
  { task_id: "N1", skill: "note", inputs: { gate: "case.first" } },
  { task_id: "N2", skill: "note", inputs: { gate: "case.second" }, depends_on: ["N1"] },
];

let desk: Desk;
let mission: string;
let children: DeskProcess[];

beforeEach(() => {
  desk = createDesk();
  mission = desk.mission("notes", TASKS, { cases: CASES });
  children = [];
});

afterEach(async () => {
  await Promise.all(children.map((child) => child.end()));
  await desk.drop();
});

async function child(env: Readonly<Record<string, string>> = {}): Promise<DeskProcess> {
  const started = await startDeskProcess(desk, env);
  children.push(started);
  return started;
}

/** The one run of the store, once its first task is at work. */
function atWork(orchestrator: Orchestrator): Promise<string> {
  return until(async () => {
    const [run] = await orchestrator.runs();
    return run && (await orchestrator.status(run.run_id)).tasks["N1"]?.status === "running" && run.run_id;
  });
}

/** Starts a run in a process of its own and kills that process while the first task is at work. */
async function leftBehind(orchestrator: Orchestrator, gates: { first: string; second: string }): Promise<string> {
  const dying = await child();
  void dying.tell({ do: "start", mission, caseRef: { case_id: "C1", ...gates } });
  const run = await atWork(orchestrator);
  await dying.end();
  return run;
}

describe("I7: of two who resume one acts, and the other is told", () => {
  test(
    "in two processes",
    async () => {
      const gate = desk.gate("first");
      const orchestrator = await desk.open();
      const [run, second] = await Promise.all([leftBehind(orchestrator, { first: gate.path, second: "" }), child()]);

      const here = orchestrator.resume(run).then(
        () => undefined,
        (error: { code: string; message: string }) => error,
      );
      const there = second.tell({ do: "resume", run }).then(({ error }) => error);
      const loser = await Promise.race([here, there]);
      gate.release();
      const outcomes = await Promise.all([here, there]);

      expect(loser).toMatchObject({
        code: "run_busy",
        message: expect.stringContaining(`Run ${run} is being worked on by process`),
      });
      expect(outcomes.filter((error) => error === undefined)).toHaveLength(1);
      expect(await endOfRun(orchestrator, run)).toMatchObject({ status: "completed" });
      expect(actsIn(desk.folder)).toHaveLength(2);
    },
    LIMIT_MS,
  );

  test(
    "in one process",
    async () => {
      const gate = desk.gate("first");
      const [one, two] = await Promise.all([desk.open(), desk.open()]);
      const run = await leftBehind(one, { first: gate.path, second: "" });

      const resumed = [one.resume(run), two.resume(run)].map((resuming) =>
        resuming.then(
          () => undefined,
          (error: { code: string }) => error,
        ),
      );
      const loser = await Promise.race(resumed);
      gate.release();
      const outcomes = await Promise.all(resumed);

      expect(loser).toMatchObject({ code: "run_busy" });
      expect(outcomes.filter((error) => error === undefined)).toHaveLength(1);
      expect(await endOfRun(one, run)).toMatchObject({ status: "completed" });
      expect(actsIn(desk.folder)).toHaveLength(2);
    },
    LIMIT_MS,
  );

  test(
    "by one orchestrator, the second joins the first",
    async () => {
      const gate = desk.gate("first");
      const orchestrator = await desk.open();
      const run = await leftBehind(orchestrator, { first: gate.path, second: "" });

      const resumed = [orchestrator.resume(run), orchestrator.resume(run)];
      gate.release();
      const outcomes = await Promise.all(resumed);

      expect(outcomes.map(([outcome]) => outcome?.status)).toEqual(["completed", "completed"]);
      expect(actsIn(desk.folder)).toHaveLength(2);
    },
    LIMIT_MS,
  );
});

test(
  "I7: of two who start a case one works on it, and the other is told that it goes on elsewhere",
  async () => {
    const gate = desk.gate("first");
    const [one, two] = await Promise.all([desk.open(), desk.open()]);
    const options = { caseRef: { case_id: "C1", first: gate.path, second: "" } };

    const started = [one.start(mission, options), two.start(mission, options)];
    const loser = await Promise.race(started);
    gate.release();
    const outcomes = await Promise.all(started);

    expect(loser).toMatchObject({ is_elsewhere: true, note: expect.stringContaining("another process") });
    expect(outcomes.filter(({ is_elsewhere, status }) => !is_elsewhere && status === "completed")).toHaveLength(1);
  },
  LIMIT_MS,
);

describe("I2, I7: a worker that was stopped past its lease writes nothing when it goes on", () => {
  /** Starts a run in another process and stops that process while the first task is at work. */
  async function stoppedAtWork() {
    const orchestrator = await desk.open();
    const stopped = await child({ MISSION_LEASE_MS: String(LEASE_MS) });
    const [first, second] = [desk.gate("first"), desk.gate("second")];
    const caseRef = { case_id: "C1", first: first.path, second: second.path };
    const starting = stopped.tell({ do: "start", mission, caseRef });
    const run = await atWork(orchestrator);
    stopped.signal("SIGSTOP");
    return { orchestrator, stopped, starting, run, first, second };
  }

  /** Resumes once the lease of the stopped process is over. */
  function takeOver(orchestrator: Orchestrator, run: string) {
    return until(() =>
      orchestrator.resume(run).catch((error: { code: string }) => {
        if (error.code !== "run_busy") throw error;
        return false as const;
      }),
    );
  }

  test(
    "while its successor is at work",
    async () => {
      const { orchestrator, stopped, starting, run, first, second } = await stoppedAtWork();
      const working = takeOver(orchestrator, run);
      first.release();
      await until(async () => (await orchestrator.status(run)).tasks["N2"]?.status === "running");

      stopped.signal("SIGCONT");
      const told = await starting;
      const during = await orchestrator.status(run);
      second.release();
      await working;

      expect(told.error).toMatchObject({
        code: "stale_owner",
        message: expect.stringContaining(`Run ${run} has another owner`),
      });
      expect(during).toMatchObject({ status: "running", tasks: { N1: { status: "done" }, N2: { status: "running" } } });
      expect(actsIn(desk.folder)).toEqual([`C1 N1 by ${process.pid}`, `C1 N2 by ${process.pid}`]);
      expect(await endOfRun(orchestrator, run)).toMatchObject({ status: "completed" });
    },
    LIMIT_MS,
  );

  test(
    "after its successor has ended the run",
    async () => {
      const { orchestrator, stopped, starting, run, first, second } = await stoppedAtWork();
      first.release();
      second.release();
      await takeOver(orchestrator, run);
      const before = [await orchestrator.status(run), await orchestrator.report(run)];

      stopped.signal("SIGCONT");
      const told = await starting;

      expect(told.error).toMatchObject({ code: "stale_owner", message: expect.stringContaining("another owner") });
      expect([await orchestrator.status(run), await orchestrator.report(run)]).toEqual(before);
      expect(actsIn(desk.folder)).toEqual([`C1 N1 by ${process.pid}`, `C1 N2 by ${process.pid}`]);
    },
    LIMIT_MS,
  );
});
