import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { closeSqlite, openSqlite } from "../../runtime/store/sqlite.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import { mailTool } from "../support/gate.js";
import { fakeAgent, fakePlaybook } from "../support/missions.js";

let engine: Engine;
afterEach(() => engine.drop());

test("I2, I6: a run whose checkpoint is damaged is refused; without its checkpoints it goes on from its rows, and does nothing twice", async () => {
  const sent: string[] = [];
  const mail = mailTool({ run: async ({ to }) => ({ id: `m${sent.push(to)}` }) });
  const send = fakePlaybook({
    skill: "work",
    tools: [mail.name],
    run: async ({ call, taskId }) => {
      await call(mail.name, { to: taskId, text: "hi" });
      return {};
    },
  });
  engine = await openEngine({
    missions: [{ tasks: [{ task_id: "T1" }, { task_id: "T2", depends_on: ["T1"], requires_human_approval: true }] }],
    tools: [mail],
    agents: [fakeAgent("A1", "worker", [send], { tools: [mail.name] })],
  });
  const { orchestrator, parts, folder } = engine;
  const { run_id: run } = await orchestrator.start("test-mission");
  const [approval] = await orchestrator.approvals({ run });
  const before = [...sent];
  const file = openSqlite(join(folder, "missions.db"));
  file.handle.exec("update checkpoint_blobs set value = cast('{}' as blob) where channel = 'tasks'");
  closeSqlite(file);

  const decided = orchestrator.decide(approval?.approval_id ?? "", { decision: { type: "approve" }, by: "mara" });
  await expect(decided).rejects.toMatchObject({ code: "checkpoint_damaged" });
  await expect(orchestrator.resume(run)).rejects.toMatchObject({ code: "checkpoint_damaged" });
  expect(await orchestrator.status(run)).toMatchObject({ tasks: { T1: { status: "done" } } });
  await parts.store.checkpointer.deleteThread(run);
  await orchestrator.resume(run);

  expect(await orchestrator.status(run)).toMatchObject({ status: "completed", approvals: [{ status: "approved" }] });
  expect(before).toContain("T1");
  expect(sent.toSorted()).toEqual(["T1", "T2"]);
});
