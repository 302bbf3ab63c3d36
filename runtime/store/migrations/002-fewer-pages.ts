/**
 * Rows of tasks lie in their key's own tree, not beside it, and results have one index less: each task touched a page
 * more for each of these, and kept its key twice. Digests of tasks and results are bytes instead of hex,
 * and moments of tasks milliseconds since 1970. A run's lead time has a column of its own in front of the report, which
 * stays last: what is counted over many runs reads neither the report nor its pages.
 */
export const fewerPages = `
create table tasks_by_run (
  run_id text not null, task_id text not null, status text not null, attempt integer not null, agent_id text,
  tried text not null, failures integer not null, refusals integer not null, code_version text, started_at integer,
  finished_at integer, cost_micro_usd integer not null, degraded integer not null, inputs_digest blob, result_digest blob,
  error_code text, error_message text, summary text, waiting_for text, chosen text, feedback text not null, progress text,
  primary key (run_id, task_id)
) without rowid;
insert into tasks_by_run select run_id, task_id, status, attempt, agent_id, tried, failures, refusals, code_version,
  cast(round(unixepoch(started_at, 'subsec') * 1000) as integer),
  cast(round(unixepoch(finished_at, 'subsec') * 1000) as integer), cost_micro_usd, degraded,
  coalesce(unhex(inputs_digest), inputs_digest), coalesce(unhex(result_digest), result_digest), error_code, error_message,
  summary, waiting_for, chosen, feedback, progress from tasks order by run_id, task_id;
drop table tasks;
alter table tasks_by_run rename to tasks;

drop index results_by_digest;
update results set digest = coalesce(unhex(digest), digest);

alter table runs rename column report to report_before;
alter table runs add column lead_time text;
alter table runs add column report text;
update runs set report = report_before,
  lead_time = case when json_valid(report_before) then json_extract(report_before, '$.lead_time') end;
alter table runs drop column report_before;
`;
