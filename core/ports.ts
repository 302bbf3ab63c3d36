import type { Decision } from "./approval.js";
import type { JsonObject } from "./digest.js";
import type { ErrorCode } from "./errors.js";
import type { EventDraft, EventType, MissionEvent } from "./event.js";
import type { KillAct, Work } from "./kill.js";
import type {
  ApprovalRecord,
  EffectRecord,
  EventRecord,
  FoundEvent,
  MissionVersionRecord,
  ObservationRecord,
  ResourceRecord,
  ResultRecord,
  RunEnding,
  RunFence,
  RunFigure,
  RunRecord,
  TaskRecord,
  Turn,
  UndoRecord,
} from "./records.js";
import type { RunStatus, TerminalStatus } from "./run.js";
import type { Article, Calendar, Knowledge, Messages } from "./services.js";

/** One compiled SQL statement. With `mustChange`, changing fewer rows rolls the whole unit back with that error. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly mustChange?: { readonly rows: number; readonly code: ErrorCode; readonly message: string };
  /** Names the row that it writes whole: of several such in one transaction only the last need be executed. */
  readonly overwrites?: string;
}

/**
 * Statements and events that are committed together or not at all. With a fence, the unit is refused as `stale_owner`
 * when the run has another owner by now. Events are appended to their run's hash chain inside the same transaction.
 */
export interface Unit {
  readonly fence?: RunFence;
  readonly statements: readonly Statement[];
  readonly events?: readonly EventDraft[];
}

export interface RunFilter {
  readonly status?: readonly RunStatus[];
  readonly missionId?: string;
  readonly caseId?: string;
  readonly limit?: number;
}

/** Runs: one row each, with lease, fence and the head of its event chain. Writers return statements for a unit. */
export interface Runs {
  /** `run_exists` when the id is taken or, with `asOnlyOpen`, when another orchestrator-hosted run of the case has not ended. */
  create(
    run: Omit<RunRecord, "headSeq" | "headHash">,
    options?: {
      readonly asOnlyOpen?: boolean;
      /** For a run with an owner: how long its lease lasts. */
      readonly leaseMs?: number;
    },
  ): Statement[];
  /** New owner: raises the fence. `run_busy` when a live lease of another owner stands. Resolves to the new fence. */
  takeLease(runId: string, owner: string, leaseMs: number): Promise<number>;
  /** Extends the lease; false when the fence is stale. Also answers whether somebody asked to cancel. */
  renewLease(run: RunFence, leaseMs: number): Promise<{ held: boolean; cancelRequestedBy?: string }>;
  /** Gives the lease back; the fence stays. */
  releaseLease(run: RunFence): Statement[];
  /** `running` → `waiting`, only when nothing is decided and not yet applied and nobody asked to cancel it who has not been heeded; else the unit is refused as `already_decided`. */
  wait(run: RunFence): Statement[];
  setRunning(run: RunFence): Statement[];
  setReviewRound(run: RunFence, round: number): Statement[];
  /** Notes how the run is to end, once: from here on it takes back what it did, and waits for people also when it is to be cancelled. */
  setEnding(run: RunFence, ending: RunEnding): Statement[];
  requestCancel(runId: string, by: string): Statement[];
  /** Ends the run with its report; a run that has ended already is left as it is. */
  finish(run: RunFence, status: TerminalStatus, report: JsonObject, failure: string | undefined, at: Date): Statement[];
  /** Changes nothing, and refuses the unit as `run_finished` when somebody asked to cancel the run. */
  goOn(runId: string): Statement[];
  /** True while a live process works on the run, by the database's clock. */
  isHeld(runId: string): Promise<boolean>;
  find(runId: string): Promise<RunRecord | undefined>;
  /** All runs whose id begins so, at most ten. */
  findByPrefix(prefix: string): Promise<RunRecord[]>;
  list(filter?: RunFilter): Promise<RunRecord[]>;
  /** How far the logs of the newest runs have come. */
  heads(limit: number): Promise<Pick<RunRecord, "runId" | "headSeq">[]>;
  /** Orchestrator-hosted runs that a dead process left, or that wait with a decision or a request to cancel that nobody took up. */
  recoverable(): Promise<RunRecord[]>;
}

export interface Tasks {
  /** Inserts or replaces the rows. */
  put(tasks: readonly TaskRecord[]): Statement[];
  of(runId: string): Promise<TaskRecord[]>;
}

export interface Results {
  put(result: ResultRecord): Statement[];
  supersede(runId: string, taskId: string): Statement[];
  get(runId: string, digest: string): Promise<ResultRecord | undefined>;
  /** Results that stand (not superseded). */
  of(runId: string): Promise<ResultRecord[]>;
}

export interface JournalRows {
  put(turn: Turn): Statement[];
  of(runId: string): Promise<Turn[]>;
}

export interface Effects {
  /**
   * Refused as `already_decided` when the id is claimed or done already; a row settled as `not_done` is claimed anew.
   * Refused as `killed` while the kill switch is on for the run, the agent or the tool.
   */
  claim(effect: EffectRecord): Statement[];
  /** Refused as `already_decided` when it is not claimed, or, with `claimedBy`, when somebody else has claimed it since. */
  settle(effectId: string, status: "done" | "not_done", result: unknown, at: Date, claimedBy?: RunFence): Statement[];
  /** Changes nothing, and refuses the unit as `already_decided` when the act was taken back, or its run is about to. */
  stands(effectId: string): Statement[];
  /** Another run that was answered with this act's result and has neither failed nor been cancelled, nor is about to; nothing when there is none. */
  restedOn(effect: EffectRecord): Promise<{ readonly runId: string; readonly title: string } | undefined>;
  /** Notes what became of an act that was done; refused as `already_decided` when that is noted already. */
  undone(effectId: string, undo: UndoRecord): Statement[];
  find(effectId: string): Promise<EffectRecord | undefined>;
  of(runId: string): Promise<EffectRecord[]>;
}

/** Who writes to what just now: one row for each resource, free as soon as its holder's run has ended or lost its lease. */
export interface Resources {
  /** The rows of these resources, also of holders that do not hold them any more. */
  find(resources: readonly string[]): Promise<ResourceRecord[]>;
  /**
   * Makes these, and no others, the task's own, in sorted order; `found` are the rows that were seen not to be held.
   * The unit is refused as `resource_taken` when somebody else has one of them by then.
   */
  take(
    holder: RunFence,
    taskId: string,
    resources: readonly string[],
    found: readonly ResourceRecord[],
    at: Date,
  ): Statement[];
  /** Changes nothing, and refuses the unit as `resource_taken` when one of them is not the task's own any more. */
  stillHeld(holder: RunFence, taskId: string, resources: readonly string[]): Statement[];
  /** Gives back all that the task holds. */
  free(runId: string, taskId: string): Statement[];
  /** As `free` for a task none of whose acts is claimed or done; what another holds stays its own until it settles or its run ends. */
  freeUnlessActed(runId: string, taskId: string): Statement[];
  /** Gives back all that the run holds. */
  freeAll(runId: string): Statement[];
}

export interface ApprovalFilter {
  readonly runId?: string;
  readonly status?: readonly ApprovalRecord["status"][];
}

export interface Approvals {
  /** Inserts a pending row; nothing when the id exists. */
  put(approval: ApprovalRecord): Statement[];
  /** Compare-and-set on the pending row with this digest: `already_decided` when it is not pending any more. */
  decide(
    approvalId: string,
    digest: string,
    decision: Decision,
    by: string,
    authenticated: boolean,
    at: Date,
  ): Statement[];
  /** Nothing for those that nobody has decided. */
  markApplied(approvalIds: readonly string[], at: Date): Statement[];
  /** pending → expired or withdrawn; refused as `already_decided` when it is not pending any more. */
  close(approvalId: string, status: "expired" | "withdrawn", at: Date): Statement[];
  find(approvalId: string): Promise<ApprovalRecord | undefined>;
  findByPrefix(prefix: string): Promise<ApprovalRecord[]>;
  list(filter?: ApprovalFilter): Promise<ApprovalRecord[]>;
}

/** An event without what it says. */
export type EventMoment = Pick<EventRecord, "type" | "taskId" | "at">;

export interface Events {
  of(
    runId: string,
    options?: { afterSeq?: number; limit?: number; types?: readonly EventType[] },
  ): Promise<EventRecord[]>;
  /** When events of these types happened, and to which task, in their order: no more of each is read. */
  moments(runId: string, types: readonly EventType[]): Promise<EventMoment[]>;
  /** As `of`, but looks at what is stored instead of trusting it: a damaged row is told of, also one with a number below 1. */
  found(runId: string, options: { afterSeq?: number; limit: number }): Promise<FoundEvent[]>;
  /** Runs that have events and no row of their own; at most ten. */
  orphans(): Promise<string[]>;
}

export interface Observations {
  /** One row for each run, KPI and basis; a second call replaces it. */
  put(observation: ObservationRecord): Statement[];
  /**
   * What a person tells, once: the unit is refused as `kpi_recorded` when another stands, or, with `instead`, when it is
   * not that one that stands any more.
   */
  record(observation: ObservationRecord, instead?: ObservationRecord): Statement[];
  of(runId: string): Promise<ObservationRecord[]>;
}

/** Which runs count: those that ended between the two, both included, and those still open that began before `to`. */
export interface FigureFilter {
  readonly missionId?: string;
  readonly from?: Date;
  readonly to?: Date;
}

/** What is counted over many runs, read without loading any of them whole. */
export interface Figures {
  /** Oldest end first, open runs last. */
  runs(filter?: FigureFilter): Promise<RunFigure[]>;
  observations(filter?: FigureFilter): Promise<ObservationRecord[]>;
  /** Each decision of a person, with how long it was waited for. */
  decisions(filter?: FigureFilter): Promise<{ readonly runId: string; readonly waitedMs: number }[]>;
  /** The missions that have runs, as the newest run of each names them. */
  missions(): Promise<Pick<RunFigure, "missionId" | "missionSlug" | "missionName" | "missionVersion">[]>;
}

export interface MissionVersions {
  /** Nothing when the version is stored already. */
  put(version: MissionVersionRecord): Statement[];
  find(version: string): Promise<MissionVersionRecord | undefined>;
}

/** The kill switch: acts that are only ever added, `on` and `off` in turn for each target. */
export interface Kills {
  /** Refused as `already_decided` when the target stands so already. */
  turn(act: KillAct): Statement[];
  /** Changes nothing, and refuses the unit as `killed` while a switch is on for such work. The run must exist. */
  allow(work: Required<Work>): Statement[];
  /** The act that turned each switch on that is on, the oldest first. */
  on(): Promise<KillAct[]>;
  /** Every act, in the order of their commits. */
  acts(): Promise<KillAct[]>;
}

/** The articles table behind `Knowledge`. */
export interface Articles extends Knowledge {
  /** Makes the table hold exactly these; nothing when it does already. */
  replaceAll(articles: readonly Article[]): Promise<void>;
}

/** Everything durable. `commit` resolves once the unit is on disk, and rejects with the named error when it was refused. */
export interface Store {
  readonly url: string;
  readonly runs: Runs;
  readonly tasks: Tasks;
  readonly results: Results;
  readonly journal: JournalRows;
  readonly effects: Effects;
  readonly resources: Resources;
  readonly approvals: Approvals;
  readonly events: Events;
  readonly observations: Observations;
  readonly figures: Figures;
  readonly missions: MissionVersions;
  readonly kills: Kills;
  readonly calendar: Calendar;
  readonly messages: Messages;
  readonly articles: Articles;
  /** Queued and committed with everything else of this turn of the event loop, in the order queued. */
  commit(unit: Unit): Promise<void>;
  /** Resolves when everything queued so far is on disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface Clock {
  now(): Date;
}

/** Gets every event of the runs of this process as it happens. */
export type Listener = (event: MissionEvent) => void;
