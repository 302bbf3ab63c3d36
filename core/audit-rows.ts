import type { Json } from "./digest.js";
import { digestOf } from "./digest.js";
import { isMaskOf } from "./personal.js";
import type { ApprovalRecord, EffectRecord, EventRecord, ObservationRecord, RunRecord, TaskRecord } from "./records.js";
import { isDecided, isSettled, isTerminal } from "./run.js";

/** The rows of one run that its log tells of. */
export interface RowsOfRun {
  readonly run: RunRecord;
  readonly tasks: readonly TaskRecord[];
  readonly approvals: readonly ApprovalRecord[];
  readonly effects: readonly EffectRecord[];
  readonly observations: readonly ObservationRecord[];
}

/** What a row says that the log must say too. */
export interface RowClaim {
  /** Ends "The run's rows say …". */
  readonly said: string;
  /** What the event must hold; what it does not have at all, as those of older releases, is not compared. */
  readonly told: { readonly type?: string; readonly data: { readonly [name: string]: Json | undefined } };
  /** Set where the row stands for no event: then none may be there. */
  readonly isDenial?: true;
  /** Set where another run may have told of it: one that found out what became of this one's effect. */
  readonly isToldElsewhere?: true;
}

type Claims = readonly (readonly [subject: string, claim: RowClaim])[];

/** What the rows imply, by the subject of the event that was written in the same unit: a log that was cut lacks some. */
export function claimsOf(rows: RowsOfRun): Map<string, RowClaim> {
  return new Map([
    ...ofRun(rows.run),
    ...rows.tasks.flatMap(ofTask),
    ...rows.approvals.flatMap(ofApproval),
    ...rows.effects.flatMap(ofEffect),
    ...rows.observations.flatMap((observation) => ofObservation(observation, rows.run)),
  ]);
}

/** Which claim an event can bear out: its key, but one for all that was recorded of a figure, since the last counts. */
export function subjectOf({ type, key, data }: Pick<EventRecord, "type" | "key" | "data">): string {
  return type === "kpi_observed" && data["basis"] === "recorded" ? `kpi_observed:${String(data["kpi"])}:recorded` : key;
}

/** True when the event says what the row says. */
export function bearsOut({ type, data }: Pick<EventRecord, "type" | "data">, { told, isDenial }: RowClaim): boolean {
  if (isDenial || (told.type !== undefined && told.type !== type)) return false;
  return Object.entries(told.data).every(([name, value]) => {
    const stands = data[name];
    return stands === undefined || stands === value || isMaskOf(stands, value);
  });
}

function ofRun(run: RunRecord): Claims {
  const began = { case_id: run.caseId, case_digest: run.caseDigest, mission_version: run.missionVersion };
  const ended = {
    said: `that it ended as ${run.status}`,
    told: { type: `run_${run.status}`, data: { reason: run.failure } },
  };
  const isOpen = { said: "that it has not ended", told: { data: {} }, isDenial: true } as const;
  const by = run.cancelRequestedBy;
  return [
    ["run_started", { said: `that it began with ${run.title}`, told: { data: { ...began, title: run.title } } }],
    ...(isTerminal(run.status)
      ? ([
          ["report_written", { said: "that its report was written", told: { data: {} } }],
          ["run_ended", ended],
        ] as const)
      : ([["run_ended", isOpen]] as const)),
    ...(by === undefined
      ? []
      : ([["run_cancel_requested", { said: `that ${by} asked to cancel it`, told: { data: { by } } }]] as const)),
  ];
}

function ofTask({ taskId, attempt, status, resultDigest, summary, degraded, agentId, errorCode }: TaskRecord): Claims {
  if (!isSettled(status)) {
    const open = { said: `that ${taskId} is ${status}`, told: { data: {} }, isDenial: true } as const;
    return ["done", "failed", "skipped", "blocked"].map((end) => [`task_${end}:${taskId}:${attempt}`, open]);
  }
  const data =
    status === "done"
      ? { result_digest: resultDigest, summary, degraded, agent: agentId, code: errorCode }
      : status === "failed"
        ? { code: errorCode }
        : {};
  return [[`task_${status}:${taskId}:${attempt}`, { said: `that ${taskId} is ${status}`, told: { data } }]];
}

function ofApproval(row: ApprovalRecord): Claims {
  const { approvalId: id, taskId, status } = row;
  const asked = { kind: row.kind, digest: row.digest, role: row.role };
  const request: Claims[number] = [
    `approval_requested:${id}`,
    { said: `that ${taskId} asked a person (${id})`, told: { data: asked } },
  ];
  if (isDecided(status)) return [request, [`approval_decided:${id}`, decisionClaim(row)]];
  if (status === "pending") {
    const open = { said: `that ${taskId} still asks (${id})`, told: { data: {} }, isDenial: true } as const;
    return [request, ...["decided", "expired", "withdrawn"].map((end) => [`approval_${end}:${id}`, open] as const)];
  }
  const closed = { said: `that the request of ${taskId} is ${status} (${id})`, told: { data: {} } };
  return [request, [`approval_${status}:${id}`, closed]];
}

function decisionClaim({ approvalId, taskId, status, decidedBy, authenticated, decision, digest }: ApprovalRecord) {
  return {
    said: `that ${decidedBy ?? "somebody"} decided about ${taskId}: ${status} (${approvalId})`,
    told: {
      data: {
        ...{ status, by: decidedBy, authenticated, comment: decision?.comment },
        digest: decision?.edited === undefined ? digest : digestOf(decision.edited),
      },
    },
  };
}

function ofEffect(row: EffectRecord): Claims {
  const { effectId, tool, status, scope } = row;
  const claim = `${effectId}:${row.claimedAt.getTime()}`;
  const data = { tool, agent: row.agentId, args_digest: row.argsDigest, approval: row.approvalId };
  const begun: Claims[number] = [
    `effect_claimed:${claim}`,
    { said: `that ${tool} was begun (effect ${effectId})`, told: { data } },
  ];
  if (status === "claimed") {
    const said = `that it is not known what became of ${tool} (effect ${effectId})`;
    const open = { said, told: { data: {} }, isDenial: true } as const;
    return [begun, [`effect_done:${claim}`, open], [`effect_not_done:${claim}`, open]];
  }
  const said = `that ${tool} was ${status === "done" ? "done" : "not done"} (effect ${effectId})`;
  const isWide = scope === "case" || scope === "mission";
  return [begun, [`effect_${status}:${claim}`, { said, told: { data }, ...(isWide && { isToldElsewhere: true }) }]];
}

/** What a run measures itself may be measured anew after a crash; its event stays, and its report holds what counts. */
function ofObservation({ kpiId, value, basis, by, at }: ObservationRecord, { report }: RunRecord): Claims {
  if (basis === "recorded") {
    const said = `that ${by} recorded ${value} for ${kpiId}`;
    return [[`kpi_observed:${kpiId}:recorded`, { said, told: { data: { value, by, as_of: at.toISOString() } } }]];
  }
  const isOpen = report === undefined || reports(report, kpiId, value);
  const data = isOpen ? {} : { value, basis };
  return [[`kpi_observed:${kpiId}`, { said: `that ${kpiId} was ${basis} as ${value}`, told: { data } }]];
}

function reports(report: NonNullable<RunRecord["report"]>, id: string, value: number): boolean {
  const figures = [report["kpis"], report["limits"]].flatMap((list) => (Array.isArray(list) ? list : []));
  return figures.some((figure) => (figure["kpi_id"] ?? figure["limit_id"]) === id && figure["actual"] === value);
}
