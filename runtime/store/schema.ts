import type { ApprovalKind } from "../../core/approval.js";
import type { TaskErrorCode } from "../../core/errors.js";
import type { KillScope } from "../../core/kill.js";
import type { Dispatch, EffectRecord, ObservationRecord, RunHost, Turn, UndoRecord } from "../../core/records.js";
import type { ApprovalStatus, RunStatus, TaskStatus } from "../../core/run.js";
import type { DedupeScope } from "../../core/tool.js";

/** A moment as ISO 8601 UTC, so that text order is time order; `columns.ts` converts. */
export type Moment = string;
/** A JSON value as text; `columns.ts` converts. */
export type JsonText = string;
/** A text, pressed where it is long; `packed.ts` converts. */
export type PackedText = string | Uint8Array;
/** A sha256 as its 32 bytes; `columns.ts` converts. What is none stays text. */
export type DigestBytes = string | Uint8Array;
/** 0 or 1. */
export type Flag = number;

export interface MissionRow {
  version: string;
  mission_id: string;
  slug: string;
  document: PackedText;
  created_at: Moment;
}

export interface RunRow {
  run_id: string;
  mission_id: string;
  mission_slug: string;
  mission_name: string;
  mission_version: string;
  case_id: string;
  case_data: JsonText;
  case_digest: string;
  title: string;
  status: RunStatus;
  host: RunHost;
  dispatch: Dispatch;
  approver: string | null;
  owner: string | null;
  fence: number;
  /** Milliseconds since 1970 by the database's clock, never by a worker's. */
  lease_until: number | null;
  cancel_requested_by: string | null;
  review_round: number;
  failure: string | null;
  head_seq: number;
  head_hash: string;
  started_at: Moment;
  finished_at: Moment | null;
  /** As the report has it. */
  lead_time: JsonText | null;
  report: PackedText | null;
  /** Set once the run takes back what it did, before it ends so. */
  ending: JsonText | null;
}

export interface TaskRow {
  run_id: string;
  task_id: string;
  status: TaskStatus;
  attempt: number;
  agent_id: string | null;
  tried: JsonText;
  failures: number;
  refusals: number;
  code_version: string | null;
  /** Milliseconds since 1970, as `finished_at`. */
  started_at: number | null;
  finished_at: number | null;
  cost_micro_usd: number;
  degraded: Flag;
  inputs_digest: DigestBytes | null;
  result_digest: DigestBytes | null;
  error_code: TaskErrorCode | null;
  error_message: string | null;
  summary: string | null;
  waiting_for: string | null;
  chosen: string | null;
  feedback: JsonText;
  progress: JsonText | null;
}

export interface ResultRow {
  run_id: string;
  task_id: string;
  attempt: number;
  digest: DigestBytes;
  /** Null when the output is an artifact. */
  output: JsonText | null;
  artifact: string | null;
  superseded: Flag;
}

export interface ArtifactRow {
  sha256: string;
  content: JsonText;
}

export interface TurnRow {
  run_id: string;
  task_id: string;
  attempt: number;
  key: string;
  kind: Turn["kind"];
  name: string;
  args: JsonText;
  reply: JsonText;
  at: Moment;
  duration_ms: number;
  cost_micro_usd: number;
}

export interface EffectRow {
  effect_id: string;
  run_id: string;
  fence: number;
  task_id: string;
  attempt: number;
  agent_id: string;
  turn_key: string;
  tool: string;
  scope: DedupeScope;
  dedupe_key: string;
  again: string;
  args: JsonText;
  args_digest: string;
  idempotency_key: string;
  status: EffectRecord["status"];
  result: JsonText | null;
  approval_id: string | null;
  claimed_at: Moment;
  settled_at: Moment | null;
  /** The effect that this one takes back. */
  undoes: string | null;
  undo_outcome: UndoRecord["outcome"] | null;
  undo_at: Moment | null;
  undo_by: string | null;
  undo_note: string | null;
}

export interface ResourceRow {
  resource: string;
  run_id: string;
  task_id: string;
  fence: number;
  /** 1 where an act had been begun when its task was given back: it stays held under later leases of its run. */
  kept: number;
  taken_at: Moment;
}

export interface ApprovalRow {
  approval_id: string;
  run_id: string;
  task_id: string;
  attempt: number;
  kind: ApprovalKind;
  subject: string;
  round: number;
  digest: string;
  shown: JsonText;
  role: string;
  escalate_to: JsonText;
  status: ApprovalStatus;
  created_at: Moment;
  due_at: Moment;
  decided_at: Moment | null;
  decided_by: string | null;
  authenticated: Flag | null;
  decision: JsonText | null;
  applied_at: Moment | null;
}

export interface EventRow {
  run_id: string;
  seq: number;
  key: string;
  type: string;
  task_id: string | null;
  at: Moment;
  data: JsonText;
  previous_hash: string;
  hash: string;
}

export interface ObservationRow {
  run_id: string;
  kpi_id: string;
  basis: ObservationRecord["basis"];
  value: number;
  at: Moment;
  by: string;
}

export interface CheckpointRow {
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string;
  parent_checkpoint_id: string | null;
  type: string;
  /** Without its channel values, which are blobs. */
  checkpoint: Uint8Array;
  /** Channel to version, as text, of the channels that have a value. */
  versions: JsonText;
  /** Those of the channels whose value is surely stored at that version. */
  held: JsonText;
  metadata_type: string;
  metadata: Uint8Array;
  /** Of all other columns; so in the rows below. */
  digest: string;
}

/** A channel's value at one version, shared by all checkpoints that have it. */
export interface BlobRow {
  thread_id: string;
  checkpoint_ns: string;
  channel: string;
  version: string;
  type: string;
  value: Uint8Array;
  digest: string;
}

export interface WriteRow {
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string;
  task_id: string;
  idx: number;
  channel: string;
  type: string;
  value: Uint8Array;
  digest: string;
}

export interface CalendarRow {
  entry_id: string;
  key: string;
  calendar_id: string;
  title: string;
  starts_at: Moment;
  ends_at: Moment;
  attendees: JsonText;
  run_id: string;
}

export interface MessageRow {
  message_id: string;
  key: string;
  recipient: string;
  subject: string;
  body: string;
  run_id: string;
}

export interface ArticleRow {
  article_id: string;
  title: string;
  body: string;
}

export interface KillActRow {
  /** Given by the database, in the order of commits. */
  seq: number;
  act_id: string;
  scope: KillScope;
  subject: string;
  turned: "on" | "off";
  by: string;
  reason: string;
  at: Moment;
}

/** The tables by name. One typed schema for every database. */
export interface Schema {
  missions: MissionRow;
  runs: RunRow;
  tasks: TaskRow;
  results: ResultRow;
  artifacts: ArtifactRow;
  journal: TurnRow;
  effects: EffectRow;
  resources: ResourceRow;
  approvals: ApprovalRow;
  events: EventRow;
  observations: ObservationRow;
  checkpoints: CheckpointRow;
  checkpoint_blobs: BlobRow;
  checkpoint_writes: WriteRow;
  calendar: CalendarRow;
  drafts: MessageRow;
  outbox: MessageRow;
  articles: ArticleRow;
  kill_acts: KillActRow;
  meta: { key: string; value: string };
}
