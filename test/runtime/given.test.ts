import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composeOrchestrator } from "../../runtime/compose.js";
import type { Orchestrator } from "../../runtime/orchestrator.js";

const MISSION = "sales-pipeline";
const NO_TEXT = [undefined, null, 3, {}, []];
const NO_OPTIONS = [null, 3, "text", []];

let folder: string;
let orchestrator: Orchestrator;
let run: string;
let approval: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mission-given-"));
  orchestrator = await composeOrchestrator({ store: `sqlite:${join(folder, "runs.db")}` });
  const started = await orchestrator.start(MISSION);
  run = started.run_id;
  approval = started.approvals[0]?.approval_id ?? "";
}, 60_000);

afterAll(async () => {
  await orchestrator.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Calls a method as a caller without types may. */
async function refusalOf(of: object, method: string, ...args: readonly unknown[]): Promise<unknown> {
  const call: unknown = Reflect.get(of, method);
  if (typeof call !== "function") throw new Error(`There is no ${method}.`);
  try {
    await call.apply(of, args);
  } catch (error) {
    return error;
  }
  return undefined;
}

async function expectNamed(of: object, method: string, ...args: readonly unknown[]): Promise<void> {
  const error = await refusalOf(of, method, ...args);
  expect(error, `${method}(${JSON.stringify(args)})`).toMatchObject({ name: "OrchestratorError" });
}

describe("a call with nonsense is refused by a named error that says what to pass", () => {
  test.each(["mission", "verify", "cases", "graph", "start", "status", "report", "cancel", "approval"])(
    "%s of what is no text",
    async (method) => {
      for (const given of NO_TEXT) await expectNamed(orchestrator, method, given);
    },
  );

  test.each(["plan", "test", "simulate", "effects", "progress", "executionLog", "log", "recordKpi", "feedback"])(
    "insight.%s of what is no text",
    async (method) => {
      for (const given of NO_TEXT) {
        await expectNamed(orchestrator.insight, method, given, ...argumentsOf(method));
      }
    },
  );

  test.each(["", " "])("nobody decides, cancels or approves in the name %j", async (by) => {
    const words = { name: "OrchestratorError", message: expect.stringContaining("the name is empty") };
    const refusals = [
      await refusalOf(orchestrator, "decide", approval, { decision: { type: "approve" }, by }),
      await refusalOf(orchestrator, "cancel", run, { by }),
      await refusalOf(orchestrator, "start", "customer-onboarding", { approver: by }),
    ];

    expect(refusals).toEqual([words, words, words].map((each) => expect.objectContaining(each)));
    expect(await orchestrator.status(run)).toMatchObject({ status: "waiting" });
  });

  test("options that are no object", async () => {
    for (const given of NO_OPTIONS) {
      await expectNamed(orchestrator, "start", MISSION, given);
      await expectNamed(orchestrator, "decide", approval, given);
      await expectNamed(orchestrator, "cancel", run, given);
      for (const method of ["runs", "approvals"]) await expectNamed(orchestrator, method, given);
      for (const method of ["plan", "test", "simulate"]) {
        await expectNamed(orchestrator.insight, method, MISSION, given);
      }
      for (const method of ["log", "feedback"]) await expectNamed(orchestrator.insight, method, run, given);
      for (const method of ["kpis", "audit"]) await expectNamed(orchestrator.insight, method, given);
      await expectNamed(orchestrator.insight, "recordKpi", run, "pipeline_days", 3, given);
    }
    for (const given of [undefined, null, 3, {}, [null]]) await expectNamed(orchestrator.insight, "replay", given);
    for (const given of [null, 3]) await expectNamed(orchestrator, "resume", given);
  });

  test.each<[string, object]>([
    ["start", { case: "C-1" }],
    ["start", { onRun: 3 }],
    ["start", { again: true, reason: 3 }],
    ["start", { dispatch: "stepwisely" }],
  ])("%s with %j", async (method, options) => {
    expect(await refusalOf(orchestrator, method, MISSION, options)).toMatchObject({
      code: "usage",
      message: expect.stringContaining(Object.keys(options).at(-1) ?? ""),
    });
  });

  test.each<[unknown]>([
    [undefined],
    [{}],
    [{ decision: undefined }],
    [{ decision: "approve" }],
    [{ decision: {} }],
    [{ decision: { type: 3 } }],
    [{ decision: { type: "reject", comment: 3 } }],
    [{ decision: { type: "approve" }, by: 3 }],
    [{ decision: { type: "approve" }, digest: 3 }],
  ])("decide with %j decides nothing", async (options) => {
    expect(await refusalOf(orchestrator, "decide", approval, options)).toMatchObject({ code: "decision_invalid" });
    expect(await orchestrator.approval(approval)).toMatchObject({ status: "pending" });
  });

  test("figures of people", async () => {
    const { insight } = orchestrator;
    for (const given of [undefined, null, {}, []])
      expect(await refusalOf(insight, "recordKpi", run, "pipeline_days", given)).toMatchObject({ code: "kpi_invalid" });
    for (const options of [{ at: 3 }, { by: 3 }, { unit: {} }, { correct: "yes" }, { correct: true, reason: 3 }])
      expect(await refusalOf(insight, "recordKpi", run, "pipeline_days", 3, options)).toMatchObject({
        code: "kpi_invalid",
      });
    for (const options of [undefined, {}, { score: null }, { score: 3, comment: 3 }, { score: 3, by: 3 }])
      expect(await refusalOf(insight, "feedback", run, options)).toMatchObject({ code: "kpi_invalid" });
    for (const given of NO_TEXT) await expectNamed(insight, "recordKpi", run, given, 3);
    for (const filter of [{ mission: 3 }, { since: 3 }, { until: null }, { by: "month" }])
      expect(await refusalOf(insight, "kpis", filter)).toMatchObject({ code: "usage" });
  });
});

function argumentsOf(method: string): readonly unknown[] {
  if (method === "simulate") return [{ timeScale: 0.001 }];
  return method === "recordKpi" ? ["pipeline_days", 3] : method === "feedback" ? [{ score: 3 }] : [];
}
