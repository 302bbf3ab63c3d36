import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { Decision, RequestDraft } from "./approval.js";
import type { AgentDefinition, CallOptions, Playbook } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import type { EventDraft, MissionEvent } from "./event.js";
import type { AgentCard, Mission, Task } from "./mission.js";
import type { Clock, Statement } from "./ports.js";
import type {
  ApprovalRecord,
  Dispatch,
  EffectRecord,
  ObservationRecord,
  ResultRecord,
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
  /** Fires when this process shuts down in good order: what is at work may end, nothing new begins. */
  readonly draining: AbortSignal;
  /** True once somebody asked to cancel the run. */
  readonly isCancelled: boolean;
  /** True when the run had ended before this session: its status and report will not change. */
  readonly isOver: boolean;
  readonly reviewRound: number;
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
  /** Writes the request (once for each subject and digest; another digest withdraws the older one). Resolves once durable. */
  ask(draft: RequestDraft): Promise<ApprovalRecord>;
  /** Resolves with the request once it is not pending; heeds the signal. Polls its row; at once when decided in this process. */
  decided(approvalId: string, signal: AbortSignal): Promise<ApprovalRecord>;
  /** Records a decision by the same compare-and-set as `decide`; false when somebody else was first. */
  decide(approvalId: string, digest: string, decision: Decision, by: Person): Promise<boolean>;
  /** Reads the requests' rows again, and expires what is past due. */
  refresh(): Promise<void>;
  /** Marks the run as waiting; false when a decision came meanwhile and the run must go on. */
  wait(): Promise<boolean>;
  /** Ends the run. A run that has ended already keeps its first end. */
  finish(status: TerminalStatus, report: JsonObject, failure: string | undefined): Promise<void>;
  progress(taskId: string, ratio: number, note: string | undefined): void;
  /** The run's effects, observations and the hash of its newest event, as stored now. */
  evidence(): Promise<{
    effects: readonly EffectRecord[];
    observations: readonly ObservationRecord[];
    chainHead: string;
  }>;
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
  readonly signal: AbortSignal;
  /** Of the node that the call is made in: they see the tool's own run, not refusals and answers from the journal. */
  readonly callbacks?: Callbacks;
}

/** The only way to a tool. A refusal is a value; only `NeedsPerson`, aborts and store errors are thrown. */
export interface Toolbox {
  call(call: ToolCall): Promise<ToolReply>;
  /** What calling this tool would need: nothing, a person, or it is forbidden or unknown. */
  rulingOf(tool: string): "auto" | "ask" | "forbidden";
}

/** The code behind agents' cards: found by agent and skill, since code is not stored with a mission. */
export interface Playbooks {
  find(agentId: string, skill: string): Playbook | undefined;
  agents(): readonly AgentDefinition[];
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
