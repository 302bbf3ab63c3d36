import type { Problem } from "./problem.js";
import type { FinalReport, StatusView } from "./views.js";

/** What a log comes to: the status that its run had when the log ends, and the report when it had ended. */
export interface ReplayView {
  readonly log_id: string;
  readonly about: string | null;
  /** Set when the log's mission version is not the one that it is shown by. */
  readonly note: string | null;
  readonly status: StatusView;
  readonly report: FinalReport | null;
}

/** What logs come to. When any contradicts itself or its mission nothing is replayed, and every problem is named. */
export interface Replay {
  readonly replayed: readonly ReplayView[];
  /** By JSON pointer into the list of logs. */
  readonly problems: readonly Problem[];
}
