import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Message } from "../../core/services.js";
import { putInOutbox } from "../../tools/put-in-outbox.js";
import { createMemoryMessages } from "../support/fake-services.js";
import { toolContext } from "../support/tool-context.js";

const args = putInOutbox.input.parse({ to: "ada@berg.example", subject: "Your request", body: "Hello Ada" });

test("puts the message into our own outbox, in the name of the run", async () => {
  const kept: Message[] = [];
  const messages = { ...createMemoryMessages(), put: async (message: Message) => `message-${kept.push(message)}` };

  expect(await putInOutbox.run(args, toolContext({ messages }))).toEqual({ message_id: "message-1" });
  expect(kept).toEqual([
    { box: "outbox", to: "ada@berg.example", subject: "Your request", body: "Hello Ada", runId: "run-1" },
  ]);
  expect(putInOutbox).toMatchObject({ effect: "writes", reach: "own", dedupeScope: "case" });
});

test("refuses what is no address", () => {
  expect(putInOutbox.input.safeParse({ ...args, to: "ada" }).success).toBe(false);
});

test.each([
  ["subject", "Hello\r\nBcc: all@berg.example"],
  ["subject", "Hello\u0007"],
  ["subject", "Hello\u2028there"],
  ["to", "ada@berg.example\nBcc: all@berg.example"],
  ["to", "ada@berg.example\n"],
])("refuses a %s of more than one line, or with control characters (%j)", (field, text) => {
  expect(putInOutbox.input.safeParse({ ...args, [field]: text }).success).toBe(false);
});

test("what a person may edit is held to one line by the schema that is shown, which knows every script", () => {
  const shown = z.fromJSONSchema(z.toJSONSchema(putInOutbox.input, { io: "input" }));

  expect(shown.safeParse({ ...args, subject: "Hello\nBcc: x" }).success).toBe(false);
  expect(shown.safeParse({ ...args, subject: "Grüße, 你好 🚀 (Cc)" }).success).toBe(true);
});

describe("I2: a message is put once", () => {
  test("the same recipient and purpose are one act, another purpose is another", () => {
    const keyOf = (other: Partial<typeof args>) => putInOutbox.dedupeKey?.({ ...args, ...other });

    expect(keyOf({ to: "Ada@Berg.example", body: "Other words" })).toBe(keyOf({}));
    expect(keyOf({ purpose: "reminder" })).not.toBe(keyOf({}));
    expect(keyOf({ to: "bo@berg.example" })).not.toBe(keyOf({}));
  });

  test("a second try with the key changes nothing, and what became of it can be found out", async () => {
    const context = toolContext({ messages: createMemoryMessages() });

    expect(await putInOutbox.reconcile?.("key-1", args, context)).toEqual({ outcome: "not_done" });
    const first = await putInOutbox.run(args, context);
    expect(await putInOutbox.run(args, context)).toEqual(first);
    expect(await putInOutbox.reconcile?.("key-1", args, context)).toEqual({ outcome: "done", result: first });
  });
});
