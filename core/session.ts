import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { Decision, RequestDraft } from "./approval.js";
import type { CallOptions, Playbook } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import type { EventDraft, MissionEvent } from "./event.js";
import type { Stops } from "./kill.js";
import type { AgentCard, Mission, Task } from "./mission.js";
import type { Clock, EventMoment, Statement } from "./ports.js";
import type {
  ApprovalRecord,
  Dispatch,
  EffectRecord,
  ObservationRecord,
  ResourceRecord,
  ResultRecord,
  RunEnding,
  RunRecord,
  TaskRecord,
  Turn,
} from "./records.js";
import type { TerminalStatus } from "./run.js";
import type { ToolReply } from "./tool.js";

/** What a node wants on disk together. Events without a `runId` of their own belong to the session's run. */
export interface Change {
  readonly tasks?: readonly TaskRecord[];
  readonly results?: readonly ResultRecord[];
  /** Tasks whose standing results are superseded. */
  readonly supersede?: readonly string[];
  readonly turns?: readonly Turn[];
  /** Approvals whose decisions the graph goes on with. */
  readonly applied?: readonly string[];
  readonly observations?: readonly ObservationRecord[];
  readonly reviewRound?: number;
  /** Rows that the mirror does not hold (effects), written in the same unit and refused by their own rules. */
  readonly statements?: readonly Statement[];
  readonly events?: readonly Omit<EventDraft, "runId">[];
}

/** Who decides, and whether that is proved. */
export interface Person {
  readonly name: string;
  readonly authenticated: boolean;
}

/**
 * One run as this process works on it: a mirror of its rows under a lease. Reading is from memory; every write goes
 * to the store with the run's fence, and to the mirror at once, so that what follows sees it.
 */
export interface RunSession {
  readonly runId: string;
  readonly run: RunRecord;
  readonly mission: Mission;
  readonly dispatch: Dispatch;
  /** Fires when the lease is lost, on cancel and on shutdown. */
  readonly signal: AbortSignal;
  /** As `signal`, but not on cancel: what takes back what was done goes on until it is through. */
  readonly undoSignal: AbortSignal;
  /** Fires when this process shuts down in good order: what is at work may end, nothing new begins. */
  readonly draining: AbortSignal;
  /** True once somebody asked to cancel the run. */
  readonly isCancelled: boolean;
  /** True when the run had ended before this session: its status and report will not change. */
  readonly isOver: boolean;
  /** How the run is to end; from the moment it is there the run only takes back what it did. */
  readonly ending: RunEnding | undefined;
  readonly reviewRound: number;
  /** What the run has cost so far: the sum of its turns. */
  readonly costs: { readonly totalMicroUsd: number };
  readonly resources: TaskResources;
  /** The kill switch, as this process knows it. */
  readonly stops: Stops;
  /** Marks what the last pass of the dispatcher looked like; equal marks mean no progress. */
  progressMark: string;
  /** A bug outside every task: the run ends with it as its failure. */
  brokenBy: string | undefined;
  /** What was wrong with the last answer to an interrupt; said by the next one. */
  problem: string | undefined;
  task(taskId: string): TaskRecord;
  tasks(): readonly TaskRecord[];
  /** The output of the task's standing result. */
  output(taskId: string): Json | undefined;
  turn(taskId: string, attempt: number, key: string): Turn | undefined;
  /** Resolves once durable. Rejects with `stale_owner` when the run has another owner. */
  commit(change: Change): Promise<void>;
  /** Resolves when everything committed so far is on disk; rejects when any of it was refused. */
  settled(): Promise<void>;
  /** The newest request about this subject, whatever its status. */
  request(taskId: string, attempt: number, kind: RequestDraft["kind"], subject: string): ApprovalRecord | undefined;
  /** All requests of the run. */
  requests(): readonly ApprovalRecord[];
  /** True when the request shows exactly what this draft would: its decision is about the same thing. */
  shows(request: ApprovalRecord, draft: RequestDraft): boolean;
  /** Writes the request (once for each subject and digest; another digest withdraws the older one). Whether one claim of an act happened is asked once: a task that asks second gets the first one's request. Resolves once durable. */
  ask(draft: RequestDraft): Promise<ApprovalRecord>;
  /** Resolves with the request once it is not pending; heeds the signal. Polls its row; at once when decided in this process. */
  decided(approvalId: string, signal: AbortSignal): Promise<ApprovalRecord>;
  /** Records a decision by the same compare-and-set as `decide`; false when somebody else was first. */
  decide(approvalId: string, digest: string, decision: Decision, by: Person): Promise<boolean>;
  /** Reads the requests' rows again, and expires what is past due. */
  refresh(): Promise<void>;
  /** Marks the run as waiting; false when a decision came meanwhile and the run must go on. */
  wait(): Promise<boolean>;
  /** Notes how the run is to end, with the event that tells of it. What was noted first stands. Resolves once durable. */
  beginEnding(ending: RunEnding): Promise<void>;
  /** What the run did, in the order in which it came to be done; what is not settled stands last. Undoing is not among it. */
  acts(): Promise<readonly EffectRecord[]>;
  /** Ends the run. A run that has ended already keeps its first end. */
  finish(status: TerminalStatus, report: JsonObject, failure: string | undefined, at: Date): Promise<void>;
  progress(taskId: string, ratio: number, note: string | undefined): void;
  /** The run's effects, observations, the events that tell of its time, the hash of its newest one and who asked to cancel it, as stored now. */
  evidence(): Promise<{
    effects: readonly EffectRecord[];
    observations: readonly ObservationRecord[];
    timeMarks: readonly EventMoment[];
    chainHead: string;
    cancelledBy?: string;
  }>;
}

/** What the tasks of a run hold while they write to it: a task takes all of its resources together, and never waits while it holds one. */
export interface TaskResources {
  /**
   * Resolves with nothing once all are the task's own; else with one that another holds, and then the task holds none. Of
   * those who ask at once the one with most priority comes first. A second call takes nothing anew.
   */
  take(taskId: string, resources: readonly string[], priority?: number): Promise<ResourceRecord | undefined>;
  /** Gives back all that the task holds. */
  free(taskId: string): Promise<void>;
  /** As `free`, unless an act of the task is claimed or done: then it keeps them, whether its run is worked on, waits or was left. */
  freeUnlessActed(taskId: string): Promise<void>;
  /** For the unit that claims an act: refuses it as `resource_taken` when the task has lost what it took. */
  guards(taskId: string): readonly Statement[];
  /** Resolves when the resource may have become free, at the latest after half a second. */
  untilMoved(held: ResourceRecord, signal: AbortSignal): Promise<void>;
}

/** Who watches an invocation, as LangChain passes it on; what is done below a node stands below its run. */
export type Callbacks = LangGraphRunnableConfig["callbacks"];

/** What the graph was given when it was invoked. */
export interface Invocation {
  readonly configurable: Readonly<Record<string, unknown>>;
  /** The graph's own context, unparsed. */
  readonly context: unknown;
  readonly signal?: AbortSignal;
  /** LangGraph's `custom` stream. */
  readonly writer?: (event: MissionEvent) => void;
  readonly callbacks?: Callbacks;
}

/** A session held by one node; `leave` when the node ends. */
export interface Visit {
  readonly session: RunSession;
  /** Fires with the session's own signal or the invocation's. */
  readonly signal: AbortSignal;
  /** Fires with `signal` or when this process shuts down in good order. */
  readonly beginSignal: AbortSignal;
  leave(): void;
}

/** Opens runs for nodes, whoever invoked the graph. */
export interface Sessions {
  /**
   * Opens or finds the run of this invocation and takes its lease. With `input` (the planner) the run is created when
   * missing; `run_exists` when it exists with another input, `mission_changed` when it was begun under another version.
   */
  enter(mission: Mission, invocation: Invocation, input?: { caseInput: unknown }): Promise<Visit>;
  /** Who answers in this invocation: the authenticated user, else the context's approver, else the OS user. */
  personOf(invocation: Invocation): Person;
}

/** One call as the gate needs it. */
export interface ToolCall {
  readonly session: RunSession;
  readonly task: Task;
  readonly attempt: number;
  readonly agent: AgentCard;
  /** Tools this playbook declared; the gate refuses every other as not held. */
  readonly declared: readonly string[];
  readonly tool: string;
  readonly args: Json;
  readonly options: CallOptions;
  /** Taken synchronously when the call was made: digest of tool and arguments, occurrence, and the item's prefix. */
  readonly turnKey: string;
  /** An approval that already covers exactly these arguments: the gate does not ask again. */
  readonly authority?: { readonly approvalId: string; readonly digest: string };
  /** The task's result, where that is what proposes the call: constraints read it. */
  readonly result?: Json;
  readonly signal: AbortSignal;
  /** Of the node that the call is made in: they see the tool's own run, not refusals and answers from the journal. */
  readonly callbacks?: Callbacks;
}

/** A call that is shown to a person before it is made. */
export type ForeseenAct = Pick<ToolCall, "session" | "task" | "agent" | "tool" | "args">;

/** An act that a run looks after: to take it back, because the run does not complete, or to learn what became of it. */
export interface UndoCall {
  readonly session: RunSession;
  readonly task: Task;
  readonly agent: AgentCard;
  readonly effectId: string;
  /** How often the caller has waited in vain for the act's own outcome. */
  readonly waits: number;
  readonly callbacks?: Callbacks;
}

/** The same, to take the act back. */
export interface TakeBackCall extends UndoCall {
  /**
   * Resolves once the act's task has all that it writes to, and keeps it until the act is settled; with words when it does
   * not get it. A second call takes nothing anew.
   */
  hold(): Promise<string | undefined>;
}

/** What one step of an undo came to; `tries` is how often it was tried in vain. */
export type UndoReply = { readonly isSettled: true } | { readonly isSettled: false; readonly tries: number };

/** The only way to a tool. A refusal is a value; only `NeedsPerson`, aborts (`Stopped` by the kill switch among them) and store errors are thrown. */
export interface Toolbox {
  call(call: ToolCall): Promise<ToolReply>;
  /** What a person's yes to this act would cover under the policies as they are; nothing when no yes could make it go through. */
  coverage(act: ForeseenAct): Promise<JsonObject | undefined>;
  /**
   * One step towards taking the act back, as its tool says; call it again, after a pause, until it is settled. What was
   * not done, or was taken back already, is left alone. Throws `NeedsPerson` when only a person can say or do what is needed.
   */
  undo(call: TakeBackCall): Promise<UndoReply>;
  /** The run's acts that were begun and of which nothing more is known, whether their code is still at work or not. */
  lostActs(session: RunSession): Promise<readonly EffectRecord[]>;
  /** One step towards knowing what became of such an act; it is never made again for that. Otherwise as `undo`. */
  findOut(call: UndoCall): Promise<UndoReply>;
  /** What one call of it may cost, as it declares; 0 for a tool that is not there. */
  maxCostMicroUsdOf(tool: string): number;
}

/** The code behind agents' cards: found by agent and skill, since code is not stored with a mission. */
export interface Playbooks {
  find(agentId: string, skill: string): Playbook | undefined;
}

/** A place at work: one of the run's and one of the agent's, taken together and given back together. */
export interface SlotRequest {
  readonly runId: string;
  readonly runLimit: number;
  readonly agentId: string;
  readonly agentLimit: number;
  /** Longest remaining path in minutes: who asks with more goes first. */
  readonly priority: number;
  readonly signal: AbortSignal;
}

/** What nodes need from outside. */
export interface NodeDeps {
  readonly sessions: Sessions;
  readonly playbooks: Playbooks;
  readonly toolbox: Toolbox;
  readonly clock: Clock;
}
