/** Who writes to what: one row for each resource that a task holds, or held when its process died. */
export const resources = `
create table resources (
  resource text primary key, run_id text not null, task_id text not null, fence integer not null, kept integer not null,
  taken_at text not null
) without rowid;
create index resources_by_task on resources (run_id, task_id);
`;
