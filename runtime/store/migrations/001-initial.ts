/** The first schema. Never edited after a release: what changes later is another migration. */
export const initial = `
create table meta (key text primary key, value text not null) without rowid;

create table missions (
  version text primary key, mission_id text not null, slug text not null, document text not null, created_at text not null
);

create table runs (
  run_id text primary key, mission_id text not null, mission_slug text not null, mission_name text not null,
  mission_version text not null, case_id text not null, case_data text not null, case_digest text not null,
  title text not null, status text not null, host text not null, dispatch text not null, approver text, owner text,
  fence integer not null, lease_until integer, cancel_requested_by text, review_round integer not null, failure text,
  head_seq integer not null, head_hash text not null, started_at text not null, finished_at text, report text
);
create index runs_by_case on runs (mission_id, case_id);
create index runs_by_status on runs (status);

create table tasks (
  run_id text not null, task_id text not null, status text not null, attempt integer not null, agent_id text,
  tried text not null, failures integer not null, refusals integer not null, code_version text, started_at text,
  finished_at text, cost_micro_usd integer not null, degraded integer not null, inputs_digest text, result_digest text,
  error_code text, error_message text, summary text, waiting_for text, chosen text, feedback text not null, progress text,
  primary key (run_id, task_id)
);

create table results (
  run_id text not null, task_id text not null, attempt integer not null, digest text not null, output text,
  artifact text, superseded integer not null,
  primary key (run_id, task_id, attempt)
);
create index results_by_digest on results (run_id, digest);
create table artifacts (sha256 text primary key, content text not null);

create table journal (
  run_id text not null, task_id text not null, attempt integer not null, key text not null, kind text not null,
  name text not null, args text not null, reply text not null, at text not null, duration_ms real not null,
  cost_micro_usd integer not null,
  primary key (run_id, task_id, attempt, key)
);

create table effects (
  effect_id text primary key, run_id text not null, fence integer not null, task_id text not null,
  attempt integer not null, agent_id text not null, turn_key text not null, tool text not null, scope text not null,
  dedupe_key text not null, again text not null, args text not null, args_digest text not null,
  idempotency_key text not null, status text not null, result text, approval_id text, claimed_at text not null,
  settled_at text
);
create index effects_by_run on effects (run_id);

create table approvals (
  approval_id text primary key, run_id text not null, task_id text not null, attempt integer not null,
  kind text not null, subject text not null, round integer not null, digest text not null, shown text not null,
  role text not null, escalate_to text not null, status text not null, created_at text not null, due_at text not null,
  decided_at text, decided_by text, authenticated integer, decision text, applied_at text
);
create index approvals_by_run on approvals (run_id);
create index approvals_by_status on approvals (status);

create table events (
  run_id text not null, seq integer not null, key text not null, type text not null, task_id text, at text not null,
  data text not null, previous_hash text not null, hash text not null,
  primary key (run_id, seq), unique (run_id, key)
);

create table observations (
  run_id text not null, kpi_id text not null, basis text not null, value real not null, at text not null,
  "by" text not null,
  primary key (run_id, kpi_id, basis)
);

create table checkpoints (
  thread_id text not null, checkpoint_ns text not null, checkpoint_id text not null, parent_checkpoint_id text,
  type text not null, checkpoint blob not null, versions text not null, held text not null, metadata_type text not null,
  metadata blob not null, digest text not null,
  primary key (thread_id, checkpoint_ns, checkpoint_id)
);
create table checkpoint_blobs (
  thread_id text not null, checkpoint_ns text not null, channel text not null, version text not null,
  type text not null, value blob not null, digest text not null,
  primary key (thread_id, checkpoint_ns, channel, version)
);
create table checkpoint_writes (
  thread_id text not null, checkpoint_ns text not null, checkpoint_id text not null, task_id text not null,
  idx integer not null, channel text not null, type text not null, value blob not null, digest text not null,
  primary key (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
);

create table calendar (
  entry_id text primary key, key text not null unique, calendar_id text not null, title text not null,
  starts_at text not null, ends_at text not null, attendees text not null, run_id text not null
);
create index calendar_by_start on calendar (calendar_id, starts_at);
create table drafts (
  message_id text primary key, key text not null unique, recipient text not null, subject text not null,
  body text not null, run_id text not null
);
create table outbox (
  message_id text primary key, key text not null unique, recipient text not null, subject text not null,
  body text not null, run_id text not null
);
create virtual table articles using fts5 (article_id unindexed, title, body, tokenize = 'porter unicode61');
`;
