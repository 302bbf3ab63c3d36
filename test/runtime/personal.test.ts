import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { MissionEvent, Orchestrator } from "../../index.js";
import { defineAgent, definePlaybook, defineTool, openOrchestrator } from "../../index.js";
import { awaitsResource } from "../../nodes/task-moves.js";
import { PersonalMask } from "../../runtime/personal.js";
import { missionOf } from "../support/missions.js";
import { taskRecord } from "../support/records.js";

const personal = { personal: true };
const NAME = "Ada Lovelace";
const EMAIL = "ada@example.com";
const PHONE = "+44 20 7946 0018";

const findPhone = defineTool({
  name: "find_phone",
  description: "Finds somebody's telephone number.",
  input: z.strictObject({ email: z.string().meta(personal) }),
  output: z.strictObject({ phone: z.string().meta(personal) }),
  effect: "reads",
  timeoutMs: 1_000,
  maxCostMicroUsd: 0,
  run: async () => ({ phone: PHONE }),
});

const callPerson = defineTool({
  name: "call_person",
  description: "Calls somebody.",
  input: z.strictObject({ phone: z.string().meta(personal), about: z.string() }),
  output: z.strictObject({ said: z.string() }),
  effect: "irreversible",
  timeoutMs: 1_000,
  maxCostMicroUsd: 0,
  dedupeKey: ({ phone }) => phone,
  dedupeScope: "case",
  run: async ({ phone }) => ({ said: `reached at ${phone}` }),
});

const reach = definePlaybook({
  skill: "reach_person",
  version: "1",
  input: z.strictObject({ email: z.string(), name: z.string() }),
  output: z.strictObject({ email: z.string().meta(personal), note: z.string() }),
  tools: ["find_phone", "call_person"],

  async run(context, { email, name }) {
    const found = await context.call<typeof findPhone>("find_phone", { email });
    const phone = found.ok ? found.value.phone : "";
    context.progress(1, 2, `calling ${name} at ${phone}`);
    await context.call("find_phone", { email: 7, mail: email });
    const called = await context.call<typeof callPerson>("call_person", { phone, about: `Hello ${name}` });
    return { email, note: called.ok ? `${name} was ${called.value.said}` : called.reason };
  },

  summary: ({ email, note }) => `${email}: ${note}`,
});

const caller = defineAgent({
  agentId: "P1",
  slug: "caller",
  name: "Caller",
  description: "Calls people.",
  tools: ["find_phone", "call_person"],
  skills: { reach_person: reach },
});

const MISSION = {
  mission_id: "M950",
  slug: "call-people",
  mission_name: "Call people",
  description: "Somebody is called about something.",
  cases: { id: "id", title: "case.name", personal: ["/name"], items: [{ id: "C1", name: NAME, email: EMAIL }] },
  agents: ["P1"],
  blackboard: { note: { schema: { type: "string" } } },
  kpis: [{ kpi_id: "gladness", unit: "points", direction: "higher", baseline: 1, target: 9, known: "later" }],
  tasks: [
    {
      ...{ task_id: "R1", task: "Reach them", skill: "reach_person", order: 1, writes: ["note"] },
      ...{ inputs: { email: "case.email", name: "case.name" } },
      ...{ estimated_duration_minutes: 1, requires_human_approval: false },
    },
  ],
};

let folder: string;
let orchestrator: Orchestrator;
let run: string;
const seen: MissionEvent[] = [];
let asked: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mission-personal-"));
  const store = `sqlite:${join(folder, "missions.db")}`;
  orchestrator = await openOrchestrator({
    store,
    missions: [MISSION],
    agents: [caller],
    tools: [findPhone, callPerson],
  });
  const leave = new AbortController();
  const watching = (async () => {
    for await (const event of orchestrator.events(undefined, { signal: leave.signal })) seen.push(event);
  })();
  const started = await orchestrator.start("call-people");
  run = started.run_id;
  asked = JSON.stringify(started.approvals);
  const [approval] = started.approvals;
  const decision = { type: "approve" as const, comment: `I told ${NAME}.` };
  await orchestrator.decide(approval?.approval_id ?? "", { decision, by: "grace" });
  await orchestrator.insight.feedback(run, { score: 5, by: "grace", comment: `${NAME} is glad.` });
  await orchestrator.insight.recordKpi(run, "gladness", 7, { by: "grace" });
  leave.abort();
  await watching;
});

afterAll(async () => {
  await orchestrator.close();
  rmSync(folder, { recursive: true, force: true });
});

const leaks = (value: unknown) => [NAME, EMAIL, PHONE].filter((each) => (JSON.stringify(value) ?? "").includes(each));

describe("a schema that JSON Schema cannot say", () => {
  const line = (sign: string) => z.string().meta({ id: "a line", description: sign });
  const twice = z.strictObject({ a: line("one"), b: line("other"), name: z.string().meta(personal) });
  const when = z.strictObject({ at: z.date(), size: z.string().transform(Number), name: z.string().meta(personal) });
  const mission = missionOf({ tasks: [{ task_id: "T1" }] });
  const maskFor = (schema: z.ZodType) =>
    new PersonalMask(
      mission,
      { caseData: {} },
      { find: () => undefined, tool: () => ({ input: schema, output: schema }) },
    );
  const turn = { ...{ runId: "r", taskId: "T1", attempt: 1, key: "k", kind: "tool" as const, name: "t" } };
  const learnt = { ...turn, args: { name: NAME }, reply: null, at: new Date(0), durationMs: 0, costMicroUsd: 0 };

  test("marks nothing, instead of keeping a run's events from being written", () => {
    const mask = maskFor(twice);

    mask.learn({ turns: [learnt] });

    expect(mask.text(`Hello ${NAME}`)).toBe(`Hello ${NAME}`);
  });

  test("in some of its fields marks the others", () => {
    const mask = maskFor(when);

    mask.learn({ turns: [learnt] });

    expect(mask.text(`Hello ${NAME}`)).toBe("Hello A•••");
  });
});

describe("what is marked as personal", () => {
  test("is there for the task and for whoever approves, and stands in results and report", async () => {
    expect(asked).toContain(PHONE);
    expect((await orchestrator.report(run)).blackboard).toEqual({ note: `${NAME} was reached at ${PHONE}` });
  });

  test("is masked in every event, progress and refusals included", () => {
    expect(seen.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        "run_started",
        "task_progress",
        "tool_called",
        "tool_refused",
        "task_done",
        "run_completed",
        "approval_decided",
        "feedback_given",
        "kpi_observed",
      ]),
    );
    expect(leaks(seen)).toEqual([]);
    expect(JSON.stringify(seen)).toContain("calling A••• at +•••");
    expect(seen.find(({ type }) => type === "task_done")?.data["summary"]).toBe("a•••@•••: A••• was reached at +•••");
  });

  test("stands in no event's key, though it may name a resource; those of two resources differ", () => {
    const task = missionOf({ tasks: [{ task_id: "T1" }] }).tasks[0]!;
    const keyFor = (resource: string) => {
      const held = { ...{ resource, runId: "r2", taskId: "T2", fence: 1, takenAt: new Date(0) }, isHeld: true };
      return awaitsResource(task, taskRecord("r1", "T1"), held, "waits").events?.[0]?.key;
    };

    expect(leaks(keyFor(`customer:${NAME}`))).toEqual([]);
    expect(keyFor(`customer:${NAME}`)).not.toBe(keyFor("customer:Alan Turing"));
  });

  test("is masked in what people say of it, which said again changes nothing", async () => {
    const again = await orchestrator.insight.feedback(run, { score: 5, by: "grace", comment: `${NAME} is glad.` });

    expect(seen.find(({ type }) => type === "approval_decided")?.data["comment"]).toBe("I told A•••.");
    expect(seen.find(({ type }) => type === "feedback_given")?.data["comment"]).toBe("A••• is glad.");
    expect(again).toMatchObject({ status: "unchanged", comment: `${NAME} is glad.` });
  });

  test("is masked in the log, the list of effects and the export", async () => {
    const { insight } = orchestrator;
    const faces = [await insight.log(run), await insight.effects(run), await insight.executionLog(run)];

    expect(faces.map(leaks)).toEqual([[], [], []]);
    expect(JSON.stringify(faces[1])).toContain("+•••");
  });

  test("leaves the chain sound and the export fit for a replay", async () => {
    const { insight } = orchestrator;
    const log = await insight.executionLog(run);

    expect(await insight.audit({ run })).toMatchObject({ is_sound: true });
    expect(await insight.replay([log])).toMatchObject({
      problems: [],
      replayed: [{ status: { status: "completed" } }],
    });
  });

  test("stays masked when another process goes on", async () => {
    const again = await openOrchestrator({
      ...{ store: `sqlite:${join(folder, "other.db")}`, missions: [MISSION], agents: [caller] },
      tools: [findPhone, callPerson],
    });
    const { run_id, approvals } = await again.start("call-people");
    await again.close();
    const next = await openOrchestrator({
      ...{ store: `sqlite:${join(folder, "other.db")}`, missions: [MISSION], agents: [caller] },
      tools: [findPhone, callPerson],
    });
    await next.decide(approvals[0]?.approval_id ?? "", { decision: { type: "approve" }, by: "grace" });

    expect(leaks(await next.insight.log(run_id))).toEqual([]);
    await next.close();
  });
});
