import { expect, test } from "vitest";
import { TaskFailure } from "../../../core/errors.js";
import { workbench } from "../../../nodes/agents/workbench.js";
import type { FakeContextOptions } from "../../support/playbook-context.js";
import { createPlaybookContext, runPlaybook } from "../../support/playbook-context.js";

async function work(skill: string, inputs: object, options: FakeContextOptions = {}): Promise<unknown> {
  const playbook = workbench.skills[skill];
  if (!playbook) throw new Error(`The workbench has no skill ${skill}.`);
  return runPlaybook(playbook, createPlaybookContext(options), inputs);
}

test("compute evaluates an expression over its other inputs", async () => {
  expect(await work("compute", { expression: "a * 2.0 + b.c", a: 3, b: { c: 1 } })).toEqual({ value: 7 });
  expect(await work("compute", { expression: "items.map(x, x + 1.0)", items: [1, 2] })).toEqual({ value: [2, 3] });
});

test("a value can have a name of its own, or give its fields", async () => {
  expect(await work("compute", { expression: "1.0 + 1.0", as: "sum" })).toEqual({ value: 2, sum: 2 });
  expect(await work("wait", { ms: 0, value: { a: 1 }, as: "*" })).toEqual({ value: { a: 1 }, a: 1, waited_ms: 0 });
  await expect(work("compute", { expression: "1.0", as: "*" })).rejects.toThrow("needs an object");
});

test("compute can ask which of its inputs have come", async () => {
  const expression = "['a', 'b'].filter(name, name in inputs)";

  expect(await work("compute", { expression, a: 1 })).toEqual({ value: ["a"] });
});

test("compute says which column of a wrong expression is at fault, and is not tried again", async () => {
  const failure = await work("compute", { expression: "a +" }).catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(TaskFailure);
  expect(failure).toMatchObject({ failureClass: "permanent", message: expect.stringMatching(/column \d+/) });
});

test("wait returns its value, and says nothing when it is cut short", async () => {
  expect(await work("wait", { ms: 5, value: "late" })).toEqual({ waited_ms: 5, value: "late" });
  expect(await work("wait", { ms: 0 })).toEqual({ waited_ms: 0, value: null });

  const cut = { ...createPlaybookContext(), signal: AbortSignal.abort(new Error("deadline")) };
  const wait = workbench.skills["wait"]!;
  await expect(runPlaybook(wait, cut, { ms: 5 })).rejects.toThrow("deadline");
});

test("fail fails as often as told, in the class it was told, and then comes through", async () => {
  const inputs = { kind: "transient", times: 2, value: 7 };

  await expect(work("fail", inputs, { attempt: 1 })).rejects.toMatchObject({ failureClass: "transient" });
  await expect(work("fail", { ...inputs, kind: "permanent" }, { attempt: 2 })).rejects.toMatchObject({
    failureClass: "permanent",
  });
  expect(await work("fail", inputs, { attempt: 3 })).toEqual({ attempt: 3, value: 7 });
});

test("list_items splits a text, keeps a list, and drops what is empty", async () => {
  expect(await work("list_items", { from: "a\n\n b " })).toEqual({ items: ["a", "b"], count: 2 });
  expect(await work("list_items", { from: "a; b", separator: ";" })).toEqual({ items: ["a", "b"], count: 2 });
  expect(await work("list_items", { from: [1, { a: 2 }] })).toEqual({ items: [1, { a: 2 }], count: 2 });
});

test("inputs that do not fit their contract are refused", async () => {
  await expect(work("wait", { ms: -1 })).rejects.toThrow();
  await expect(work("fail", { kind: "odd", times: 1 })).rejects.toThrow();
});
