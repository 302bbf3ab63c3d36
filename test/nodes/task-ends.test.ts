import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { giveUp } from "../../core/define-agent.js";
import type { Json } from "../../core/digest.js";
import { defineTool } from "../../tools/define-tool.js";
import type { Act, Trial } from "../support/failures.js";
import { actor, createTrials, endsOf } from "../support/failures.js";
import type { MissionParts, TaskParts } from "../support/missions.js";

const trials = createTrials();
afterAll(() => trials.drop());

const work: Act = async () => ({ text: "made" });
const broken: Act = async () => {
  throw giveUp("permanent", "It broke.");
};

/** What is open now, in the order in which it was asked. */
async function open({ orchestrator, run }: Trial) {
  return orchestrator.approvals({ run });
}

/** Answers the one open request and gives what it came to. */
async function answer(trial: Trial, value: Json) {
  const [request] = await open(trial);
  const decision =
    request?.kind === "question" ? { type: "answer" as const, answer: value } : { type: "approve" as const };
  await trial.orchestrator.decide(request?.approval_id ?? "", { decision, by: "ann" });
  const status = await trial.orchestrator.status(trial.run);
  return { status: status.status, ends: endsOf(status), tasks: status.tasks };
}

/** A task that only a person can do, and what else its mission has. */
function byPerson(task: Partial<TaskParts>, parts: Omit<MissionParts, "tasks"> = {}): Promise<Trial> {
  return trials.start([actor("A70", { work: broken })], { ...parts, tasks: [{ task_id: "T1", ...task }] });
}

describe("I6: a condition that cannot be read comes to an end", () => {
  const tasks = (parts: Partial<TaskParts>): MissionParts["tasks"] => [
    { task_id: "T1" },
    { task_id: "T2", depends_on: ["T1"], when: "T1.score > 10.0", ...parts },
  ];

  test("on_failure ask: a person is asked once for the result, and no agent is blamed", async () => {
    const trial = await trials.start([actor("A70", { work })], { tasks: tasks({}) });

    expect(endsOf(trial.status)).toEqual({ T1: "done", T2: "waiting_for_person:1:contract" });
    const requests = await open(trial);
    expect(requests).toMatchObject([{ task_id: "T2", kind: "question" }]);
    expect(requests[0]?.shown.reasons[0]).toContain("score");
    expect((await trial.events(trial.run)).length).toBeLessThan(30);
    expect((await answer(trial, { text: "by hand" })).ends).toEqual({ T1: "done", T2: "done" });
  });

  test("on_failure stop: the task fails with the reason", async () => {
    const trial = await trials.start([actor("A70", { work })], { tasks: tasks({ on_failure: "stop" }) });

    expect(endsOf(trial.status)).toEqual({ T1: "done", T2: "failed:1:contract" });
    expect(trial.status.failure).toContain("T1.score > 10.0");
  });
});

describe("I6: a person's result that cannot stand is asked for again, and that has an end", () => {
  test("its checks see the task's inputs", async () => {
    const trial = await byPerson({
      inputs: { least: { value: 5 } },
      checks: [{ check_id: "enough", that: "output.n >= inputs.least", reason: "At least five." }],
    });

    expect((await answer(trial, { n: 7 })).ends).toEqual({ T1: "done" });
  });

  test("a check that cannot be read is shown to the person, who may accept the result", async () => {
    const trial = await byPerson({ checks: [{ check_id: "odd", that: "output.no.such > 1.0", reason: "It is odd." }] });

    const asked = await answer(trial, { n: 7 });
    expect(asked.status).toBe("waiting");
    const [request] = await open(trial);
    expect(request).toMatchObject({ kind: "escalation" });
    expect(request?.shown.reasons[0]).toContain("It is odd. (CEL");
    expect((await answer(trial, null)).ends).toEqual({ T1: "done" });
  });

  test.each<[string, Partial<TaskParts>, Omit<MissionParts, "tasks">, Json]>([
    [
      "a route that cannot be read for it",
      {
        route: [
          { when: "T1.way == 'on'", to: "T2" },
          { otherwise: true, to: "T2" },
        ],
      },
      {},
      { way: "on" },
    ],
    [
      "a key that it would spoil",
      { writes: ["owed"] },
      { blackboard: { owed: { schema: { type: "number" } } } },
      { owed: 12 },
    ],
  ])("%s", async (_, task, parts, good) => {
    const bad = { owed: "much" };
    const start = () =>
      trials.start([actor("A70", { work: broken, rest: work })], {
        ...parts,
        max_review_rounds: 1,
        tasks: [
          { task_id: "T1", ...task },
          { task_id: "T2", skill: "rest", depends_on: ["T1"] },
        ],
      });
    const mended = await start();
    const lost = await start();

    expect(await answer(mended, bad)).toMatchObject({ status: "waiting", tasks: { T1: { attempts: 2 } } });
    expect((await open(mended))[0]?.shown.reasons.at(-1)).toMatch(/^the last answer: /u);
    expect((await answer(mended, good)).ends).toEqual({ T1: "done:2", T2: "done" });
    await answer(lost, bad);
    expect((await answer(lost, bad)).ends).toMatchObject({ T1: "failed:2:contract" });
  });

  test("a skill's check that breaks", async () => {
    const check = () => {
      throw new TypeError("nobody thought of this");
    };
    const trial = await trials.start([actor("A70", { work: { run: broken, check } })], {
      max_review_rounds: 1,
      tasks: [{ task_id: "T1" }],
    });

    expect((await answer(trial, { n: 1 })).status).toBe("waiting");
    expect((await answer(trial, { n: 1 })).ends).toEqual({ T1: "failed:2:bug" });
  });
});

test("I6: a task that is begun again and again ends, whatever makes it begin", async () => {
  const act: Act = async () => {
    throw giveUp("transient", "Not now.");
  };
  const agents = Array.from({ length: 11 }, (_, index) => actor(`A7${index}`, { work: act }));
  const trial = await trials.start(agents, {
    tasks: [{ task_id: "T1", retry: { attempts: 20, first_delay_seconds: 0 } }],
  });

  expect(endsOf(trial.status)).toEqual({ T1: "failed:201:attempts_exhausted" });
});

describe("I2: an act is done when nothing else can fail any more", () => {
  test("a route that cannot be read keeps the act from being done", async () => {
    let sent = 0;
    const send = defineTool({
      name: "post",
      description: "Posts a text in a test.",
      input: z.strictObject({ text: z.string() }),
      output: z.strictObject({}),
      effect: "writes",
      reach: "own",
      timeoutMs: 1_000,
      maxCostMicroUsd: 0,
      dedupeKey: () => "one",
      dedupeScope: "run",
      run: async () => {
        sent += 1;
        return {};
      },
    });
    const playbook = { run: work, tools: ["post"], proposes: [{ tool: "post", args: { text: "/text" } }] };
    const agent = { ...actor("A70", { work: playbook, rest: work }), tools: ["post"] };
    const parts = (when: string): MissionParts => ({
      agents: ["A70"],
      tasks: [
        {
          task_id: "T1",
          on_failure: "stop",
          route: [
            { when, to: "T2" },
            { otherwise: true, to: "T2" },
          ],
        },
        { task_id: "T2", skill: "rest", depends_on: ["T1"] },
      ],
    });
    const start = async (when: string) => {
      const bench = await trials.open([agent], parts(when), { tools: [send] });
      const { run_id: run } = await bench.orchestrator.start("test-mission");
      return endsOf(await bench.orchestrator.status(run));
    };

    expect(await start("T1.text > 1.0")).toMatchObject({ T1: "failed:1:contract" });
    expect(sent).toBe(0);
    expect(await start("T1.text == 'made'")).toEqual({ T1: "done", T2: "done" });
    expect(sent).toBe(1);
  });
});

describe("I1: what only shows a result cannot spoil it", () => {
  test("a summary and evidence that break give way to the plain form, and the log says so", async () => {
    const fail = () => {
      throw new TypeError("no such field");
    };
    const trial = await trials.start([actor("A70", { work: { run: work, summary: fail, evidence: fail } })], {
      tasks: [{ task_id: "T1", requires_human_approval: true }],
    });

    expect((await open(trial))[0]?.shown.evidence).toHaveLength(1);
    expect((await answer(trial, null)).ends).toEqual({ T1: "done" });
    const told = await trial.events(trial.run, "presentation_failed");
    expect(told.map(({ data }) => data["reason"])).toEqual([
      'The evidence of the skill "work" broke: no such field',
      'The summary of the skill "work" broke: no such field',
    ]);
  });
});

describe("I4: who is told that a no fails the run is believed", () => {
  test.each<[string, TaskParts["on_failure"]]>([
    ["continue", "continue"],
    ["a stand-in", { task: "T2" }],
  ])("also where the mission would go on: %s", async (_, onFailure) => {
    const trial = await trials.start([actor("A70", { work })], {
      max_review_rounds: 0,
      tasks: [
        {
          task_id: "T1",
          on_failure: onFailure,
          checks: [{ check_id: "never", that: "false", reason: "Never good enough." }],
        },
        { task_id: "T2" },
        { task_id: "T3", depends_on: ["T1"] },
      ],
    });
    const [request] = await open(trial);
    expect(request?.shown.consequences.reject).toBe("The run fails.");

    await trial.orchestrator.decide(request?.approval_id ?? "", { decision: { type: "reject", comment: "No." } });

    const status = await trial.orchestrator.status(trial.run);
    expect(status.status).toBe("failed");
    expect(endsOf(status)).toMatchObject({ T1: "failed:1:escalation_rejected", T3: "blocked:1:dependency_failed" });
  });
});
