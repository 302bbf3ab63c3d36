import type { ApprovalKind } from "./approval.js";
import { isJsonObject } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import type { EventType } from "./event.js";
import type { ApprovalRecord, EffectRecord, RunRecord, Turn } from "./records.js";
import { figureAt, numberAt, personAt, textAt, textsAt } from "./story-data.js";
import { UNDO_SENTENCES } from "./story-undo.js";
import { argumentsText, replyText, shortText } from "./story-values.js";
import { cut, inWords, listInWords, percentText, spanText } from "./words.js";

/** What is known when an event is told. Names are ready to read; what is not known has a word that fits all the same. */
export interface Known {
  readonly data: JsonObject;
  readonly key: string;
  readonly attempt: number;
  /** Title and id of the event's task. */
  readonly task: string;
  readonly run: RunRecord;
  readonly missionName: string;
  /** Who acts: as the event says, else whoever began the task. */
  readonly agent: string;
  readonly taskName: (id: string) => string;
  readonly agentName: (id: Json | undefined) => string;
  readonly turn: Turn | undefined;
  readonly approval: ApprovalRecord | undefined;
  readonly effect: EffectRecord | undefined;
  /** What the task works from. */
  readonly basis: { readonly words: string; readonly json: Json };
  /** Since the task's present attempt began. */
  readonly elapsedMs: number | undefined;
  readonly sinceStartMs: number;
  /** Of the turns of this attempt. */
  readonly costMicroUsd: number;
  readonly runCostMicroUsd: number;
  /** Why a run that was waiting for people goes on; nothing when it was not waiting. */
  readonly takenUp: keyof typeof TAKEN_UP | undefined;
}

/** One event as who, what and figures; `about` ends the sentence behind a colon. */
export interface Telling {
  readonly who: string;
  readonly what: string;
  readonly about?: string;
  readonly input?: Json;
  readonly result?: Json;
  readonly ms?: number;
  readonly microUsd?: number;
  /** Stands in brackets at the end, in place of time and cost. */
  readonly figures?: string;
}

/** What a run that was waiting does, by what had come meanwhile. */
const TAKEN_UP = {
  to_cancel: "was taken up again, to be cancelled",
  answered: "went on with the answer",
  too_late: "was taken up again: no answer had come in time",
  unasked: "was taken up again",
} as const;

/** A sentence for every kind of event: one that is new does not compile without. */
export const SENTENCES: Readonly<Record<EventType, (known: Known) => Telling>> = {
  run_started: ({ run, missionName, data }) => ({
    who: "The run",
    what: `of "${missionName}" for ${run.title} began`,
    about: textAt(data, "reason"),
    input: { case_id: run.caseId, mission_version: run.missionVersion },
  }),
  run_resumed: ({ takenUp, key }) => ({
    who: takenUp ? "The run" : "Another process",
    what: takenUp
      ? TAKEN_UP[takenUp]
      : `took the run over (owner number ${key.split(":")[1] ?? "?"}): the one before had stopped, and what it had recorded stands`,
  }),
  run_waiting: ({ data }) => ({
    who: "The run",
    what: `waits: only people can move it now (open questions: ${numberAt(data, "pending")})`,
  }),
  ...UNDO_SENTENCES,
  run_cancel_requested: ({ data }) => ({ who: personAt(data), what: "asked to cancel the run" }),
  kill_on: ({ data }) => ({
    who: personAt(data),
    what: `stopped ${textAt(data, "target")}`,
    about: textAt(data, "reason"),
  }),
  kill_off: ({ data }) => ({
    who: personAt(data),
    what: `let ${textAt(data, "target")} go on`,
    about: textAt(data, "reason"),
  }),
  run_completed: ended("completed"),
  run_failed: ended("failed"),
  run_cancelled: ended("cancelled"),
  task_started: ({ agent, task, attempt, basis, data }) => ({
    who: agent,
    what: `began ${task}${attempt > 1 ? `, attempt ${attempt},` : ""} from ${basis.words}`,
    input: { ...(isJsonObject(basis.json) ? basis.json : {}), inputs_digest: data["inputs_digest"] ?? null },
  }),
  task_done: ({ agent, task, data, elapsedMs, costMicroUsd }) => ({
    who: agent,
    what: `finished ${task}${data["degraded"] === true ? " the lesser way" : ""}`,
    about: [textAt(data, "summary"), textAt(data, "reason")].filter(Boolean).join(" "),
    result: { summary: data["summary"] ?? null, result_digest: data["result_digest"] ?? null },
    ...(elapsedMs !== undefined && { ms: elapsedMs }),
    microUsd: costMicroUsd,
  }),
  task_skipped: ({ task, data }) => ({ who: task, what: "was skipped", about: textAt(data, "reason") }),
  task_failed: ({ agent, task, data, elapsedMs, costMicroUsd }) => ({
    who: agent,
    what: `could not do ${task} [${textAt(data, "code")}]`,
    about: textAt(data, "reason"),
    result: { code: data["code"] ?? null },
    ...(elapsedMs !== undefined && { ms: elapsedMs }),
    microUsd: costMicroUsd,
  }),
  task_blocked: ({ task, data, taskName }) => ({
    who: task,
    what:
      data["by"] === "cancel"
        ? "will not be done: the run was cancelled first"
        : `will not be done: it needs ${taskName(textAt(data, "by"))}, which did not succeed`,
  }),
  task_attempt: ({ task, attempt, agent, data }) => ({
    who: task,
    what: `${WHY_AGAIN[textAt(data, "cause")]?.(agent, data) ?? "begins again"}, attempt ${attempt}`,
    about: textAt(data, "reason"),
  }),
  attempt_failed: ({ agent, task, attempt, data, elapsedMs }) => ({
    who: agent,
    what: `gave up attempt ${attempt} of ${task}`,
    about: textAt(data, "reason"),
    ...(elapsedMs !== undefined && { ms: elapsedMs }),
  }),
  task_waiting: ({ task, data }) => ({
    who: task,
    what: data["kill"] === undefined ? "waits for a person" : "was stopped by the kill switch",
  }),
  resource_awaited: ({ task, data }) => ({ who: task, what: "waits its turn", about: textAt(data, "reason") }),
  task_released: ({ task }) => ({ who: task, what: "goes on: the kill switch is off" }),
  task_progress: ({ agent, task, data }) => ({
    who: agent,
    what: `is at ${percentText(numberAt(data, "ratio"))} of ${task}`,
    about: textAt(data, "note"),
  }),
  agent_changed: ({ agent, agentName, task, data }) => ({
    who: agent,
    what: `takes ${task} over from ${agentName(data["from"])}`,
    about: textAt(data, "reason"),
  }),
  join_settled: ({ task, data, taskName }) => ({
    who: task,
    what: `goes on with what has arrived: ${listInWords(textsAt(data, "arrived").map(taskName), 8) || "nothing"}`,
    about: missingText(textsAt(data, "missing").map(taskName)),
    result: { arrived: data["arrived"] ?? [], missing: data["missing"] ?? [] },
  }),
  route_chosen: ({ task, data, taskName }) => ({
    who: task,
    what: `chose the way to ${taskName(textAt(data, "chosen"))}`,
    result: { chosen: data["chosen"] ?? null },
  }),
  check_refused: ({ task, data }) => ({
    who: `The check "${textAt(data, "check")}"`,
    what: `refused the result of ${task}${textAt(data, "field") === "" ? "" : ` at ${textAt(data, "field")}`}`,
    about: textAt(data, "reason") || textAt(data, "summary"),
    result: { check: data["check"] ?? null, field: data["field"] ?? null },
  }),
  presentation_failed: ({ task, key, data }) => ({
    who: key === "figures_failed" ? "The report" : task,
    what: "could not be shown in its own words; plain ones stand in their place",
    about: textAt(data, "reason"),
  }),
  review_sent_back: ({ data, taskName }) => ({
    who: "The reviewer",
    what: `sent ${listInWords(textsAt(data, "tasks").map(taskName))} back, round ${numberAt(data, "round")}`,
    about: textAt(data, "reason"),
  }),
  limit_breached: ({ data }) => ({
    who: `The limit "${inWords(textAt(data, "limit"))}"`,
    what: `is broken: it is ${figureAt(data, "actual")}, and should be ${textAt(data, "op")} ${figureAt(data, "value")}`,
    result: { actual: data["actual"] ?? null },
  }),
  blackboard_conflict: ({ data }) => ({
    who: "Two tasks",
    what: `disagree about "${textAt(data, "key")}"`,
    about: shortText(data["values"]),
    result: data["values"] ?? null,
  }),
  approval_requested: ({ approval, agent, task, data }) => ({
    who: approval?.shown.agentName || agent,
    what: `asked ${textAt(data, "role") || "a person"} about ${task}`,
    about: questionText(approval, textAt(data, "reason")),
    input: shownOf(approval, data),
  }),
  approval_decided: ({ approval, task, data }) => ({
    who: personAt(data),
    what: `${DECIDED[textAt(data, "status")] ?? "decided about"} ${task}${data["authenticated"] === true ? ", authenticated" : ""}`,
    about: decisionText(approval, data),
    result: { status: data["status"] ?? null, comment: data["comment"] ?? null, ...givenOf(approval) },
    ...waitOf(approval),
  }),
  approval_expired: ({ task, data }) => ({
    who: "Nobody",
    what: `answered about ${task} in time`,
    about: textAt(data, "reason"),
  }),
  approval_withdrawn: ({ task }) => ({
    who: "The question",
    what: `about ${task} was withdrawn: it needs no answer any more`,
  }),
  tool_called: ({ agent, turn, data }) => ({
    who: agent,
    what: `called ${callText(turn, data)}`,
    about: replyText(turn?.reply),
    ...figuresOf(turn),
  }),
  tool_refused: ({ agent, turn, data }) => ({
    who: "The gate",
    what: `refused ${callText(turn, data)} to ${agent} [${textAt(data, "code")}]`,
    about: textAt(data, "reason") || textAt(data, "summary"),
    ...figuresOf(turn),
  }),
  effect_claimed: ({ agent, effect, data, approval }) => ({
    who: agent,
    what: `begins to ${undoText(data)}${actText(data)}${effect ? ` (${argumentsText(effect.args)})` : ""}`,
    about: approval?.decidedBy === undefined ? "" : `approved by ${approval.decidedBy}`,
    input: effect?.args ?? null,
  }),
  effect_done: ({ agent, effect, data }) => ({
    who: agent,
    what: `did it: ${undoText(data)}${actText(data)}${settledText(data)}`,
    result: effect?.result ?? null,
    ...spanOf(effect),
  }),
  effect_not_done: ({ agent, data }) => ({
    who: agent,
    what: `did not ${undoText(data)}${actText(data)}${settledText(data)}`,
  }),
  effect_reused: ({ agent, turn, data }) => ({
    who: agent,
    what: `did not repeat ${callText(turn, data)}: it was done before, by ${textAt(data, "done_by_task") || "another task"}`,
    ...figuresOf(turn),
  }),
  effect_in_doubt: ({ agent, data }) => ({
    who: agent,
    what: `does not know whether it happened: ${actText(data)}. A person is asked`,
  }),
  kpi_observed: ({ data }) => ({
    who: typeof data["by"] === "string" ? data["by"] : "The report",
    what: `${recordedHow(data)} ${inWords(textAt(data, "kpi"))} ${figureAt(data, "value")}${basisText(data)}${insteadText(data)}`,
    result: { value: data["value"] ?? null, basis: data["basis"] ?? null },
  }),
  feedback_given: ({ data }) => ({
    who: personAt(data),
    what: `gave the result ${figureAt(data, "score")} of 5`,
    about: textAt(data, "comment"),
    result: { score: data["score"] ?? null },
  }),
  report_written: ({ data }) => ({
    who: "The report",
    what: "was written",
    result: { digest: data["digest"] ?? null },
  }),
};

function recordedHow(data: JsonObject): string {
  if (data["instead_of"] !== undefined) return "corrected";
  return data["basis"] === "recorded" ? "recorded" : "found";
}

/** What a person recorded is told of as that already. */
function basisText(data: JsonObject): string {
  return data["basis"] === "recorded" ? "" : ` (${textAt(data, "basis")})`;
}

/** What a correction replaced, and why. */
function insteadText(data: JsonObject): string {
  const before = data["instead_of"];
  if (!isJsonObject(before)) return "";
  return ` instead of ${figureAt(before, "value")} by ${textAt(before, "by")}, because: ${textAt(data, "reason")}`;
}

/** Why a task begins again, by the cause in the event. */
const WHY_AGAIN: Readonly<Record<string, (agent: string, data: JsonObject) => string>> = {
  retry: (_, data) => `is tried again in ${spanText(numberAt(data, "delay_ms"))}`,
  answered: () => "begins again with the answer",
  refused: (agent) => `goes back to ${agent}`,
  sent_back: (agent) => `is sent back to ${agent}`,
  takeover: (agent) => `goes to ${agent}`,
  code_changed: () => "begins again with another version of its playbook",
  stale_input: () => "begins again, because what it works from has changed",
};

const DECIDED: Readonly<Record<string, string>> = {
  approved: "approved",
  edited: "edited and approved",
  rejected: "rejected",
  answered: "answered about",
};

function ended(status: string): (known: Known) => Telling {
  return ({ sinceStartMs, runCostMicroUsd, data }) => ({
    who: "The run",
    what: status === "completed" ? "is completed" : status === "failed" ? "failed" : "is cancelled",
    about: textAt(data, "reason"),
    result: { status },
    ms: sinceStartMs,
    microUsd: runCostMicroUsd,
  });
}

/** Why a person is asked, where the request gives no reasons of its own. */
const WHY_ASKED: Readonly<Record<ApprovalKind, string>> = {
  task_result: "the mission asks a person before this result stands",
  tool_call: "this call asks a person first",
  plan: "the mission asks a person before its plan begins",
  budget: "the money granted does not last",
  question: "something is missing that only a person knows, or no agent is left",
  in_doubt: "it is not known whether the act happened",
  escalation: "checks still refuse the result",
};

function questionText(approval: ApprovalRecord | undefined, question: string): string {
  if (!approval) return question;
  const { reasons, evidence } = approval.shown;
  const why = reasons.length === 0 ? WHY_ASKED[approval.kind] : cut(reasons.join(" "), 240);
  const seen = evidence.length === 0 ? "" : ` Shown with: ${listInWords(evidence.map(({ title }) => title))}.`;
  return `${approval.shown.question} Why: ${why}${/[.!?…]$/u.test(why) ? "" : "."}${seen}`;
}

function shownOf(approval: ApprovalRecord | undefined, data: JsonObject): Json {
  const question = { approval_id: data["approval_id"] ?? null, kind: data["kind"] ?? null, role: data["role"] ?? null };
  if (!approval) return question;
  const { reasons, evidence, allowed, subject } = approval.shown;
  const shown = { reasons, evidence: evidence.map(({ title }) => title), allowed, subject };
  return { ...question, question: approval.shown.question, ...shown, due_at: approval.dueAt.toISOString() };
}

function decisionText(approval: ApprovalRecord | undefined, data: JsonObject): string {
  const comment = textAt(data, "comment");
  const { answer } = approval?.decision ?? {};
  const given = answer === undefined ? "" : shortText(answer);
  return [given, ...(comment === "" ? [] : [`"${comment}"`])].filter((text) => text !== "").join(", ");
}

function givenOf(approval: ApprovalRecord | undefined): JsonObject {
  const { answer, edited, final } = approval?.decision ?? {};
  return {
    ...(answer !== undefined && { answer }),
    ...(edited !== undefined && { edited }),
    ...(final === true && { final }),
  };
}

function waitOf(approval: ApprovalRecord | undefined) {
  if (!approval?.decidedAt) return {};
  const ms = approval.decidedAt.getTime() - approval.createdAt.getTime();
  return { ms, figures: `${spanText(ms)} after it was asked` };
}

function callText(turn: Turn | undefined, data: JsonObject): string {
  return `${textAt(data, "tool") || (turn?.name ?? "a tool")}(${turn && data["effect"] === undefined ? argumentsText(turn.args) : "…"})`;
}

/** An act by its tool's name; what exactly is told where it is begun. */
function actText(data: JsonObject): string {
  return inWords(textAt(data, "tool") || "act");
}

const SETTLED: Readonly<Record<string, string>> = {
  reconciled: ", as the outside says",
  retried: ", tried again with the same key",
  person: ", as a person said",
};

function settledText(data: JsonObject): string {
  return SETTLED[textAt(data, "settled")] ?? "";
}

function figuresOf(turn: Turn | undefined) {
  if (!turn) return {};
  return { input: turn.args, result: turn.reply, ms: turn.durationMs, microUsd: turn.costMicroUsd };
}

function undoText(data: JsonObject): string {
  return data["undoes"] === undefined ? "" : "take back: ";
}

function spanOf(effect: EffectRecord | undefined) {
  return effect?.settledAt ? { ms: effect.settledAt.getTime() - effect.claimedAt.getTime() } : {};
}

function missingText(missing: readonly string[]): string {
  return missing.length === 0 ? "" : `${listInWords(missing, 8)} did not come`;
}
