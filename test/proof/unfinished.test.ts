import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineAgent, definePlaybook } from "../../core/define-agent.js";
import type { JsonObject } from "../../core/digest.js";
import { compose } from "../../runtime/compose.js";
import { Orchestrator } from "../../runtime/orchestrator.js";

const worker = defineAgent({
  agentId: "W1",
  slug: "plain-worker",
  name: "Plain Worker",
  description: "Does its task.",
  tools: [],
  skills: {
    plain: definePlaybook({
      skill: "plain",
      version: "1",
      input: z.any(),
      output: z.strictObject({ done: z.literal(true) }),
      tools: [],
      run: async () => ({ done: true as const }),
    }),
  },
});

function missionWith(parts: JsonObject = {}): JsonObject {
  return {
    mission_id: "U1",
    slug: "unfinished",
    mission_name: "Unfinished",
    description: "A mission for runs that meet trouble at their end.",
    cases: { id: "id", title: "case.id", items: [{ id: "one" }, { id: "two" }] },
    agents: ["W1"],
    tasks: [
      {
        task_id: "T1",
        task: "Do it",
        skill: "plain",
        order: 1,
        estimated_duration_minutes: 1,
        requires_human_approval: true,
      },
    ],
    ...parts,
  };
}

let folder = "";
let orchestrator: Orchestrator;
let parts: Awaited<ReturnType<typeof compose>>;

async function open(mission: JsonObject): Promise<void> {
  parts = await compose({ store: `sqlite:${join(folder, "store.db")}`, agents: [worker], missions: [mission] });
  orchestrator = new Orchestrator(parts);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mission-unfinished-"));
});
afterEach(async () => {
  await orchestrator.close();
  await rm(folder, { recursive: true, force: true });
});

describe("I6: every run ends, whatever breaks outside its tasks", () => {
  test("a bug in the dispatcher fails the run with its words, in good order", async () => {
    await open(missionWith());
    parts.deps.waves.open = () => {
      throw new TypeError("no wave can be opened");
    };

    const outcome = await orchestrator.start("unfinished", { caseRef: "one" });

    const { failure, tasks } = await orchestrator.status(outcome.run_id);
    expect(outcome.status).toBe("failed");
    expect(failure).toBe("A bug ended the run: TypeError: no wave can be opened");
    expect(tasks["T1"]).toMatchObject({ status: "failed", error_code: "bug" });
    expect((await orchestrator.report(outcome.run_id)).status).toBe("failed");
  });

  test("a run that cannot go on keeps no other from being resumed", async () => {
    await open(missionWith());
    const broken = await orchestrator.start("unfinished", { caseRef: "one" });
    const other = await orchestrator.start("unfinished", { caseRef: "two" });
    for (const { approvals } of [broken, other]) {
      const options = { decision: { type: "approve" as const }, continue: false };
      await orchestrator.decide(approvals[0]?.approval_id ?? "", options);
    }
    const { sessions } = parts;
    const host = sessions.host.bind(sessions);
    sessions.host = async (runId, mission) => {
      const session = await host(runId, mission);
      if (runId === broken.run_id) {
        session.refresh = () => Promise.reject(new TypeError("nothing is where it should be"));
      }
      return session;
    };

    const outcomes = await orchestrator.resume();

    const byRun = new Map(outcomes.map((outcome) => [outcome.run_id, outcome]));
    expect(byRun.get(other.run_id)?.status).toBe("completed");
    expect(byRun.get(broken.run_id)?.note).toContain("nothing is where it should be");
    sessions.host = host;
    expect((await orchestrator.resume(broken.run_id))[0]?.status).toBe("completed");
  });

  test("figures that cannot be taken stay pending, and the run that did its work is completed", async () => {
    await open(
      missionWith({
        kpis: [{ kpi_id: "speed", unit: "hours", direction: "lower", baseline: 2, target: 1, measure: "run.steps" }],
      }),
    );
    const { approvals, run_id } = await orchestrator.start("unfinished", { caseRef: "one" });
    const store = parts.store;
    const put = store.observations.put.bind(store.observations);
    store.observations.put = () => {
      throw new RangeError("Invalid time value");
    };

    const outcome = await orchestrator.decide(approvals[0]?.approval_id ?? "", { decision: { type: "approve" } });

    store.observations.put = put;
    expect(outcome.run_status).toBe("completed");
    expect((await orchestrator.status(run_id)).kpis).toMatchObject([{ kpi_id: "speed", basis: "pending" }]);
    const events = await store.events.of(run_id);
    expect(events.find(({ key }) => key === "figures_failed")?.data["reason"]).toContain("Invalid time value");
  });
});

describe("I10: a run goes on with what it began with, and says so", () => {
  test("to start a case again with other data, or a changed mission, names what differs and what to do", async () => {
    await open(missionWith());
    const first = await orchestrator.start("unfinished", { caseRef: { id: "mine", amount: 1 } });

    const second = await orchestrator.start("unfinished", { caseRef: { id: "mine", amount: 2 } });
    await orchestrator.close();
    await open(missionWith({ description: "Another wording of the same mission." }));
    const third = await orchestrator.start("unfinished", { caseRef: { id: "mine", amount: 1 } });

    expect([second.run_id, third.run_id]).toEqual([first.run_id, first.run_id]);
    expect(second.note).toContain("It began with other data of the case and goes on with that");
    expect(third.note).toContain("It began with another version of the mission and goes on with that");
    expect(third.note).toContain("cancel it first");
  });
});
