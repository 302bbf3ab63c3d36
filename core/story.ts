import type { Json, JsonObject } from "./digest.js";
import type { EventType } from "./event.js";
import type { Mission } from "./mission.js";
import { toUsd } from "./money.js";
import type { ApprovalRecord, EffectRecord, EventRecord, RunRecord, Turn } from "./records.js";
import type { RunStatus } from "./run.js";
import type { Known, Telling } from "./story-sentences.js";
import { SENTENCES } from "./story-sentences.js";
import { listInWords, spanText, usd } from "./words.js";

/** One event of a run's log, told and as it stands in the chain. */
export interface LogEntryView {
  readonly at: string;
  readonly seq: number;
  readonly task_id: string | null;
  /** A person, an agent by its name, or the part of the system that acted. */
  readonly who: string;
  /** What they did, as the rest of the sentence. */
  readonly what: string;
  readonly input: Json;
  readonly result: Json;
  readonly cost_usd: number | null;
  readonly duration_ms: number | null;
  /** The whole sentence. */
  readonly line: string;
  /** The event itself: enough to recompute its hash. */
  readonly event: {
    readonly key: string;
    readonly type: string;
    readonly data: JsonObject;
    readonly previous_hash: string;
    readonly hash: string;
  };
}

/** The document of `mission log --json`; of all tasks `audit verify --file` can check it. What `mission replay` reads is `mission export`. */
export interface RunLogView {
  readonly run_id: string;
  readonly title: string;
  readonly mission_id: string;
  readonly mission: string;
  readonly mission_version: string;
  readonly status: RunStatus;
  /** Set when only the events of one task are here. */
  readonly task_id: string | null;
  /** Number and hash of the last event of the run's chain. */
  readonly head_seq: number;
  readonly head_hash: string;
  readonly entries: readonly LogEntryView[];
}

/** What the story is told from, besides the events. */
export interface StoryRows {
  readonly mission: Mission;
  readonly run: RunRecord;
  readonly turns: readonly Turn[];
  readonly approvals: readonly ApprovalRecord[];
  readonly effects: readonly EffectRecord[];
}

/** Tells the events of one run as sentences. Give it every event, in order: later ones refer to earlier ones. */
export class Storyteller {
  readonly #rows: StoryRows;
  readonly #tasks: ReadonlyMap<string, string>;
  readonly #agents: ReadonlyMap<string, string>;
  readonly #turns: ReadonlyMap<string, Turn>;
  readonly #approvals: ReadonlyMap<string, ApprovalRecord>;
  readonly #effects: ReadonlyMap<string, EffectRecord>;
  /** What the turns of each attempt cost, and all of them. */
  readonly #costs = new Map<string, number>();
  readonly #cost: number;
  readonly #summaries = new Map<string, string>();
  /** When the present attempt of each task was begun, and by which agent. */
  readonly #begun = new Map<string, { readonly at: Date; readonly agent: string }>();
  /** What came since the run waits; nothing while it does not. */
  #takenUp: Known["takenUp"];

  constructor(rows: StoryRows) {
    const { mission, turns, approvals, effects } = rows;
    this.#rows = rows;
    this.#tasks = new Map(mission.tasks.map(({ id, title }) => [id, title]));
    this.#agents = new Map(mission.agents.map(({ id, name }) => [id, name]));
    this.#turns = new Map(turns.map((turn) => [turnKey(turn.taskId, turn.attempt, turn.key), turn]));
    for (const { taskId, attempt, costMicroUsd } of turns) {
      const key = turnKey(taskId, attempt, "");
      this.#costs.set(key, (this.#costs.get(key) ?? 0) + costMicroUsd);
    }
    this.#cost = turns.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0);
    this.#approvals = new Map(approvals.map((approval) => [approval.approvalId, approval]));
    this.#effects = new Map(effects.map((effect) => [effect.effectId, effect]));
  }

  tell(event: EventRecord): LogEntryView {
    const { seq, key, type, taskId, at, data, previousHash, hash } = event;
    const sentence = SENTENCES[type as EventType]; // safe: a type that is not in the list finds nothing
    const telling = sentence?.(this.#knownOf(event)) ?? { who: "The run", what: `saw "${type}"` };
    this.#remember(event);
    return {
      at: at.toISOString(),
      seq,
      task_id: taskId ?? null,
      who: telling.who,
      what: telling.what,
      input: telling.input ?? null,
      result: telling.result ?? null,
      cost_usd: telling.microUsd === undefined ? null : toUsd(telling.microUsd),
      duration_ms: telling.ms ?? null,
      line: lineOf(telling),
      event: { key, type, data, previous_hash: previousHash, hash },
    };
  }

  #knownOf(event: EventRecord): Known {
    const { data, taskId = "", at } = event;
    const attempt = numberAt(data, "attempt") ?? 1;
    const begun = this.#begun.get(taskId);
    return {
      data,
      key: event.key,
      attempt,
      task: event.taskId === undefined ? "The task" : this.#taskName(event.taskId),
      run: this.#rows.run,
      missionName: this.#rows.mission.name,
      agent: this.#agentName(data["agent"]) ?? this.#agentName(begun?.agent) ?? "An agent",
      taskName: (id) => this.#taskName(id),
      agentName: (id) => this.#agentName(id) ?? "another agent",
      turn: this.#turns.get(turnKey(taskId, attempt, String(data["turn"]))),
      approval: this.#approvals.get(String(data["approval_id"] ?? data["approval"])),
      effect: this.#effects.get(String(data["effect"])),
      basis: this.#basisOf(taskId),
      elapsedMs: begun && at.getTime() - begun.at.getTime(),
      sinceStartMs: at.getTime() - this.#rows.run.startedAt.getTime(),
      costMicroUsd: this.#costs.get(turnKey(taskId, attempt, "")) ?? 0,
      runCostMicroUsd: this.#cost,
      takenUp: this.#takenUp,
    };
  }

  #taskName(id: string): string {
    const title = this.#tasks.get(id);
    return title === undefined || title === id ? id : `${title} (${id})`;
  }

  #agentName(id: Json | undefined): string | undefined {
    return typeof id === "string" ? (this.#agents.get(id) ?? id) : undefined;
  }

  /** What the task works from: the case, or what came of the tasks that it depends on. */
  #basisOf(taskId: string): { readonly words: string; readonly json: Json } {
    const needs = this.#rows.mission.tasks.find(({ id }) => id === taskId)?.dependsOn ?? [];
    const { caseId, title } = this.#rows.run;
    if (needs.length === 0) return { words: `the case ${title}`, json: { case: caseId } };
    const results = needs.map((id) => [id, this.#summaries.get(id) ?? null] as const);
    return {
      words: listInWords(needs.map((id) => this.#taskName(id))),
      json: { results: Object.fromEntries(results) },
    };
  }

  #remember({ type, taskId, data, at }: EventRecord): void {
    if (taskId !== undefined && typeof data["summary"] === "string" && type === "task_done") {
      this.#summaries.set(taskId, data["summary"]);
    }
    if (type === "task_started" && taskId !== undefined) {
      this.#begun.set(taskId, { at, agent: String(data["agent"]) });
    }
    if (type === "run_waiting") this.#takenUp = "unasked";
    if (type === "run_resumed" || type === "run_started") this.#takenUp = undefined;
    if (this.#takenUp !== undefined) this.#takenUp = takenUpBy(type, this.#takenUp);
  }
}

/** A request to cancel outweighs an answer, and an answer a question that nobody answered in time. */
function takenUpBy(type: string, before: NonNullable<Known["takenUp"]>): NonNullable<Known["takenUp"]> {
  if (type === "run_cancel_requested" || before === "to_cancel") return "to_cancel";
  if (type === "approval_decided" || before === "answered") return "answered";
  return type === "approval_expired" ? "too_late" : before;
}

function lineOf({ who, what, about, ms, microUsd, figures }: Telling): string {
  const time = ms === undefined ? [] : [spanText(ms)];
  const cost = microUsd === undefined ? [] : [usd(toUsd(microUsd))];
  const spent = figures ?? [...time, ...cost].join(", ");
  const sentence = `${who} ${what}${about === undefined || about === "" ? "" : `: ${about}`}`;
  if (spent !== "") return `${sentence.replace(/\.$/u, "")} (${spent}).`;
  return /[.!?…]["”]?$/u.test(sentence) ? sentence : `${sentence}.`;
}

function turnKey(taskId: string, attempt: number, key: string): string {
  return `${taskId}/${attempt}/${key}`;
}

function numberAt(data: JsonObject, name: string): number | undefined {
  const value = data[name];
  return typeof value === "number" ? value : undefined;
}
