import { z } from "zod";
import { ONE_LINE } from "../core/one-line.js";
import { defineTool } from "./define-tool.js";

/** Puts a finished message into our own outbox table. Once for each recipient and purpose within a case; nothing leaves the machine. */
export const putInOutbox = defineTool({
  name: "put_in_outbox",
  description:
    "Puts a finished message into our outbox and returns its id. One for each recipient and purpose within a case. " +
    "Not for drafts that somebody still wants to change, and it sends nothing by itself.",
  input: z.strictObject({
    to: z.email(),
    subject: z.string().min(1).max(200).regex(ONE_LINE, "one line, without control characters"),
    body: z.string().min(1).max(20_000),
    /** Why it is written; a second message of another purpose to the same recipient is another act. */
    purpose: z.string().min(1).max(60).default("message"),
  }),
  output: z.strictObject({ message_id: z.string() }),
  effect: "writes",
  reach: "own",
  timeoutMs: 5_000,
  maxCostMicroUsd: 0,
  idempotent: true,
  dedupeKey: ({ to, purpose }) => `${to.toLowerCase()} ${purpose}`,
  dedupeScope: "case",

  async reconcile(key, _args, { messages }) {
    const messageId = await messages.find(key);
    return messageId === undefined ? { outcome: "not_done" } : { outcome: "done", result: { message_id: messageId } };
  },

  async compensate(_args, _result, { messages, actKey }) {
    await messages.withdraw(actKey);
  },
  remedy: "Take the message out of the outbox, or write to its recipient that it no longer holds.",

  async run({ to, subject, body }, { messages, runId, idempotencyKey }) {
    return { message_id: await messages.put({ box: "outbox", to, subject, body, runId }, idempotencyKey) };
  },
});
