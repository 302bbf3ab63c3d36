import { describe, expect, test } from "vitest";
import { APPROVAL_STATUSES, isDecided, isSettled, isTerminal, RUN_STATUSES, TASK_STATUSES } from "../../core/run.js";

describe("I6: what a status means for whoever waits on it", () => {
  test("a run has ended when it completed, failed or was cancelled; one that waits has not", () => {
    expect(RUN_STATUSES.filter(isTerminal)).toEqual(["completed", "failed", "cancelled"]);
  });

  test("a task that only waits is not settled", () => {
    expect(TASK_STATUSES.filter((status) => !isSettled(status))).toEqual([
      "todo",
      "waiting_for_input",
      "running",
      "waiting_for_person",
    ]);
  });

  test("expiry and withdrawal decide nothing", () => {
    expect(APPROVAL_STATUSES.filter((status) => !isDecided(status))).toEqual(["pending", "expired", "withdrawn"]);
  });
});
