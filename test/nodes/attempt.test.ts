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
});
