import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Decision } from "../../core/approval.js";
import type { ExecutionLog, LogEntry } from "../../core/execution-log.js";
import type { Mission } from "../../core/mission.js";
import { composeOrchestrator } from "../../runtime/compose.js";
import type { Orchestrator } from "../../runtime/orchestrator.js";

const START = new Date("2026-03-02T08:00:00Z");
const MINUTE_MS = 60_000;

/** One sample: a real case, and what the person says to each question in turn; afterwards questions stay open. */
interface Sample {
  readonly log_id: string;
  readonly about: string;
  readonly mission: string;
  readonly case_id: string;
  readonly decisions: readonly Decision[];
}

const approve: Decision = { type: "approve" };

/** For each mission a run that succeeds, one that fails, and one that needs a person. */
export const SAMPLES: readonly Sample[] = [
  {
    log_id: "M001-success",
    about: "Success: documents agree, the approver says yes, the call is booked.",
    mission: "customer-onboarding",
    case_id: "C-1001",
    decisions: [approve],
  },
  {
    log_id: "M001-failure",
    about: "Failure: a company in liquidation; the approver refuses the verification for good.",
    mission: "customer-onboarding",
    case_id: "C-1014",
    decisions: [{ type: "reject", comment: "We do not take on companies in liquidation.", final: true }],
  },
  {
    log_id: "M001-human-input",
    about: "Human input needed: the application lacks an e-mail address and a company number.",
    mission: "customer-onboarding",
    case_id: "C-1002",
    decisions: [],
  },
  {
    log_id: "M002-success",
    about: "Success: the deal is judged and the outreach approved.",
    mission: "sales-pipeline",
    case_id: "D-1001",
    decisions: [approve],
  },
  {
    log_id: "M002-failure",
    about: "Failure: the customer has said no, so the sales lead ends the work on the deal.",
    mission: "sales-pipeline",
    case_id: "D-1020",
    decisions: [{ type: "reject", comment: "They have said no: nothing more is to be sent.", final: true }],
  },
  {
    log_id: "M002-human-input",
    about: "Human input needed: the contact has no e-mail address.",
    mission: "sales-pipeline",
    case_id: "D-1007",
    decisions: [],
  },
  {
    log_id: "M003-success",
    about: "Success: the ticket is sorted and answered, and the answer approved.",
    mission: "support-resolution",
    case_id: "TK-1001",
    decisions: [approve],
  },
  {
    log_id: "M003-failure",
    about: "Failure: the mail is not about the product, and nobody can sort it.",
    mission: "support-resolution",
    case_id: "TK-1019",
    decisions: [{ type: "reject", comment: "This is no support case: it belongs to marketing." }],
  },
  {
    log_id: "M003-human-input",
    about: "Human input needed: the ticket is too vague to be sorted.",
    mission: "support-resolution",
    case_id: "TK-1009",
    decisions: [],
  },
];

/** Runs every sample for real and gives its log in short, with the moments that it would have in business life. */
export async function makeSampleLogs(): Promise<readonly ExecutionLog[]> {
  const folder = mkdtempSync(join(tmpdir(), "sample-logs-"));
  const orchestrator = await composeOrchestrator({
    store: `sqlite:${join(folder, "runs.db")}`,
    clock: { now: () => START },
  });
  try {
    const logs: ExecutionLog[] = [];
    for (const sample of SAMPLES) logs.push(await makeOne(orchestrator, sample));
    return logs;
  } finally {
    await orchestrator.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeOne(orchestrator: Orchestrator, sample: Sample): Promise<ExecutionLog> {
  const { run_id } = await orchestrator.start(sample.mission, { caseRef: sample.case_id });
  for (const decision of sample.decisions) {
    const [open] = await orchestrator.approvals({ run: run_id });
    if (!open) throw new Error(`${sample.log_id}: nothing is asked.`);
    await orchestrator.decide(open.approval_id, { decision, by: open.assigned_to });
  }
  const { mission } = await orchestrator.mission(sample.mission);
  return toSample(sample, mission, await orchestrator.insight.executionLog(run_id));
}

/** What does not depend on the machine, the day or the mission's version stays. */
function toSample({ log_id, about }: Sample, mission: Mission, log: ExecutionLog): ExecutionLog {
  const { received_at, received_before_start, approval_delay_minutes = 0 } = log.case_data;
  const names = new Map<string, string>();
  const named = (kind: string, id: string) => {
    const known = names.get(id);
    if (known !== undefined) return known;
    const count = [...names.values()].filter((name) => name.startsWith(`${log_id}-${kind}`)).length;
    names.set(id, `${log_id}-${kind}${count + 1}`);
    return `${log_id}-${kind}${count + 1}`;
  };
  const entries = inBusinessTime(mission, log, Number(approval_delay_minutes)).map((entry): LogEntry => {
    if (entry.event === "task") {
      const { result_digest: _, ...rest } = entry;
      return rest;
    }
    if (entry.event === "approval_asked") {
      const { digest: _, shown: __, ...rest } = entry;
      return { ...rest, approval_id: named("question-", entry.approval_id) };
    }
    if (entry.event === "approval_closed") return { ...entry, approval_id: named("question-", entry.approval_id) };
    if (entry.event !== "effect") return entry;
    const by = entry.approval_id === undefined ? {} : { approval_id: named("question-", entry.approval_id) };
    const { idempotency_key: _, ...rest } = entry;
    return { ...rest, effect_id: named("effect-", entry.effect_id), ...by };
  });
  const { mission_id, case_id, case_title, mode, started_at } = log;
  const case_data = JSON.parse(JSON.stringify({ received_at, received_before_start, approval_delay_minutes }));
  return { log_id, about, mission_id, case_id, case_title, case_data, mode, started_at, entries };
}

/** A task takes its estimate, a person the case's delay. */
function inBusinessTime(mission: Mission, log: ExecutionLog, delayMinutes: number): readonly LogEntry[] {
  let nowMs = START.getTime();
  const working = new Map<string, number>();
  const pass = (minutes: number) => {
    nowMs += minutes * MINUTE_MS;
  };
  return log.entries.map((entry): LogEntry => {
    if (entry.event === "approval_closed") pass(delayMinutes);
    const worked = "task_id" in entry ? working.get(entry.task_id) : undefined;
    if ("task_id" in entry && worked !== undefined && entry.event !== "effect") {
      pass(worked);
      working.delete(entry.task_id);
    }
    if (entry.event === "task" && entry.status === "running")
      working.set(entry.task_id, mission.tasks.find(({ id }) => id === entry.task_id)?.estimatedMinutes ?? 0);
    const at = new Date(nowMs).toISOString();
    if (entry.event !== "approval_asked") return { ...entry, at };
    const dueMs = nowMs + Date.parse(entry.due_at) - Date.parse(entry.at);
    return { ...entry, at, due_at: new Date(dueMs).toISOString() };
  });
}
