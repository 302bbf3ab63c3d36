import { describe, expect, test } from "vitest";
import type { ApprovalRecord, ObservationRecord } from "../../core/records.js";
import type { LeadTimeView } from "../../core/views.js";
import { approvalRecord, runRecord, taskRecord } from "../support/records.js";
import type { StoreFactory } from "./store.js";

const LEAD_TIME: LeadTimeView = {
  total_ms: 10,
  work_ms: 7,
  waiting_for_people_ms: 2,
  waiting_for_others_ms: 1,
  basis: "measured",
};
const day = (n: number) => new Date(`2026-03-0${n}T10:00:00.000Z`);
const observation = (runId: string, kpiId: string, basis: ObservationRecord["basis"]): ObservationRecord => ({
  runId,
  kpiId,
  value: 2.5,
  at: day(5),
  basis,
  by: "Ada",
});

/** What every store promises about counting over runs. */
export function figuresContract(name: string, open: StoreFactory): void {
  /** Four runs of two missions: R1 ended on day 2, R2 on day 4, R3 is open since day 3, R4 is of another mission. */
  const withRuns = (title: string, body: (store: Awaited<ReturnType<StoreFactory>>["store"]) => Promise<void>) =>
    test(title, async () => {
      const fresh = await open();
      const { store } = fresh;
      try {
        const runs = [
          runRecord("R1", {
            status: "completed",
            startedAt: day(1),
            finishedAt: day(2),
            report: { lead_time: { ...LEAD_TIME }, more: [1, 2] },
          }),
          runRecord("R2", { status: "failed", startedAt: day(1), finishedAt: day(4), report: {} }),
          runRecord("R3", { status: "waiting", startedAt: day(3) }),
          runRecord("R4", { missionId: "M002", missionSlug: "sales", missionName: "Sales", startedAt: day(1) }),
        ];
        await store.commit({ statements: runs.flatMap((run) => store.runs.create(run)) });
        await body(store);
      } finally {
        await fresh.drop();
      }
    });

  describe(`${name}: counting over runs`, () => {
    withRuns("runs are chosen by mission and by when they ended; open ones by when they began", async (store) => {
      const ids = async (...filter: Parameters<typeof store.figures.runs>) =>
        (await store.figures.runs(...filter)).map(({ runId }) => runId);

      expect(await ids()).toEqual(["R1", "R2", "R3", "R4"]);
      expect(await ids({ missionId: "M001" })).toEqual(["R1", "R2", "R3"]);
      expect(await ids({ missionId: "M001", from: day(2), to: day(3) })).toEqual(["R1", "R3"]);
      expect(await ids({ missionId: "M001", from: day(3) })).toEqual(["R2", "R3"]);
      expect(await ids({ to: day(2) })).toEqual(["R1", "R4"]);
      expect(await ids({ missionId: "none" })).toEqual([]);
    });

    withRuns(
      "a run's figure has its lead time, what it cost, whether work was done again or the lesser way",
      async (store) => {
        await store.commit({
          statements: store.tasks.put([
            taskRecord("R1", "T1", { costMicroUsd: 5, degraded: true }),
            taskRecord("R1", "T2", { costMicroUsd: 7, attempt: 3 }),
            taskRecord("R2", "T1", { refusals: 1 }),
            taskRecord("R3", "T1", { tried: ["A1"] }),
          ]),
        });

        const [first, second, third, fourth] = await store.figures.runs();

        expect(first).toEqual({
          runId: "R1",
          missionId: "M001",
          missionSlug: "customer-onboarding",
          missionName: "Customer onboarding",
          missionVersion: "v1",
          status: "completed",
          startedAt: day(1),
          finishedAt: day(2),
          leadTime: LEAD_TIME,
          costMicroUsd: 12,
          hasRework: false,
          isDegraded: true,
        });
        expect([second, third, fourth].map((run) => run?.hasRework)).toEqual([true, true, false]);
        expect([second, third].map((run) => run?.leadTime)).toEqual([undefined, undefined]);
      },
    );

    withRuns("the lead time is that of the report that ends a run, however long it is", async (store) => {
      const report = { lead_time: { ...LEAD_TIME }, blackboard: "much ".repeat(5_000) };
      const run = runRecord("R5", { status: "running", fence: 1 });
      await store.commit({ statements: store.runs.create(run) });
      await store.commit({ statements: store.runs.finish(run, "completed", report, undefined, day(1)) });

      const [first] = await store.figures.runs();

      expect(first).toMatchObject({ runId: "R5", leadTime: LEAD_TIME });
      expect(await store.runs.find("R5")).toMatchObject({ report });
    });

    withRuns("observations and decisions come with the runs that they are of", async (store) => {
      const decided: Partial<ApprovalRecord> = {
        status: "approved",
        createdAt: day(1),
        decidedAt: day(2),
        decidedBy: "Ada",
      };
      await store.commit({
        statements: [
          ...store.observations.put(observation("R1", "days", "simulated")),
          ...store.observations.put(observation("R1", "days", "recorded")),
          ...store.observations.put(observation("R4", "score", "recorded")),
          ...store.approvals.put(approvalRecord("a1", "R1", decided)),
          ...store.approvals.put(approvalRecord("a2", "R1", { ...decided, status: "expired" })),
          ...store.approvals.put(approvalRecord("a3", "R4", { ...decided, decidedAt: day(1) })),
        ],
      });

      expect(await store.figures.observations({ missionId: "M001" })).toEqual([
        observation("R1", "days", "recorded"),
        observation("R1", "days", "simulated"),
      ]);
      expect(await store.figures.decisions()).toEqual([
        { runId: "R1", waitedMs: 86_400_000 },
        { runId: "R4", waitedMs: 0 },
      ]);
      expect(await store.figures.decisions({ from: day(3) })).toEqual([{ runId: "R4", waitedMs: 0 }]);
    });

    withRuns("missions are named as their newest run names them", async (store) => {
      const renamed = runRecord("R5", { missionName: "Onboarding", missionVersion: "v2", startedAt: day(6) });
      await store.commit({ statements: store.runs.create(renamed) });

      expect(await store.figures.missions()).toEqual([
        { missionId: "M001", missionSlug: "customer-onboarding", missionName: "Onboarding", missionVersion: "v2" },
        { missionId: "M002", missionSlug: "sales", missionName: "Sales", missionVersion: "v1" },
      ]);
    });
  });
}
