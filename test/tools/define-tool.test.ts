import { expect, test } from "vitest";
import { z } from "zod";
import { defineTool } from "../../tools/define-tool.js";

const SOUND = {
  name: "send_mail",
  description: "Sends a mail.",
  input: z.strictObject({ to: z.string() }),
  output: z.strictObject({ id: z.string() }),
  effect: "writes",
  timeoutMs: 1_000,
  maxCostMicroUsd: 0,
  dedupeKey: ({ to }: { to: string }) => to,
  dedupeScope: "case",
  run: async () => ({ id: "m1" }),
} as const;

/** Callers without types declare anything. */
const declared = (parts: object) => () => defineTool({ ...SOUND, ...parts } as typeof SOUND);

test("a sound declaration is given back as it is", () => {
  expect(defineTool(SOUND)).toBe(SOUND);
  expect(declared({ effect: "reads", dedupeKey: undefined, dedupeScope: undefined })).not.toThrow();
});

test.each<[object, string]>([
  [{ name: "SendMail" }, '"name" is snake_case'],
  [{ name: "send mail" }, '"name" is snake_case'],
  [{ name: "s\u0435nd_mail" }, '"name" is snake_case'],
  [{ name: "_mail" }, '"name" is snake_case'],
  [{ name: "m".repeat(65) }, "at most 64"],
  [{ name: undefined }, '"name" is snake_case'],
  [{ description: " " }, '"description" says'],
  [{ input: { to: "string" } }, '"input" is a zod schema'],
  [{ output: undefined }, '"output" is a zod schema'],
  [{ effect: "write" }, '"effect" is one of reads, writes, irreversible'],
  [{ reach: "far" }, '"reach" is own or outside'],
  [{ timeoutMs: 0 }, '"timeoutMs" is a number of milliseconds from 1'],
  [{ timeoutMs: Number.NaN }, '"timeoutMs" is a number'],
  [{ timeoutMs: Number.POSITIVE_INFINITY }, '"timeoutMs" is a number'],
  [{ maxCostMicroUsd: -1 }, '"maxCostMicroUsd" is a whole number'],
  [{ maxCostMicroUsd: 0.5 }, '"maxCostMicroUsd" is a whole number'],
  [{ idempotent: "yes" }, '"idempotent" is true or false'],
  [{ reconcile: true }, '"reconcile" is a function'],
  [{ dedupeKey: undefined }, "must declare dedupeKey and dedupeScope"],
  [{ dedupeKey: "to" }, "must declare dedupeKey and dedupeScope"],
  [{ dedupeScope: "world" }, "one of task, run, case, mission"],
  [{ dedupeKey: undefined }, 'Think of "reconcile" or "idempotent: true"'],
  [{ run: undefined }, '"run" is a function'],
])("%o is refused with what is right", (parts, told) => {
  expect(declared(parts)).toThrow(told);
});

test("dates and transforms, which JSON Schema has no words for, may be declared", () => {
  const schema = z.strictObject({ day: z.date(), size: z.string().transform((text) => text.length) });
  expect(declared({ input: schema, output: schema })).not.toThrow();
});

test("a schema that cannot be written as JSON Schema is refused with why: two of its parts under one id", () => {
  const twice = z.strictObject({ a: z.string().meta({ id: "line" }), b: z.number().meta({ id: "line" }) });
  expect(declared({ input: twice })).toThrow(/"input" cannot be written as JSON Schema: Duplicate schema id "line"/u);
  expect(declared({ output: twice })).toThrow('"output" cannot be written as JSON Schema');
});

test("every fault is told at once, and what is no declaration at all is told as that", () => {
  expect(declared({ name: "X", timeoutMs: -1, run: 3 })).toThrow(/"name".*"timeoutMs".*"run"/u);
  expect(() => defineTool(undefined as never)).toThrow("It is an object with name");
});
