import type { ApprovalKind, ApprovalShown, Decision } from "./approval.js";
import type { Feedback } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import type { TaskErrorCode } from "./errors.js";
import type { ApprovalStatus, RunStatus, TaskStatus } from "./run.js";
import type { DedupeScope } from "./tool.js";
import type { LeadTimeView } from "./views.js";

/** Who works on a run: a fence that rises with every new owner. Writes that carry an older one are refused. */
export interface RunFence {
  readonly runId: string;
  readonly fence: number;
}

/** `orchestrator`: its checkpoints are in this store. `external`: a script, Studio or a parent graph holds them. */
export type RunHost = "orchestrator" | "external";
export type Dispatch = "dataflow" | "stepwise";

/** How a run is to end once what it did is taken back. */
export interface RunEnding {
  readonly status: "failed" | "cancelled";
  /** Why it failed, in one sentence. */
  readonly failure?: string;
}

export interface RunRecord {
  readonly runId: string;
  readonly missionId: string;
  readonly missionSlug: string;
  readonly missionName: string;
  readonly missionVersion: string;
  readonly caseId: string;
  readonly caseData: JsonObject;
  readonly caseDigest: string;
  /** The case's title: comes first in every list. */
  readonly title: string;
  readonly status: RunStatus;
  readonly host: RunHost;
  readonly dispatch: Dispatch;
  readonly approver?: string;
  /** `<pid>@<hostname>:<process nonce>` of the process that holds the lease. */
  readonly owner?: string;
  readonly fence: number;
  readonly leaseUntil?: Date;
  readonly cancelRequestedBy?: string;
  readonly reviewRound: number;
  /** Why the run failed, in one sentence. */
  readonly failure?: string;
  readonly headSeq: number;
  readonly headHash: string;
  readonly startedAt: Date;
  readonly finishedAt?: Date;
  readonly report?: JsonObject;
  /** There from the moment on that the run takes back what it did. */
  readonly ending?: RunEnding;
}

export interface TaskRecord {
  readonly runId: string;
  readonly taskId: string;
  readonly status: TaskStatus;
  /** From 1. */
  readonly attempt: number;
  readonly agentId?: string;
  /** Agents that gave up on the task, in order; the next capable one takes over. */
  readonly tried: readonly string[];
  /** Tries of the present agent that failed in a transient way. */
  readonly failures: number;
  /** Results of the present agent that were refused, by checks or by people. */
  readonly refusals: number;
  /** Version of the playbook that the present attempt began with. */
  readonly codeVersion?: string;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  readonly costMicroUsd: number;
  readonly degraded: boolean;
  /** Of what the present attempt works from: case and results used. */
  readonly inputsDigest?: string;
  readonly resultDigest?: string;
  readonly errorCode?: TaskErrorCode;
  readonly errorMessage?: string;
  readonly summary?: string;
  /** What it waits for, in words. */
  readonly waitingFor?: string;
  /** The task that its `route` chose. */
  readonly chosen?: string;
  readonly feedback: readonly Feedback[];
  /** Share done (0 to 1) as last reported, with a note. */
  readonly progress?: { readonly ratio: number; readonly note?: string };
}

export interface ResultRecord {
  readonly runId: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly digest: string;
  readonly output: Json;
  readonly superseded: boolean;
}

/** One model reply or tool result, or a value that a playbook drew. A failed call is a turn too. */
export interface Turn {
  readonly runId: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly key: string;
  readonly kind: "tool" | "value" | "engine";
  readonly name: string;
  readonly args: Json;
  readonly reply: Json;
  readonly at: Date;
  readonly durationMs: number;
  readonly costMicroUsd: number;
}

/**
 * What became of an act of a run that did not complete. `undone`: its own code took it back; `by_hand`: a person did;
 * `left`: a person let it stand; `nothing`: its tool says that there is nothing to take back.
 */
export interface UndoRecord {
  readonly outcome: "undone" | "by_hand" | "left" | "nothing";
  readonly at: Date;
  /** The agent whose act it was, or the person who said so. */
  readonly by: string;
  /** What the person did outside, or why it is left. */
  readonly note?: string;
}

export interface EffectRecord {
  readonly effectId: string;
  readonly runId: string;
  readonly fence: number;
  readonly taskId: string;
  readonly attempt: number;
  readonly agentId: string;
  readonly turnKey: string;
  readonly tool: string;
  readonly scope: DedupeScope;
  readonly dedupeKey: string;
  readonly again: string;
  readonly args: Json;
  readonly argsDigest: string;
  /** Sent along with the call; the same for every try. */
  readonly idempotencyKey: string;
  readonly status: "claimed" | "done" | "not_done";
  readonly result?: Json;
  readonly approvalId?: string;
  readonly claimedAt: Date;
  readonly settledAt?: Date;
  /** The effect that this one takes back. */
  readonly undoes?: string;
  readonly undo?: UndoRecord;
}

/** Who writes to a resource. `isHeld` is false once its run has ended, or nobody works on it any more. */
export interface ResourceRecord {
  readonly resource: string;
  readonly runId: string;
  readonly taskId: string;
  readonly fence: number;
  readonly takenAt: Date;
  readonly isHeld: boolean;
}

export interface ApprovalRecord {
  readonly approvalId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly kind: ApprovalKind;
  readonly subject: string;
  /** How often the same subject was asked before: expiry and a changed digest raise it. */
  readonly round: number;
  /** Of what is shown. */
  readonly digest: string;
  readonly shown: ApprovalShown;
  readonly role: string;
  readonly escalateTo: readonly string[];
  readonly status: ApprovalStatus;
  readonly createdAt: Date;
  readonly dueAt: Date;
  readonly decidedAt?: Date;
  readonly decidedBy?: string;
  readonly authenticated?: boolean;
  readonly decision?: Decision;
  /** Set once the graph went on with the decision. */
  readonly appliedAt?: Date;
}

export interface EventRecord {
  readonly runId: string;
  readonly seq: number;
  /** Natural key, unique in the run: a repeated append adds nothing. */
  readonly key: string;
  readonly type: string;
  readonly taskId?: string;
  readonly at: Date;
  readonly data: JsonObject;
  readonly previousHash: string;
  readonly hash: string;
}

/** A row of the log as it was found: the event, or what of it can still be read and why it is none. */
export type FoundEvent =
  | { readonly event: EventRecord }
  | {
      readonly unreadable: { readonly seq: number | null; readonly key: string; readonly type: string };
      readonly why: string;
    };

export interface ObservationRecord {
  readonly runId: string;
  readonly kpiId: string;
  readonly value: number;
  readonly at: Date;
  readonly basis: "measured" | "recorded" | "simulated";
  readonly by: string;
}

/** A mission version as stored: the whole document that its runs continue under. */
export interface MissionVersionRecord {
  readonly version: string;
  readonly missionId: string;
  readonly slug: string;
  readonly document: JsonObject;
  readonly createdAt: Date;
}

/** What of a run counts over many runs: without its case, report or log. */
export interface RunFigure {
  readonly runId: string;
  readonly missionId: string;
  readonly missionSlug: string;
  readonly missionName: string;
  readonly missionVersion: string;
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly finishedAt?: Date;
  /** As its report has it; absent before the end. */
  readonly leadTime?: LeadTimeView;
  readonly costMicroUsd: number;
  /** Some result was refused or sent back, or its task was taken over by another agent. */
  readonly hasRework: boolean;
  readonly isDegraded: boolean;
}
