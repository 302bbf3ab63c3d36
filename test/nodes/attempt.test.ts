import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { PlaybookContext } from "../../core/define-agent.js";
import { giveUp } from "../../core/define-agent.js";
import type { Act } from "../support/failures.js";
import { actor, createTrials, endsOf } from "../support/failures.js";
import type { TaskParts } from "../support/missions.js";

const trials = createTrials();
afterAll(() => trials.drop());

const Item = z.looseObject({ item: z.string(), index: z.number() });
type Item = z.output<typeof Item>;

/** One task over the case's items; later items are done first, so that order of work is not order of items. */
async function over(
  items: readonly string[],
  act: (item: Item, context: PlaybookContext) => Promise<unknown>,
  parts: Partial<TaskParts> = {},
) {
  const each: Act = async (context, inputs) => {
    const item = Item.parse(inputs);
    await context.sleep(3 * (items.length - item.index));
    return act(item, context);
  };
  const trial = await trials.start([actor("A70", { each: { input: Item, run: each } })], {
    cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", items: [...items] }] },
    tasks: [
      {
        task_id: "T1",
        skill: "each",
        for_each: "case.items",
        retry: { attempts: 2, first_delay_seconds: 0.01 },
        on_failure: "stop",
        ...parts,
      },
    ],
  });
  const [result] = await trial.store.results.of(trial.run);
  return { trial, output: result?.output };
}

const measure = async ({ item, index }: Item) => ({ [item]: index, size: item.length });

describe("I1: for_each does one skill for each item", () => {
  test("a list keeps the items' order, whoever is done first", async () => {
    const { output } = await over(["c", "aa", "b"], measure);

    expect(output).toEqual({
      items: [
        { c: 0, size: 1 },
        { aa: 1, size: 2 },
        { b: 2, size: 1 },
      ],
    });
  });

  test("merge puts the fields of all into one, later items over earlier ones", async () => {
    const { output } = await over(["c", "aa", "b"], measure, { collect: "merge" });

    expect(output).toEqual({ c: 0, aa: 1, b: 2, size: 1 });
  });

  test("a reducer goes over them in their order, begun with the first", async () => {
    const { output } = await over(["c", "aa", "b"], async ({ item }) => ({ text: item }), {
      collect: { cel: "{'text': acc.text + item.text}" },
    });

    expect(output).toEqual({ text: "caab" });
  });

  test("no items: an empty list", async () => {
    expect((await over([], measure)).output).toEqual({ items: [] });
  });

  test("more than max_items fails before any is begun, and says how many", async () => {
    let begun = 0;
    const { trial } = await over(["a", "b", "c"], async () => ({ begun: ++begun }), { max_items: 2 });

    expect(endsOf(trial.status)).toEqual({ T1: "failed:1:permanent" });
    expect(trial.status.tasks["T1"]?.error).toBe("Task T1: 3 items, but max_items is 2.");
    expect(begun).toBe(0);
  });

  test("an item that fails fails the attempt, and the next one does all of them again", async () => {
    const done: string[] = [];
    const act = async ({ item }: Item, { attempt }: PlaybookContext) => {
      if (item === "b" && attempt === 1) throw giveUp("transient", "b broke.");
      done.push(`${item}${attempt}`);
      return { item };
    };
    const { trial, output } = await over(["a", "b"], act);

    expect(endsOf(trial.status)).toEqual({ T1: "done:2" });
    expect(output).toEqual({ items: [{ item: "a" }, { item: "b" }] });
    expect(done.sort()).toEqual(["a1", "a2", "b2"]);
  });

  test("an item that fails for good fails the task with its reason", async () => {
    const { trial } = await over(["a", "b"], async ({ item }) => {
      if (item === "b") throw giveUp("permanent", "b is broken.");
      return {};
    });

    expect(endsOf(trial.status)).toEqual({ T1: "failed:1:permanent" });
    expect(trial.status.failure).toContain("b is broken.");
  });

  test("what items draw by chance is kept by item, not by order", async () => {
    const { trial } = await over(["a", "b", "c"], async ({ item }, context) => ({ item, id: context.id() }));

    const turns = (await trial.store.journal.of(trial.run)).filter(({ name }) => name === "id");
    const [result] = await trial.store.results.of(trial.run);
    const { items } = z.object({ items: z.array(z.object({ id: z.string() })) }).parse(result?.output);
    for (const [index, { id }] of items.entries()) {
      expect(turns.find(({ reply }) => reply === id)?.key).toMatch(new RegExp(`^item:${index}/`, "u"));
    }
  });

  test("each item keeps the skill's contract and passes its check; what breaks is named by its place", async () => {
    const heard: unknown[] = [];
    const each: Act = async ({ attempt, feedback }, inputs) => {
      const { item, index } = Item.parse(inputs);
      if (index === 0) heard.push(feedback.map(({ field }) => field));
      return { size: item === "b" && attempt === 1 ? "one" : item.length, isGood: attempt > 2 };
    };
    const skill = {
      input: Item,
      output: z.looseObject({ size: z.number(), isGood: z.boolean() }),
      check: (output: unknown) =>
        z.object({ isGood: z.literal(true) }).safeParse(output).success
          ? []
          : [{ checkId: "good", field: "/isGood", reason: "It is not good." }],
      run: each,
    };
    const trial = await trials.start([actor("A70", { each: skill })], {
      cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", items: ["a", "b"] }] },
      tasks: [{ task_id: "T1", skill: "each", for_each: "case.items" }],
    });

    expect(endsOf(trial.status)).toEqual({ T1: "done:3" });
    expect(heard).toEqual([[], ["/items/1/size"], ["/items/1/size", "/items/0/isGood", "/items/1/isGood"]]);
  });

  test("items ask for themselves, all at once, and each reads its own answer", async () => {
    const each: Act = async (context, inputs) => {
      const { item } = Item.parse(inputs);
      const question = { key: "size", question: `How big is ${item}?`, answer: z.number() };
      return { [item]: await context.ask(question) };
    };
    const trial = await trials.start([{ ...actor("A70", { each: { input: Item, run: each } }), maxParallel: 1 }], {
      cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", items: ["a", "b", "c"] }] },
      tasks: [{ task_id: "T1", skill: "each", for_each: "case.items", collect: "merge" }],
    });
    const requests = await trial.orchestrator.approvals({ run: trial.run });
    expect(requests.map(({ shown }) => shown.question).sort()).toEqual([
      "How big is a?",
      "How big is b?",
      "How big is c?",
    ]);

    for (const request of requests) {
      const size = request.shown.question.charCodeAt("How big is ".length);
      await trial.orchestrator.decide(request.approval_id, { decision: { type: "answer", answer: size } });
    }

    const status = await trial.orchestrator.status(trial.run);
    expect([status.status, endsOf(status)]).toEqual(["completed", { T1: "done:2" }]);
    expect((await trial.store.results.of(trial.run))[0]?.output).toEqual({ a: 97, b: 98, c: 99 });
  });

  test("a no to one item's question ends the task, and what the others asked is taken back", async () => {
    const each: Act = async (context, inputs) => {
      const { item } = Item.parse(inputs);
      return { size: await context.ask({ key: "size", question: `How big is ${item}?`, answer: z.number() }) };
    };
    const trial = await trials.start([actor("A70", { each: { input: Item, run: each } })], {
      cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", items: ["a", "b"] }] },
      tasks: [{ task_id: "T1", skill: "each", for_each: "case.items" }],
    });
    const [first] = await trial.orchestrator.approvals({ run: trial.run });

    await trial.orchestrator.decide(first?.approval_id ?? "", { decision: { type: "reject", comment: "Unknown." } });

    expect((await trial.orchestrator.status(trial.run)).status).toBe("failed");
    expect(await trial.orchestrator.approvals({ run: trial.run })).toEqual([]);
  });

  test("no more items at once than the agent has places, and none is begun after one has failed", async () => {
    let atWork = 0;
    let most = 0;
    const begun: number[] = [];
    const each: Act = async ({ sleep }, inputs) => {
      const { index } = Item.parse(inputs);
      begun.push(index);
      most = Math.max(most, ++atWork);
      await sleep(1);
      atWork -= 1;
      if (index === 3) throw giveUp("permanent", "The fourth broke.");
      return {};
    };
    const trial = await trials.start([{ ...actor("A70", { each: { input: Item, run: each } }), maxParallel: 2 }], {
      cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", items: Array(40).fill("a") }] },
      tasks: [{ task_id: "T1", skill: "each", for_each: "case.items", on_failure: "stop" }],
    });

    expect(endsOf(trial.status)).toEqual({ T1: "failed:1:permanent" });
    expect(most).toBe(2);
    expect(begun.length).toBeLessThan(7);
  });
});
