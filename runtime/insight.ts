import type { Store } from "../core/ports.js";
import type { InsightApi } from "../core/views.js";
import type { Composition } from "./compose.js";
import { assertFigure, assertId, assertOptions } from "./given.js";

/**
 * What is learnt from runs, over the rows of the store; one file for each topic does the work, loaded when it is asked
 * for: who only runs missions never pays for it.
 */
export function createInsight(parts: Composition): InsightApi {
  const { store } = parts;
  return {
    async plan(mission, options = {}) {
      assertOptions("plan", options);
      const { planOf } = await import("./forecast.js");
      return planOf(parts, mission, options);
    },
    async simulate(mission, options) {
      assertOptions("simulate", options);
      const { simulate } = await import("./simulate.js");
      return simulate(parts, mission, options);
    },
    async effects(run) {
      const { toEffects } = await import("./to-effects.js");
      return toEffects(parts, run);
    },
    async recordKpi(run, kpi, value, options = {}) {
      assertId("KPI", kpi);
      assertFigure(value);
      assertOptions("recordKpi", options);
      const { recordKpi } = await import("./kpi-records.js");
      return recordKpi(parts, run, kpi, value, options);
    },
    async feedback(run, options) {
      assertOptions("feedback", options);
      const { giveFeedback } = await import("./kpi-records.js");
      return giveFeedback(parts, run, options);
    },
    async progress(run) {
      const { progressOf } = await import("./run-progress.js");
      return progressOf(store, run);
    },
    async log(run, options = {}) {
      assertOptions("log", options);
      const { toRunLog } = await import("./run-log.js");
      return toRunLog(parts, run, options);
    },
    async kpis(filter = {}) {
      assertOptions("kpis", filter);
      const { kpis } = await import("./kpis.js");
      return kpis(parts, filter);
    },
    async executionLog(run) {
      const { toMaskedLog } = await import("./execution-log.js");
      return toMaskedLog(parts, run);
    },
    async test(mission, options = {}) {
      assertOptions("test", options);
      const { testMission } = await import("./mission-test.js");
      return testMission(parts, mission, options);
    },
    async replay(logs) {
      assertOptions("replay", logs);
      const { replayLogs } = await import("./replay.js");
      return replayLogs(parts, logs);
    },
    ...createChecks(store),
  };
}

/** What the record itself is asked. */
function createChecks(store: Store): Pick<InsightApi, "audit" | "refusals"> {
  return {
    async audit(options = {}) {
      assertOptions("audit", options);
      const { auditRuns } = await import("./audit.js");
      return auditRuns(store, options);
    },
    async refusals(options = {}) {
      assertOptions("refusals", options);
      const { refusals } = await import("./refusals.js");
      return refusals(store, options);
    },
  };
}
