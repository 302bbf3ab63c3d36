import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Orchestrator } from "../../runtime/orchestrator.js";
import type { Desk } from "../support/approvals.js";
import { createDesk, onlyRequest, until } from "../support/approvals.js";
import { actsIn } from "../support/approvals-agents.js";
import type { DeskProcess } from "../support/approvals-process.js";
import { startDeskProcess } from "../support/approvals-process.js";
import type { TaskParts } from "../support/missions.js";

const LEASE_MS = 2_000;
const LIMIT_MS = 60_000;
const RESOURCES = ["calendar:team"];

let desk: Desk;
let children: DeskProcess[];

beforeEach(() => {
  desk = createDesk();
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

/** A task that waits for the gate of its case and then notes itself. */
function note(id: string, parts: Partial<TaskParts> = {}): TaskParts {
  return { task_id: id, skill: "note", inputs: { gate: `case.${id}` }, resources: RESOURCES, ...parts };
}

function runOf(orchestrator: Orchestrator, caseId: string): Promise<string> {
  return until(async () => (await orchestrator.runs()).find((run) => run.case_id === caseId)?.run_id);
}

/** The task as `status` shows it, once it is like that. */
function untilTask(orchestrator: Orchestrator, run: string, taskId: string, parts: object): Promise<true> {
  return until(async () => {
    const task = (await orchestrator.status(run)).tasks[taskId];
    return (
      Object.entries(parts).every(([name, value]) =>
        Object.entries(task ?? {}).some(([key, found]) => key === name && found === value),
      ) && true
    );
  });
}

describe("I2: two tasks that write the same resource are never at it together", () => {
  test(
    "in one run the second begins once the first's result stands, and says meanwhile whom it waits for",
    async () => {
      const gate = desk.gate("one");
      const mission = desk.mission("one", [
        note("N1"),
        note("N2"),
        note("N3", { resources: ["customer:{case.case_id}"] }),
      ]);
      const orchestrator = await desk.open();

      const running = orchestrator.start(mission, { caseRef: { case_id: "C1", N1: gate.path, N2: "", N3: "" } });
      const run = await runOf(orchestrator, "C1");
      await untilTask(orchestrator, run, "N3", { status: "done" });
      await untilTask(orchestrator, run, "N2", { waiting_for: "waits for calendar:team, held by task N1 of this run" });
      expect(actsIn(desk.folder)).toHaveLength(1);
      gate.release();
      const { status } = await running;

      expect(status).toBe("completed");
      expect(actsIn(desk.folder).map((line) => line.split(" ")[1])).toEqual(["N3", "N1", "N2"]);
      const view = await orchestrator.status(run);
      expect(view.tasks["N2"]).toMatchObject({ status: "done", waiting_for: null });
    },
    LIMIT_MS,
  );

  test(
    "so are two runs of two processes",
    async () => {
      const gate = desk.gate("one");
      const mission = desk.mission("two", [note("N1")]);
      const [orchestrator, other] = await Promise.all([desk.open(), child()]);

      const there = other.tell({ do: "start", mission, caseRef: { case_id: "C1", N1: gate.path } });
      const first = await runOf(orchestrator, "C1");
      await untilTask(orchestrator, first, "N1", { status: "running" });
      const here = orchestrator.start(mission, { caseRef: { case_id: "C2", N1: "" } });
      const second = await runOf(orchestrator, "C2");
      await untilTask(orchestrator, second, "N1", {
        waiting_for: `waits for calendar:team, held by run ${first} task N1`,
      });
      expect(actsIn(desk.folder)).toEqual([]);
      gate.release();

      expect((await there).value).toMatchObject({ status: "completed" });
      expect(await here).toMatchObject({ status: "completed" });
      expect(actsIn(desk.folder).map((line) => line.split(" ")[0])).toEqual(["C1", "C2"]);
    },
    LIMIT_MS,
  );

  test(
    "what a killed process had half done stays held until its run is resumed and is through with it",
    async () => {
      const gate = desk.gate("one");
      const mission = desk.mission("both", [note("N1", { skill: "note_both" })]);
      const [orchestrator, other] = await Promise.all([desk.open(), child()]);
      void other.tell({ do: "start", mission, caseRef: { case_id: "C1", N1: gate.path } });
      const first = await runOf(orchestrator, "C1");
      await until(() => actsIn(desk.folder).length === 1);
      await other.end();
      const here = orchestrator.start(mission, { caseRef: { case_id: "C2", N1: "" } });
      const second = await runOf(orchestrator, "C2");
      await untilTask(orchestrator, second, "N1", {
        waiting_for: `waits for calendar:team, held by run ${first} task N1`,
      });
      expect(actsIn(desk.folder)).toHaveLength(1);
      gate.release();
      await orchestrator.resume(first);

      expect(await here).toMatchObject({ status: "completed" });
      expect(await orchestrator.status(first)).toMatchObject({ status: "completed" });
      const halves = actsIn(desk.folder).map((line) => line.split(" by ")[0]);
      expect(halves).toEqual(["C1 N1 first", "C1 N1 second", "C2 N1 first", "C2 N1 second"]);
    },
    LIMIT_MS,
  );

  test(
    "what a killed process held without having acted is free at once, and is taken anew when its run is resumed",
    async () => {
      const gate = desk.gate("one");
      const mission = desk.mission("two", [note("N1")]);
      const [orchestrator, other] = await Promise.all([desk.open(), child()]);
      void other.tell({ do: "start", mission, caseRef: { case_id: "C1", N1: gate.path } });
      const first = await runOf(orchestrator, "C1");
      await untilTask(orchestrator, first, "N1", { status: "running" });
      const here = orchestrator.start(mission, { caseRef: { case_id: "C2", N1: "" } });
      const second = await runOf(orchestrator, "C2");
      await untilTask(orchestrator, second, "N1", {
        waiting_for: `waits for calendar:team, held by run ${first} task N1`,
      });

      other.signal("SIGKILL");
      expect(await here).toMatchObject({ status: "completed" });
      gate.release();
      await orchestrator.resume(first);

      expect(await orchestrator.status(first)).toMatchObject({ status: "completed" });
      expect(actsIn(desk.folder).map((line) => line.split(" ")[0])).toEqual(["C2", "C1"]);
    },
    LIMIT_MS,
  );

  test(
    "a process that slept past its lease does nothing with what another has taken since, and waits its turn again",
    async () => {
      const [gate, second] = [desk.gate("one"), desk.gate("two")];
      const mission = desk.mission("two", [note("N1")]);
      const [orchestrator, other] = await Promise.all([desk.open(), child({ MISSION_LEASE_MS: String(LEASE_MS) })]);
      const there = other.tell({ do: "start", mission, caseRef: { case_id: "C1", N1: gate.path } });
      const first = await runOf(orchestrator, "C1");
      await untilTask(orchestrator, first, "N1", { status: "running" });

      other.signal("SIGSTOP");
      const here = orchestrator.start(mission, { caseRef: { case_id: "C2", N1: second.path } });
      const run = await runOf(orchestrator, "C2");
      await untilTask(orchestrator, run, "N1", { status: "running", waiting_for: null });
      gate.release();
      other.signal("SIGCONT");
      await untilTask(orchestrator, first, "N1", {
        waiting_for: `waits for calendar:team, held by run ${run} task N1`,
      });
      expect(actsIn(desk.folder)).toEqual([]);
      second.release();

      expect(await here).toMatchObject({ status: "completed" });
      expect((await there).value).toMatchObject({ status: "completed" });
      expect(actsIn(desk.folder).map((line) => line.split(" ")[0])).toEqual(["C2", "C1"]);
    },
    LIMIT_MS,
  );
});

describe("I6: who waits for a person holds up nobody but for what he has begun", () => {
  test(
    "before its first act a task that asks gives back what it held",
    async () => {
      const mission = desk.mission("ask", [{ task_id: "P1", skill: "post", resources: RESOURCES }, note("N1")]);
      const orchestrator = await desk.open();

      const started = await orchestrator.start(mission, { caseRef: { case_id: "C1", N1: "" } });
      expect((await orchestrator.status(started.run_id)).tasks).toMatchObject({
        P1: { status: "waiting_for_person" },
        N1: { status: "done" },
      });
      const request = await onlyRequest(orchestrator, started.run_id);
      await orchestrator.decide(request.approval_id, { decision: { type: "approve" }, by: "ada" });

      expect(await orchestrator.status(started.run_id)).toMatchObject({ status: "completed" });
      expect(actsIn(desk.folder)).toHaveLength(2);
    },
    LIMIT_MS,
  );

  test(
    "what was begun is held until its outcome is known, in the run and for other runs, while the run waits for people",
    async () => {
      const mission = desk.mission("doubt", [{ task_id: "S1", skill: "ship", resources: RESOURCES }, note("N1")]);
      const other = desk.mission("other", [note("N1")]);
      const orchestrator = await desk.open();

      const started = await orchestrator.start(mission, { caseRef: { case_id: "C1", N1: "" } });
      expect(started.status).toBe("waiting");
      const held = `held by run ${started.run_id} task S1`;
      const running = orchestrator.start(other, { caseRef: { case_id: "C2", N1: "" } });
      const second = await runOf(orchestrator, "C2");
      await untilTask(orchestrator, second, "N1", { waiting_for: `waits for calendar:team, ${held}` });
      expect((await orchestrator.status(started.run_id)).tasks["N1"]).toMatchObject({ status: "todo" });
      expect(actsIn(desk.folder)).toEqual(["parcel C1"]);

      const request = await onlyRequest(orchestrator, started.run_id);
      const answer = { number: "parcel-1" };
      await orchestrator.decide(request.approval_id, { decision: { type: "approve", answer }, by: "ada" });

      expect(await running).toMatchObject({ status: "completed" });
      expect(await orchestrator.status(started.run_id)).toMatchObject({ status: "completed" });
      expect(actsIn(desk.folder)).toHaveLength(3);
    },
    LIMIT_MS,
  );

  test(
    "a run that is cancelled gives back what it had kept",
    async () => {
      const mission = desk.mission("doubt", [{ task_id: "S1", skill: "ship", resources: RESOURCES }]);
      const other = desk.mission("other", [note("N1")]);
      const orchestrator = await desk.open();
      const started = await orchestrator.start(mission, { caseRef: { case_id: "C1" } });

      const running = orchestrator.start(other, { caseRef: { case_id: "C2", N1: "" } });
      await orchestrator.cancel(started.run_id, { by: "ada" });

      expect(await running).toMatchObject({ status: "completed" });
    },
    LIMIT_MS,
  );
});
