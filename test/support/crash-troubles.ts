import { missionDocument } from "./missions.js";

/**
 * What goes wrong in one run besides crashes: a failure that passes, one that only a person can mend, a result that is
 * rejected, two values for one key, a review that sends back, and one that a person overrules.
 */
export const TROUBLED_MISSION = missionDocument({
  mission_id: "M922",
  slug: "all-goes-wrong",
  mission_name: "All goes wrong",
  agents: ["A9"],
  max_review_rounds: 1,
  blackboard: { colour: { merge: "once" }, all: { schema: { type: "array" }, merge: "append" } },
  tasks: [
    {
      task_id: "flaky",
      skill: "fail",
      inputs: { kind: { value: "transient" }, times: { value: 1 }, value: { value: 1 }, as: { value: "all" } },
      writes: ["all"],
      retry: { attempts: 3, first_delay_seconds: 0.01 },
    },
    { task_id: "dead", skill: "fail", inputs: { kind: { value: "permanent" }, times: { value: 9 } } },
    {
      task_id: "red",
      skill: "compute",
      inputs: { expression: { value: "'red'" }, as: { value: "colour" } },
      writes: ["colour"],
      requires_human_approval: true,
    },
    {
      task_id: "blue",
      skill: "compute",
      when: "true",
      depends_on: ["flaky"],
      inputs: { expression: { value: "'blue'" }, as: { value: "colour" } },
      writes: ["colour"],
    },
    {
      task_id: "reads",
      skill: "compute",
      depends_on: ["red", "blue"],
      reads: ["colour"],
      inputs: { expression: { value: "colour + '!'" }, colour: "blackboard.colour" },
    },
    {
      task_id: "sum",
      skill: "compute",
      depends_on: ["dead", "flaky"],
      inputs: { expression: { value: "d" }, d: "dead.value" },
    },
  ],
  review: [
    {
      rule_id: "thrice",
      that: "flaky.attempt >= 3",
      reason: "flaky came through on attempt {{ flaky.attempt }}, not on the third.",
      send_back: "flaky",
    },
    {
      rule_id: "enough",
      that: "sum.value > 100.0",
      reason: "The sum is {{ sum.value }}, not over 100.",
      send_back: "sum",
    },
  ],
});
