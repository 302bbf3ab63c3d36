import { z } from "zod";
import { ONE_LINE } from "../../core/one-line.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import { disclosed, disclosureOption } from "./disclosure.js";
import { made } from "./factory.js";
import { createProvider, PROVIDER_OPTIONS } from "./provider-client.js";
import { notUnderstood } from "./provider-error.js";

const DISCLOSURE = "Sent by an automated AI agent.";

const OptionsSchema = z.strictObject({
  ...PROVIDER_OPTIONS,
  /** What numbers must begin with, such as `+49`; default any. */
  allowTo: z.array(z.string().regex(/^\+[1-9]\d{0,14}$/u, 'the beginning of a number, such as "+49"')).optional(),
  /** Closes every message in which it does not stand already. */
  disclosure: disclosureOption(DISCLOSURE),
});

/** Where messages are handed in, with which key, and to which numbers they may go. */
export type SmsOptions = z.input<typeof OptionsSchema>;
type Settings = z.output<typeof OptionsSchema>;

const MessageSchema = z.object({
  id: z.string().min(1).max(200),
  status: z.enum(["queued", "sent"]),
  to: z.string(),
  text: z.string(),
});

/**
 * The tool `send_sms`, over a provider that keeps one message for an idempotency key:
 *
 *     POST /messages { to, text } → { id, status, to, text }
 *     GET  /messages?idempotency_key=<key> → { data: [ it, or nothing ] }
 *
 * What is not found may still be on its way: then it is handed in again under the same key, and never called not sent.
 * `startSandboxProvider` speaks the same. Throws `config_invalid`.
 */
export function sms(options: SmsOptions): readonly ToolDefinition[] {
  return made("sms", OptionsSchema, options, (settings) => [sendSms(settings)]);
}

function sendSms(settings: Settings) {
  const { allowTo, disclosure, timeoutMs } = settings;
  const provider = createProvider(settings);
  const input = z.strictObject({
    to: z
      .string()
      .regex(/^\+[1-9]\d{6,14}$/u, 'a number with its country, such as "+4930123456"')
      .refine((to) => allowTo === undefined || allowTo.some((prefix) => to.startsWith(prefix)), {
        error: `not a number that messages may go to; allowed are those that begin with ${allowTo?.join(", ")}`,
      }),
    text: z.string().min(1).max(1_000),
    /** Why it is written; a second message of another purpose to the same number is another act. */
    purpose: z.string().min(1).max(60).regex(ONE_LINE, "one line, without control characters").default("message"),
  });
  const resultOf = (message: z.output<typeof MessageSchema>, args: z.output<typeof input>) => {
    const isSame = message.to === args.to && message.text === disclosed(args.text, disclosure);
    if (!isSame) throw notUnderstood("its message has another number or text");
    return { message_id: message.id, status: message.status };
  };
  return defineTool({
    name: "send_sms",
    description:
      `Sends a short text message to a telephone and returns its id. The line "${disclosure}" closes it unless it stands ` +
      "in it already. One for each number and purpose within a case; it cannot be taken back. Not for drafts.",
    input,
    output: z.strictObject({ message_id: z.string(), status: z.enum(["queued", "sent"]) }),
    effect: "irreversible",
    reach: "outside",
    timeoutMs,
    maxCostMicroUsd: 0,
    idempotent: true,
    remedy: "Tell the recipient that the message no longer holds.",
    dedupeKey: ({ to, purpose }) => `${to} ${purpose}`,
    dedupeScope: "case",

    async reconcile(key, args, { signal }) {
      const found = await provider.find("/messages", { key, answer: MessageSchema, signal });
      return found ? { outcome: "done", result: resultOf(found, args) } : { outcome: "unknown" };
    },

    async run(args, { idempotencyKey: key, signal }) {
      const body = { to: args.to, text: disclosed(args.text, disclosure) };
      return resultOf(await provider.act("/messages", { key, body, answer: MessageSchema, signal }), args);
    },
  });
}
