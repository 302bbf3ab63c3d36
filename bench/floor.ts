import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import type { JsonObject } from "../core/digest.js";
import type { BenchMission, TaskBody } from "./engine.js";

/** A mission done without an engine. */
export type Runner = (mission: BenchMission, caseId: string) => Promise<void>;

/** What an engine would cost if it cost nothing: promises in dependency order, nothing kept. */
export function plainPromises(taskBody: TaskBody): Runner {
  return (mission) => inOrder(mission, taskBody, () => undefined);
}

/** The least that something durable costs: plain promises and one insert for each task, at synchronous=FULL. */
export function openFloor(dir: string, taskBody: TaskBody): { run: Runner; close(): void } {
  const handle = new BetterSqlite3(join(dir, "floor.db"));
  handle.pragma("journal_mode = wal");
  handle.pragma("synchronous = full");
  handle.exec(
    "create table done (case_id text, task_id text, output text, primary key (case_id, task_id)) without rowid",
  );
  const insert = handle.prepare("insert into done values (?, ?, ?)");
  return {
    run: (mission, caseId) =>
      inOrder(mission, taskBody, (taskId, output) => void insert.run(caseId, taskId, JSON.stringify(output))),
    close: () => handle.close(),
  };
}

async function inOrder(
  { tasks }: BenchMission,
  taskBody: TaskBody,
  keep: (taskId: string, output: JsonObject) => void,
): Promise<void> {
  const ends = new Map<string, Promise<void>>();
  for (const task of tasks) {
    const before = Promise.all(task.deps.map((id) => ends.get(id)));
    ends.set(
      task.id,
      before.then(async () => keep(task.id, await taskBody(task))),
    );
  }
  await Promise.all(ends.values());
}
