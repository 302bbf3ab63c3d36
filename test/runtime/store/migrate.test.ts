import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../../core/digest.js";
import { initial } from "../../../runtime/store/migrations/001-initial.js";
import { openStore } from "../../../runtime/store/store.js";

const RUN = "01J0000000000000000000000A";
const STARTED = "2026-03-03T09:00:00.123Z";
const FINISHED = "2026-03-03T09:00:01.999Z";
const OUTPUT = { letter: "Dear Ann" };
const DIGEST = digestOf(OUTPUT);

const LEAD_TIME = {
  ...{ total_ms: 1_876, work_ms: 1_876, waiting_for_people_ms: 0, waiting_for_others_ms: 0 },
  basis: "measured",
};
const REPORT = { summary: "One letter was written.", lead_time: LEAD_TIME };

/** Events as the first release chained them: each hash over everything that is known, and the hash before. */
function oldEvents() {
  const drafts = [
    { key: "run_started", type: "run_started", task_id: undefined, at: STARTED, data: { title: "Ann" } },
    { key: "task_done:T1:1", type: "task_done", task_id: "T1", at: FINISHED, data: { result_digest: DIGEST } },
    { key: "run_ended", type: "run_completed", task_id: undefined, at: FINISHED, data: { title: "Ann" } },
  ];
  let previous = "";
  return drafts.map((draft, index) => {
    const whole = { run_id: RUN, seq: index + 1, ...draft, previous_hash: previous };
    previous = digestOf(whole);
    return { ...whole, hash: previous };
  });
}

/** A store as the first release left it, with one run in it. */
function writeOldStore(path: string, report = JSON.stringify(REPORT)): void {
  const handle = new BetterSqlite3(path);
  handle.exec(initial);
  handle.exec("pragma application_id = 1297044035; pragma user_version = 1");
  const insert = (table: string, row: Record<string, string | number | null>) =>
    handle
      .prepare(`insert into ${table} (${Object.keys(row)}) values (${Object.keys(row).map(() => "?")})`)
      .run(...Object.values(row));
  const events = oldEvents();
  const mission = { mission_id: "M1", mission_slug: "letters", mission_name: "Letters", mission_version: "v1" };
  insert("runs", {
    ...{ run_id: RUN, ...mission, case_id: "C1", case_data: '{"id":"C1"}', case_digest: "d", title: "Ann" },
    ...{ status: "completed", host: "orchestrator", dispatch: "dataflow", fence: 1, review_round: 0 },
    ...{ head_seq: 3, head_hash: events[2]?.hash ?? "", started_at: STARTED, finished_at: FINISHED },
    report,
  });
  insert("tasks", {
    ...{
      run_id: RUN,
      task_id: "T1",
      status: "done",
      attempt: 1,
      agent_id: "A1",
      tried: "[]",
      failures: 0,
      refusals: 0,
    },
    ...{ started_at: STARTED, finished_at: FINISHED, cost_micro_usd: 0, degraded: 0, inputs_digest: DIGEST },
    ...{ result_digest: DIGEST, feedback: "[]" },
  });
  insert("tasks", {
    ...{ run_id: RUN, task_id: "T2", status: "skipped", attempt: 1, tried: "[]", failures: 0, refusals: 0 },
    ...{ cost_micro_usd: 0, degraded: 0, inputs_digest: "no digest at all", feedback: "[]" },
  });
  const output = JSON.stringify(OUTPUT);
  insert("results", { run_id: RUN, task_id: "T1", attempt: 1, digest: DIGEST, output, artifact: null, superseded: 0 });
  for (const { task_id, data, ...event } of events)
    insert("events", { ...event, task_id: task_id ?? null, data: JSON.stringify(data) });
  handle.close();
}

let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-migrate-"));
  path = join(folder, "missions.db");
});

afterEach(() => rmSync(folder, { recursive: true }));

test("a store of the first release opens, keeps its runs word for word, and its chain still holds", async () => {
  writeOldStore(path);

  const store = await openStore(`sqlite:${path}`);
  const run = await store.runs.find(RUN);
  const [first, second] = await store.tasks.of(RUN);
  const events = await store.events.of(RUN);
  const byDigest = await store.results.get(RUN, DIGEST);
  const figures = await store.figures.runs();
  await store.close();

  expect(run).toMatchObject({ status: "completed", report: REPORT });
  expect(figures).toMatchObject([{ runId: RUN, leadTime: LEAD_TIME }]);
  expect(first).toMatchObject({ taskId: "T1", inputsDigest: DIGEST, resultDigest: DIGEST });
  expect([first?.startedAt?.toISOString(), first?.finishedAt?.toISOString()]).toEqual([STARTED, FINISHED]);
  expect(second).toMatchObject({ taskId: "T2", status: "skipped", inputsDigest: "no digest at all" });
  expect(second).not.toHaveProperty("startedAt");
  expect(byDigest).toMatchObject({ taskId: "T1", digest: DIGEST, output: OUTPUT });
  expect(events.map(({ seq, hash, previousHash }) => ({ seq, hash, previous_hash: previousHash }))).toEqual(
    oldEvents().map(({ seq, hash, previous_hash }) => ({ seq, hash, previous_hash })),
  );
  expect(events.at(-1)?.hash).toBe(run?.headHash);
});

test.each([
  ["without a lead time", '{"summary":"Short."}'],
  ["that somebody damaged", '{"summary":'],
])("a report %s keeps no store of the first release from opening", async (_title, report) => {
  writeOldStore(path, report);

  const store = await openStore(`sqlite:${path}`);
  const [figure] = await store.figures.runs();
  await store.close();

  expect(figure).toMatchObject({ runId: RUN, status: "completed" });
  expect(figure).not.toHaveProperty("leadTime");
});
