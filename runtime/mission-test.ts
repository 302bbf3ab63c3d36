import { ulid } from "ulid";
import type { Decision } from "../core/approval.js";
import type { Expectation, TestDecision } from "../core/case-expectation.js";
import { ExpectationSchema } from "../core/case-expectation.js";
import type { JsonObject } from "../core/digest.js";
import { hasCode, OrchestratorError } from "../core/errors.js";
import type { CaseFault, CaseTestView, MissionTestView, TestScope } from "../core/mission-test.js";
import { expressionFaults, judge, nextDecision } from "../core/mission-test.js";
import type { RunRecord } from "../core/records.js";
import { shapeOf } from "../core/shape.js";
import { standIn } from "../core/stand-in.js";
import { actsAmong, toEffectView } from "../core/to-view.js";
import type { CaseRecord } from "./cases.js";
import { findCase, loadCases } from "./cases.js";
import type { Composition } from "./compose.js";
import type { LoadedMission } from "./missions.js";
import { runnable } from "./missions.js";
import { newRun } from "./new-run.js";
import { decided } from "./requests.js";
import { toStatus } from "./run-views.js";
import { withScratchStore } from "./scratch-store.js";
import { Worker } from "./worker.js";

const TESTER = { name: "test", authenticated: false };
/** More than any case asks: a run that needs them goes in circles. */
const MAX_DECISIONS = 200;

/** A case with what it expects. */
interface TestCase {
  readonly record: CaseRecord;
  readonly expect: Expectation;
}

/**
 * Runs the cases of a mission that carry `expect`, each on the real engine with a store of its own that is removed
 * afterwards. Tools that only read run; so do acts of our own that stay in the store; every other act is recorded, not done.
 * A case that is misshapen is told with its faults and keeps no other from running.
 */
export async function testMission(
  parts: Composition,
  wanted: string,
  options: { readonly case?: string; readonly onCase?: (view: CaseTestView) => void } = {},
): Promise<MissionTestView> {
  const loaded = await parts.catalogue.open(wanted);
  await runnable(loaded);
  const cases = await casesToTest(parts, loaded, options.case);
  const views: CaseTestView[] = [];
  for (const record of cases) {
    const view = await testOrFaults(parts, loaded, record);
    options.onCase?.(view);
    views.push(view);
  }
  const { mission, version } = loaded;
  const passed = views.filter(({ ok }) => ok).length;
  const misshapen = views.filter(({ faults }) => faults.length > 0).length;
  return {
    mission_id: mission.id,
    slug: mission.slug,
    mission: mission.name,
    mission_version: version,
    ok: passed === views.length,
    passed,
    failed: views.length - passed - misshapen,
    misshapen,
    cases: views,
  };
}

async function casesToTest(
  { dataFolder }: Composition,
  { mission }: LoadedMission,
  wanted: string | undefined,
): Promise<readonly CaseRecord[]> {
  const all =
    wanted === undefined ? await loadCases(mission, dataFolder) : [await findCase(mission, wanted, dataFolder)];
  const found = all.filter(({ expect }) => expect !== undefined);
  if (found.length === 0) {
    const which = wanted === undefined ? "No case of it has" : `Case ${all[0]?.id} has no`;
    const example = `"expect": { "that": { "it ends well": "report.status == 'completed'" } }`;
    throw new OrchestratorError(
      "usage",
      `There is nothing to test in ${mission.slug}. ${which} "expect": add ${example} to a case.`,
    );
  }
  return found;
}

async function testOrFaults(parts: Composition, loaded: LoadedMission, record: CaseRecord): Promise<CaseTestView> {
  const { id: case_id, title } = record;
  const untested = (faults: readonly CaseFault[]): CaseTestView => {
    const nothing = { duration_ms: 0, expectations: [], open_questions: [], not_run: [] };
    return { case_id, title, ok: false, status: null, faults, ...nothing };
  };
  const shaped = shapeOf(ExpectationSchema, record.expect);
  const faults = shaped.ok
    ? expressionFaults(shaped.value.that)
    : shaped.problems.map(({ pointer, message }) => ({ pointer: `/expect${pointer}`, message }));
  if (!shaped.ok || faults.length > 0) return untested(faults);
  try {
    return await testCase(parts, loaded, { record, expect: shaped.value });
  } catch (error) {
    if (!hasCode(error, "case_invalid")) throw error;
    return untested([{ pointer: "", message: error.message }]);
  }
}

async function testCase(parts: Composition, { mission }: LoadedMission, test: TestCase): Promise<CaseTestView> {
  const { record, expect } = test;
  const began = performance.now();
  const notRun = new Set<string>();
  const view = { case_id: record.id, title: record.title };
  return withScratchStore("test", async (address) => {
    const scratch = await parts.scratch(address, (tool, isOurs) =>
      tool.effect === "reads" || isOurs ? tool : standIn(tool, expect.effects, (name) => notRun.add(name)),
    );
    try {
      const run = await workThrough(scratch, mission, test);
      const scope = await scopeOf(scratch, run, mission);
      const expectations = judge(expect.that, scope);
      return {
        ...view,
        ok: expectations.every(({ ok }) => ok),
        status: run.status,
        duration_ms: Math.round(performance.now() - began),
        faults: [],
        expectations,
        open_questions: scope.questions.map(({ question }) => String(question)),
        not_run: [...notRun],
      };
    } finally {
      await scratch.store.close();
    }
  });
}

/** Works on the case until it has ended, or nothing is asked that the test's person would answer. */
async function workThrough(scratch: Composition, mission: LoadedMission["mission"], { record, expect }: TestCase) {
  const { store, clock } = scratch;
  const worker = new Worker(scratch);
  const startedAt = clock.now();
  const runId = ulid(startedAt.getTime());
  const prepared = await scratch.prepareCase(mission, record.data, startedAt);
  const start = {
    runId,
    version: scratch.versionOf(mission),
    startedAt,
    host: "orchestrator",
    dispatch: "dataflow",
  } as const;
  await store.commit(newRun(store, mission, prepared, start).unit);
  const said = new Map<string, number>();
  for (let round = 0; round < MAX_DECISIONS; round++) {
    const run = await worker.work(runId);
    const pending = await store.approvals.list({ runId, status: ["pending"] });
    const next = pending
      .map((request) => ({
        request,
        decision: nextDecision(expect.decisions[request.taskId], said.get(request.taskId) ?? 0, request.shown.allowed),
      }))
      .find(({ decision }) => decision.type !== "wait");
    if (run.status !== "waiting" || !next) return run;
    const { request, decision } = next;
    said.set(request.taskId, (said.get(request.taskId) ?? 0) + 1);
    const unit = decided(store.approvals, request, request.digest, toDecision(decision), TESTER, clock.now());
    await store.commit(unit);
  }
  throw new OrchestratorError(
    "case_invalid",
    `Case ${record.id} asks without end: ${MAX_DECISIONS} answers were given.`,
  );
}

function toDecision(decision: TestDecision): Decision {
  return JSON.parse(JSON.stringify(decision));
}

async function scopeOf(scratch: Composition, run: RunRecord, mission: LoadedMission["mission"]): Promise<TestScope> {
  const { store } = scratch;
  const [status, effects, pending] = await Promise.all([
    toStatus(store, run, mission),
    store.effects.of(run.runId),
    store.approvals.list({ runId: run.runId, status: ["pending"] }),
  ]);
  const asJson = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value));
  return {
    status: asJson(status),
    report: run.report ?? null,
    effects: actsAmong(effects).map((effect) => asJson(toEffectView(effect, run.status))),
    questions: pending.map(({ taskId, kind, shown }) => ({ task_id: taskId, kind, question: shown.question })),
    case: run.caseData,
  };
}
