import BetterSqlite3 from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Decision } from "../../core/approval.js";
import type { Desk } from "../support/approvals.js";
import { createDesk, onlyRequest, until } from "../support/approvals.js";
import { actsIn } from "../support/approvals-agents.js";
import type { DeskProcess, Told } from "../support/approvals-process.js";
import { startDeskProcess } from "../support/approvals-process.js";

const ROUNDS = 6;
const LIMIT_MS = 90_000;

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

/** Starts a run for each round and answers its one request in two processes at once. */
async function race(skill: string, here: Decision, there: Decision) {
  const mission = desk.mission("race", [{ task_id: "T", skill }]);
  const [orchestrator, process] = await Promise.all([desk.open(), startDeskProcess(desk)]);
  other = process;
  const cases = Array.from({ length: ROUNDS }, (_, index) => `C${index}`);
  return Promise.all(
    cases.map(async (case_id) => {
      const { run_id: run, approvals } = await orchestrator.start(mission, { caseRef: { case_id } });
      const approval = approvals[0]?.approval_id ?? "";
      const told = await Promise.all([
        orchestrator.decide(approval, { decision: here, by: "ann" }).then(
          (value): Told => ({ value }),
          (error: { code: string; message: string }): Told => ({ error }),
        ),
        process.tell({ do: "decide", approval, decision: there, by: "bob" }),
      ]);
      await until(async () => (await orchestrator.status(run)).finished_at !== null);
      const winner = told[0].error ? "bob" : "ann";
      return { case_id, winner, losers: told.filter(({ error }) => error), report: await orchestrator.report(run) };
    }),
  );
}

describe("I2, I4: of two who answer about one act at once, one acts and the other is told", () => {
  test(
    "a call that asks is made once when yes was first, and never when no was",
    async () => {
      const rounds = await race("post", { type: "approve" }, { type: "reject", comment: "No." });

      for (const { winner, losers, report } of rounds) {
        expect(losers).toMatchObject([
          { error: { code: "already_decided", message: expect.stringContaining(winner) } },
        ]);
        expect(report.decisions).toMatchObject([{ by: winner, decision: winner === "ann" ? "approved" : "rejected" }]);
      }
      expect(actsIn(desk.folder)).toHaveLength(rounds.filter(({ winner }) => winner === "ann").length);
    },
    LIMIT_MS,
  );

  test(
    "an act in doubt is done again once when it had not happened, and not at all when it had",
    async () => {
      const happened: Decision = { type: "approve", answer: { number: "parcel-1" } };
      const rounds = await race("ship", happened, { type: "reject" });

      for (const { case_id, winner, losers } of rounds) {
        expect(losers).toMatchObject([
          { error: { code: "already_decided", message: expect.stringContaining(winner) } },
        ]);
        const acts = actsIn(desk.folder).filter((line) => line === `parcel ${case_id}`);
        expect(acts).toHaveLength(winner === "ann" ? 1 : 2);
      }
    },
    LIMIT_MS,
  );
});

describe("I4: what was approved is what runs, or nothing runs", () => {
  const CALL = { task_id: "T", skill: "post" };
  const RESULT = { task_id: "T", skill: "write_letter", requires_human_approval: true };

  /** A run whose one request is approved, and not gone on with. */
  async function approved(task: typeof CALL) {
    const mission = desk.mission("act", [task]);
    const orchestrator = await desk.open();
    const { run_id: run } = await orchestrator.start(mission, { caseRef: { case_id: "C1" } });
    const request = await onlyRequest(orchestrator, run);
    await orchestrator.decide(request.approval_id, { decision: { type: "approve" }, by: "ann", continue: false });
    return { orchestrator, run, request };
  }

  /** Somebody with access to the file changes rows behind everybody's back. */
  function tamper(sql: string): void {
    const handle = new BetterSqlite3(desk.url.replace("sqlite:", ""));
    const { changes } = handle.prepare(sql).run();
    handle.close();
    expect(changes).toBe(1);
  }

  test.each<[string, typeof CALL, string]>([
    ["the arguments shown for a call", CALL, "update approvals set shown = replace(shown, 'Dear Bob', 'Pay Eve')"],
    ["whose call it was", CALL, "update approvals set shown = replace(shown, 'bob@', 'eve@')"],
    ["the digest of a call", CALL, "update approvals set digest = replace(digest, substr(digest, 1, 8), '00000000')"],
    ["the acts shown with a result", RESULT, "update approvals set shown = replace(shown, 'Dear Ada', 'Pay Eve')"],
    [
      "the result itself",
      RESULT,
      "update journal set reply = replace(reply, 'Dear Ada', 'Pay Eve') where key = 'candidate'",
    ],
  ])("%s, changed after the approval: nothing is done, and a person is asked anew", async (_, task, sql) => {
    const { orchestrator, run, request } = await approved(task);
    tamper(sql);

    await orchestrator.resume(run);

    expect(actsIn(desk.folder)).toEqual([]);
    const [open] = await orchestrator.approvals({ run });
    expect(open?.approval_id).not.toBe(request.approval_id);
    expect(open?.status).toBe("pending");
  });

  test("a doubt that somebody changed after it was answered is asked anew, and its act is not done again", async () => {
    const mission = desk.mission("doubt", [{ task_id: "T", skill: "ship" }]);
    const orchestrator = await desk.open();
    const { run_id: run } = await orchestrator.start(mission, { caseRef: { case_id: "C1" } });
    const request = await onlyRequest(orchestrator, run);
    expect(request.kind).toBe("in_doubt");
    const didNot = { type: "reject", comment: "It did not." } as const;
    await orchestrator.decide(request.approval_id, { decision: didNot, by: "ann", continue: false });
    tamper("update approvals set shown = replace(shown, 'Did this happen', 'Is all well')");

    await orchestrator.resume(run);

    expect(actsIn(desk.folder)).toEqual(["parcel C1"]);
    const [open] = await orchestrator.approvals({ run });
    expect(open?.approval_id).not.toBe(request.approval_id);
    expect(open?.status).toBe("pending");
  });

  test("untouched, it is done once", async () => {
    const { orchestrator, run } = await approved(CALL);

    await orchestrator.resume(run);

    expect(actsIn(desk.folder)).toEqual(["bob@example.com: Dear Bob"]);
  });
});
