import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auditFile } from "../../runtime/audit-file.js";
import { composeOrchestrator } from "../../runtime/compose.js";
import type { Orchestrator } from "../../runtime/orchestrator.js";

const folder = mkdtempSync(join(tmpdir(), "mission-log-"));
let orchestrator: Orchestrator;
let runId: string;

beforeAll(async () => {
  orchestrator = await composeOrchestrator({ store: `sqlite:${join(folder, "missions.db")}` });
  const started = await orchestrator.start("support-resolution");
  runId = started.run_id;
  for (const { approval_id } of started.approvals) {
    await orchestrator.decide(approval_id, { decision: { type: "approve", comment: "Good words." }, by: "lead" });
  }
}, 60_000);

afterAll(async () => {
  await orchestrator.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("I9: the log of a real run", () => {
  test("tells every event once, in order, the decision with its name and words", async () => {
    const { entries, head_seq } = await orchestrator.insight.log(runId);

    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: head_seq }, (_, index) => index + 1));
    expect(entries.map(({ line }) => line).join("\n")).toMatch(
      /lead approved Draft resolution message \(T8\): "Good words\." \(/u,
    );
    expect(entries.every(({ what }) => !what.startsWith('saw "'))).toBe(true);
  });

  test("of one task holds what concerns it alone, found by id or title", async () => {
    const byId = await orchestrator.insight.log(runId, { task: "t8" });

    expect(byId.task_id).toBe("T8");
    expect(new Set(byId.entries.map(({ task_id }) => task_id))).toEqual(new Set(["T8"]));
    expect(await orchestrator.insight.log(runId, { task: "draft resolution message" })).toEqual(byId);
  });

  test("of a task that the run does not have names those that it has", async () => {
    await expect(orchestrator.insight.log(runId, { task: "T9" })).rejects.toThrow(
      /no task "T9".*Its tasks: T6, T7, T8/u,
    );
  });

  test("is an export that can be checked without the store, and only whole", async () => {
    const file = join(folder, "log.json");
    writeFileSync(file, JSON.stringify(await orchestrator.insight.log(runId)));
    expect(await auditFile(file, (await orchestrator.report(runId)).chain_head)).toMatchObject({ is_sound: true });

    writeFileSync(file, JSON.stringify(await orchestrator.insight.log(runId, { task: "T8" })));
    await expect(auditFile(file, undefined)).rejects.toThrow(/Export the run again without --task/u);
    writeFileSync(file, "{}");
    await expect(auditFile(file, undefined)).rejects.toThrow(/does not have the shape it needs/u);
  });

  test("its effects say who approved them, with key, answer and cost", async () => {
    const [effect, ...others] = await orchestrator.insight.effects(runId);

    expect(others).toEqual([]);
    expect(effect).toMatchObject({
      tool: "put_in_outbox",
      status: "done",
      approved_by: "lead",
      cost_usd: 0,
      agent_name: "Support Resolution Agent",
    });
    expect(effect?.idempotency_key).toMatch(/^[0-9a-f]{64}$/u);
  });
});
