import { didYouMean } from "./lookup.js";
import type { Subject } from "./verify-subject.js";

/** What stands beside the tasks: who is asked, what is measured, who mends what is found wrong. */
export function verifySettings(subject: Subject): void {
  const { mission, report } = subject;
  verifyRoles(subject);
  for (const [index, { id, known, measure }] of mission.kpis.entries()) {
    if (known === "at_end" && measure === undefined)
      report(
        "measure_missing",
        `/kpis/${index}`,
        `${id} is known at the end but has no "measure"; give one, or say "known": "later".`,
      );
  }
  for (const [index, { id, known, measure, sendBack }] of mission.limits.entries()) {
    if (known === "at_end" && measure === undefined)
      report(
        "measure_missing",
        `/limits/${index}`,
        `${id} is known at the end but has no "measure"; give one, or say "known": "later".`,
      );
    if (sendBack !== undefined) verifySendBack(subject, sendBack, `/limits/${index}/send_back`);
  }
  for (const [index, { sendBack }] of mission.review.entries())
    verifySendBack(subject, sendBack, `/review/${index}/send_back`);
  if (mission.cases.file === undefined && mission.cases.items === undefined) {
    report(
      "cases_unreadable",
      "/cases",
      `no sample cases: name a file or give items, or every run must bring its own case.`,
      { severity: "warning" },
    );
  }
}

function verifyRoles({ mission, report }: Subject): void {
  if (mission.approvals.role.trim() === "")
    report("role_empty", "/approvals/role", "approvals go to a role without a name: nobody could answer.");
  for (const [index, role] of mission.approvals.escalateTo.entries()) {
    if (role.trim() === "")
      report(
        "role_empty",
        `/approvals/escalate_to/${index}`,
        "approvals escalate to a role without a name: nobody could answer.",
      );
  }
}

function verifySendBack({ tasks, report }: Subject, taskId: string, pointer: string): void {
  if (!tasks.has(taskId))
    report(
      "unknown_task",
      pointer,
      `sends back to "${taskId}", which no task is called.${didYouMean(taskId, tasks.keys())}`,
    );
}
