import { afterAll, describe, expect, test } from "vitest";
import type { Act } from "../support/failures.js";
import { actor, createTrials, endsOf } from "../support/failures.js";
import type { MissionParts } from "../support/missions.js";

const trials = createTrials();
afterAll(() => trials.drop());

const KEY = { owed: { schema: { type: "number" }, merge: "once" as const } };
const twelve: Act = async () => ({ owed: 12 });
const fifteen: Act = async () => ({ owed: 15 });
const read: Act = async ({ blackboard }) => ({ read: blackboard["owed"] ?? null });
const agent = actor("A70", { twelve, fifteen, read });

// With a condition only the run can tell whether both will write: without one the proof refuses the mission.
const MAYBE = "case.case_id != ''";
const WRITERS = [
  { task_id: "T1", skill: "twelve", writes: ["owed"] },
  { task_id: "T2", skill: "fifteen", writes: ["owed"], when: MAYBE },
];
const READER = { task_id: "T3", skill: "read", depends_on: ["T1", "T2"], reads: ["owed"] };

async function conflicting(tasks: MissionParts["tasks"]) {
  const trial = await trials.start([agent], { blackboard: KEY, tasks });
  const [request, ...others] = await trial.orchestrator.approvals({ run: trial.run });
  if (!request || others.length > 0) throw new Error(`${1 + others.length} requests, not one.`);
  return { trial, request };
}

describe("I6: two values for a key that takes one are both kept until a person has chosen", () => {
  test.each([
    ["in front of who reads it", [...WRITERS, READER]],
    ["at the end, when nobody reads it", WRITERS],
  ])("%s: an event and a question with both values, and the answer wins", async (_, tasks) => {
    const { trial, request } = await conflicting(tasks);

    const values = [
      { by: "T1", value: 12 },
      { by: "T2", value: 15 },
    ];
    expect(trial.status.status).toBe("waiting");
    expect(trial.status.blackboard).toEqual({ owed: { conflict: values } });
    expect((await trial.events(trial.run, "blackboard_conflict")).map(({ data }) => data)).toEqual([
      { key: "owed", values },
    ]);
    expect(request).toMatchObject({
      kind: "question",
      summary: 'T1 and T2 say different things about "owed". Which is right?',
      shown: { subject: values, schema: { type: "number" } },
    });
    const decide = (answer: string | number) =>
      trial.orchestrator.decide(request.approval_id, { decision: { type: "answer", answer }, by: "ann" });
    await expect(decide("much")).rejects.toMatchObject({ code: "decision_invalid" });
    await decide(13);

    const status = await trial.orchestrator.status(trial.run);
    expect([status.status, status.blackboard]).toEqual(["completed", { owed: 13 }]);
    expect(Object.values(endsOf(status))).toEqual(tasks.map(() => "done"));
    const results = await trial.store.results.of(trial.run);
    expect(results.find(({ taskId }) => taskId === "T3")?.output).toEqual(
      tasks.length === 3 ? { read: 13 } : undefined,
    );
  });

  test("a no: the reader fails, and both values stay", async () => {
    const { trial, request } = await conflicting([...WRITERS, READER]);

    await trial.orchestrator.decide(request.approval_id, {
      decision: { type: "reject", comment: "Neither." },
      by: "ann",
    });

    const status = await trial.orchestrator.status(trial.run);
    expect(status.status).toBe("failed");
    expect(endsOf(status)).toEqual({ T1: "done", T2: "done", T3: "failed:1:rejected" });
    expect(status.tasks["T3"]?.error).toBe("Neither.");
    expect(status.blackboard).toMatchObject({ owed: { conflict: [{ by: "T1" }, { by: "T2" }] } });
  });

  test("an answer speaks for the values that were shown: other ones are asked about anew", async () => {
    const rising: Act = async ({ attempt }) => ({ owed: 14 + attempt });
    const trial = await trials.start([actor("A70", { twelve, fifteen: rising, read })], {
      blackboard: KEY,
      tasks: [...WRITERS, READER],
      review: [{ rule_id: "enough", that: "T2.owed > 15.0", reason: "T2 says {{ T2.owed }}.", send_back: "T2" }],
    });
    const subjects: unknown[] = [];
    for (const answer of [13, 14]) {
      const [request] = await trial.orchestrator.approvals({ run: trial.run });
      subjects.push(request?.shown.subject);
      const decision = { type: "answer", answer } as const;
      await trial.orchestrator.decide(request?.approval_id ?? "", { decision, by: "ann" });
    }

    const shown = (value: number) => [
      { by: "T1", value: 12 },
      { by: "T2", value },
    ];
    expect(subjects).toEqual([shown(15), shown(16)]);
    const status = await trial.orchestrator.status(trial.run);
    expect([status.status, status.blackboard]).toEqual(["completed", { owed: 14 }]);
    const results = await trial.store.results.of(trial.run);
    expect(results.find(({ taskId }) => taskId === "T3")?.output).toEqual({ read: 14 });
  });

  test("the same value twice is no conflict", async () => {
    const trial = await trials.start([agent], {
      blackboard: KEY,
      tasks: [
        { task_id: "T1", skill: "twelve", writes: ["owed"] },
        { task_id: "T2", skill: "twelve", writes: ["owed"], when: MAYBE },
        READER,
      ],
    });

    expect([trial.status.status, trial.status.blackboard]).toEqual(["completed", { owed: 12 }]);
  });
});

describe("I8: the blackboard stays small", () => {
  const write =
    (bytes: number): Act =>
    async ({ taskId }) => ({ [`text_${taskId}`]: "x".repeat(bytes) });
  const TEXT = { schema: { type: "string" } };

  test("a key over 8 KB shows as a reference, and who reads it gets the reference too", async () => {
    const look: Act = async ({ blackboard }) => ({ read: blackboard["text_T1"] ?? null });
    const trial = await trials.start([actor("A70", { write: write(9_000), look })], {
      blackboard: { text_T1: TEXT },
      tasks: [
        { task_id: "T1", skill: "write", writes: ["text_T1"] },
        { task_id: "T2", skill: "look", depends_on: ["T1"], reads: ["text_T1"] },
      ],
    });

    const reference = { artifact: expect.stringMatching(/^[0-9a-f]{64}$/u), bytes: 9_002 };
    expect(trial.status.blackboard).toEqual({ text_T1: reference });
    const results = await trial.store.results.of(trial.run);
    expect(results.map(({ output }) => output)).toEqual([{ text_T1: "x".repeat(9_000) }, { read: reference }]);
  });

  test("a board over 64 KB is refused, with the sum and the limit", async () => {
    const ids = Array.from({ length: 9 }, (_, index) => `T${index + 1}`);
    const trial = await trials.start([actor("A70", { write: write(8_000) })], {
      blackboard: Object.fromEntries(ids.map((id) => [`text_${id}`, TEXT])),
      max_review_rounds: 0,
      tasks: ids.map((id, index) => ({
        task_id: id,
        skill: "write",
        writes: [`text_${id}`],
        depends_on: ids.slice(0, index),
        on_failure: "stop" as const,
      })),
    });

    expect(endsOf(trial.status)).toEqual({
      ...Object.fromEntries(ids.map((id) => [id, "done"])),
      T9: "failed:1:contract",
    });
    expect(trial.status.tasks["T9"]?.error).toMatch(/the blackboard would hold 7\d{4} bytes, but 64 KB is its limit/u);
  });
});
