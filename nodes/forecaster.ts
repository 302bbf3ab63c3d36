import { expectedCostMicroUsd } from "../core/expected-cost.js";
import { forecastOf } from "../core/forecast.js";
import type { Mission } from "../core/mission.js";
import type { NodeDeps } from "../core/session.js";
import type { ForecastView } from "../core/views.js";

/** What was to be expected of a run whose approvals take so many minutes each. */
export type Forecaster = (approvalWaitMinutes: number) => ForecastView;

/** Forecasts of one mission, each made once: most runs of a mission expect the same. */
export function forecaster(mission: Mission, deps: Pick<NodeDeps, "playbooks" | "toolbox">): Forecaster {
  let newest: { readonly wait: number; readonly view: ForecastView } | undefined;
  return (wait) => {
    if (newest?.wait !== wait) {
      const costMicroUsdOf = (task: Mission["tasks"][number]) => expectedCostMicroUsd(task, deps);
      newest = { wait, view: forecastOf(mission, { approvalWaitMinutes: wait, costMicroUsdOf }) };
    }
    return newest.view;
  };
}
