import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Decision } from "../../core/approval.js";
import type { Desk } from "../support/approvals.js";
import { createDesk, endOfRun, until } from "../support/approvals.js";
import { HELD } from "../support/approvals-orders.js";
import type { DeskProcess, Told } from "../support/approvals-process.js";
import { startDeskProcess } from "../support/approvals-process.js";

const CASES = { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", gate: "" }] };
const RACES = 40;
const APPROVE: Decision = { type: "approve" };
const FINAL: Decision = { type: "reject", comment: "No.", final: true };

let desk: Desk;
let other: DeskProcess | undefined;

beforeEach(() => {
  desk = createDesk();
  other = undefined;
});

afterEach(async () => {
  await other?.end();
  await desk.drop();
});

function asked(id: string) {
  return { task_id: id, skill: "draft", requires_human_approval: true };
}

function behind(id: string, ...before: readonly string[]) {
  return { task_id: id, skill: "gather", depends_on: [...before] };
}

describe("I1: a yes never waits for a stranger", () => {
  test("beside a long task, a request is listed, decided in another process, and followed up before that task ends", async () => {
    const mission = desk.mission("beside", [HELD, asked("A"), behind("B", "A"), behind("C", "B")], { cases: CASES });
    const gate = desk.gate("long");
    const [orchestrator, process] = await Promise.all([desk.open(), startDeskProcess(desk)]);
    other = process;
    const working = orchestrator.start(mission, { caseRef: { case_id: "C1", gate: gate.path } });
    const [run] = await until(async () => {
      const runs = await orchestrator.runs();
      return runs.length > 0 && runs;
    });

    const listed = await until(async () => {
      const { value } = await process.tell({ do: "approvals", run: run?.run_id ?? "" });
      const [request] = value as { approval_id: string }[]; // safe: what `approvals` returns
      return request;
    });
    const told = await process.tell({ do: "decide", approval: listed.approval_id, decision: APPROVE, by: "bob" });
    const during = await until(async () => {
      const status = await orchestrator.status(run?.run_id ?? "");
      return status.tasks["C"]?.status === "done" && status;
    });
    gate.release();
    await working;

    expect(told.value).toMatchObject({ status: "approved", decided_by: "bob", continued: "by_owner" });
    expect(during.tasks["H"]?.status).toBe("running");
    expect(during.status).toBe("running");
    expect(await endOfRun(orchestrator, run?.run_id ?? "")).toMatchObject({ status: "completed" });
  });
});

describe("I4: of two who decide at once one acts, and the other is told who decided what", () => {
  test("in one process", async () => {
    const mission = desk.mission("two", [asked("A"), behind("B", "A")]);
    const orchestrator = await desk.open();
    const { run_id: run, approvals } = await orchestrator.start(mission);
    const [request] = approvals;

    const outcomes = await Promise.allSettled([
      orchestrator.decide(request?.approval_id ?? "", { decision: APPROVE, by: "ann" }),
      orchestrator.decide(request?.approval_id ?? "", { decision: FINAL, by: "bob" }),
    ]);

    const [acted] = outcomes.filter((outcome) => outcome.status === "fulfilled");
    const [refused] = outcomes.filter((outcome) => outcome.status === "rejected");
    const winner = acted?.value.decided_by ?? "";
    const word = winner === "ann" ? "approved" : "rejected";
    expect(acted?.value).toMatchObject({ status: word });
    expect(refused?.reason).toMatchObject({
      code: "already_decided",
      message: expect.stringMatching(`^${winner} decided this already at .*: ${word}`),
      details: { decided_by: winner, status: word },
    });
    expect((await orchestrator.report(run)).decisions).toMatchObject([{ by: winner, decision: word }]);
  });

  test("in two processes, every time", async () => {
    const mission = desk.mission("two", [asked("A"), behind("B", "A")]);
    const [orchestrator, process] = await Promise.all([desk.open(), startDeskProcess(desk)]);
    other = process;

    const rounds = await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const { run_id: run, approvals } = await orchestrator.start(mission, { caseRef: { case_id: `C${index}` } });
        const approval = approvals[0]?.approval_id ?? "";
        const [here, there] = await Promise.all([
          orchestrator.decide(approval, { decision: APPROVE, by: "ann" }).then(
            (value): Told => ({ value }),
            (error: { code: string; message: string }): Told => ({ error }),
          ),
          process.tell({ do: "decide", approval, decision: FINAL, by: "bob" }),
        ]);
        await until(async () => (await orchestrator.status(run)).finished_at !== null);
        return { here, there, report: await orchestrator.report(run) };
      }),
    );

    for (const { here, there, report } of rounds) {
      const [winner, word, loser] = here.error ? ["bob", "rejected", here] : ["ann", "approved", there];
      expect([here, there].filter(({ error }) => error === undefined)).toHaveLength(1);
      expect(loser.error).toMatchObject({
        code: "already_decided",
        message: expect.stringContaining(`${winner} decided`),
      });
      expect(loser.error?.message).toContain(word);
      expect(report.decisions).toMatchObject([{ by: winner, decision: word }]);
      expect(report.status).toBe(winner === "ann" ? "completed" : "failed");
    }
  }, 60_000);
});

describe("I6: a decision is never lost, whenever it comes", () => {
  /** Lets the event loop turn so often; each number meets the owner at another point of its way to rest. */
  async function turns(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  test("while its owner goes to rest, decided by the same orchestrator", async () => {
    const mission = desk.mission("race", [asked("A"), asked("B"), behind("C", "A", "B")]);
    const orchestrator = await desk.open();

    const statuses = await Promise.all(
      Array.from({ length: RACES }, async (_, index) => {
        const run = await raced(orchestrator, orchestrator, mission, index);
        return (await orchestrator.status(run)).status;
      }),
    );

    expect(statuses).toEqual(statuses.map(() => "completed"));
  }, 60_000);

  test("while its owner goes to rest, decided by another orchestrator", async () => {
    const mission = desk.mission("race", [asked("A"), asked("B"), behind("C", "A", "B")]);
    const [owner, decider] = await Promise.all([desk.open(), desk.open()]);

    const statuses = await Promise.all(
      Array.from({ length: RACES }, async (_, index) => {
        const run = await raced(owner, decider, mission, index);
        return (await owner.status(run)).status;
      }),
    );

    expect(statuses).toEqual(statuses.map(() => "completed"));
  }, 60_000);

  test("while its owner goes to rest, decided in another process", async () => {
    const mission = desk.mission("race", [asked("A"), asked("B"), behind("C", "A", "B")]);
    const [owner, process] = await Promise.all([desk.open(), startDeskProcess(desk)]);
    other = process;

    await Promise.all(
      Array.from({ length: RACES }, async (_, index) => {
        const caseId = `C${index}`;
        const working = owner.start(mission, { caseRef: { case_id: caseId } });
        const run = await until(async () => (await owner.runs()).find(({ case_id: id }) => id === caseId)?.run_id);
        const seen = new Set<string>();
        while (seen.size < 2) {
          for (const { approval_id: id } of await owner.approvals({ run })) {
            if (seen.has(id)) continue;
            seen.add(id);
            await turns(index % 7);
            expect(
              (await process.tell({ do: "decide", approval: id, decision: APPROVE, by: "bob" })).error,
            ).toBeUndefined();
          }
          await turns(1);
        }
        await working;
      }),
    );
    const statuses = (await owner.runs()).map(({ status }) => status);

    expect(statuses).toEqual(Array.from({ length: RACES }, () => "completed"));
  }, 60_000);

  /** Starts with one orchestrator and decides with another as soon as something is asked, some turns later. */
  async function raced(
    owner: Awaited<ReturnType<Desk["open"]>>,
    decider: typeof owner,
    mission: string,
    delay: number,
  ) {
    const caseId = `C${delay}`;
    const working = owner.start(mission, { caseRef: { case_id: caseId } });
    const run = await until(async () => (await owner.runs()).find(({ case_id: id }) => id === caseId)?.run_id);
    const deciding: Promise<unknown>[] = [];
    const seen = new Set<string>();
    while (seen.size < 2) {
      for (const { approval_id: id } of await decider.approvals({ run })) {
        if (seen.has(id)) continue;
        seen.add(id);
        await turns(delay);
        deciding.push(decider.decide(id, { decision: APPROVE, by: "bob" }));
      }
      await turns(1);
    }
    await Promise.all([working, ...deciding]);
    return run;
  }
});
