import { z } from "zod";
import { ONE_LINE } from "../../core/one-line.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import { disclosed } from "./disclosure.js";
import { made } from "./factory.js";
import { deliver } from "./smtp-delivery.js";
import { addressFor, domainOf, HALF_LOGIN, hasWholeLogin, SMTP_OPTIONS, serverOf } from "./smtp-options.js";

const OptionsSchema = z.strictObject({ ...SMTP_OPTIONS, from: z.email() }).refine(hasWholeLogin, HALF_LOGIN);

/** Where mail is handed in, from whom it is, and to whom it may go. */
export type SmtpMailOptions = z.input<typeof OptionsSchema>;
type Settings = z.output<typeof OptionsSchema>;

/**
 * The tool `send_mail` over SMTP. The engine's idempotency key is the mail's `Message-ID`, so that a mail that was sent
 * again, after a person said that it had not gone out, is recognised as the same by whoever got both. SMTP cannot be
 * asked what became of a mail: when the server's answer to it is lost, a person is. Throws `config_invalid`.
 */
export function smtpMail(options: SmtpMailOptions): readonly ToolDefinition[] {
  return made("smtpMail", OptionsSchema, options, (settings) => [sendMail(settings)]);
}

function sendMail(settings: Settings) {
  const domain = domainOf(settings.from);
  return defineTool({
    name: "send_mail",
    description:
      "Sends a mail to people outside and returns its id, and who of them the server took and refused. " +
      `The line "${settings.disclosure}" closes it unless it stands in it already. ` +
      "One for each set of recipients and purpose within a case; it cannot be taken back. Not for drafts.",
    input: inputOf(settings),
    output: z.strictObject({ message_id: z.string(), accepted: z.array(z.string()), refused: z.array(z.string()) }),
    effect: "irreversible",
    reach: "outside",
    timeoutMs: settings.timeoutMs,
    maxCostMicroUsd: 0,
    idempotent: false,
    remedy: "Write to the recipients that the mail no longer holds.",
    dedupeKey: ({ to, cc, purpose }) => `${[...new Set([...to, ...cc].map(lower))].sort().join(",")} ${purpose}`,
    dedupeScope: "case",

    async run({ to, cc, subject, body }, { idempotencyKey, now, signal }) {
      const messageId = `<${idempotencyKey}@${domain}>`;
      const text = disclosed(body, settings.disclosure);
      const mail = { messageId, from: settings.from, to, cc, subject, text, date: now() };
      return { message_id: messageId, ...(await deliver(mail, serverOf(settings), signal)) };
    },
  });
}

function inputOf(settings: Settings) {
  const { maxRecipients } = settings;
  const address = addressFor(settings);
  return z
    .strictObject({
      to: z.array(address).min(1).max(maxRecipients),
      cc: z.array(address).max(maxRecipients).default([]),
      subject: z.string().min(1).max(200).regex(ONE_LINE, "one line, without control characters"),
      /** Plain text. */
      body: z.string().min(1).max(100_000),
      /** Why it is written; a second mail of another purpose to the same recipients is another act. */
      purpose: z.string().min(1).max(60).regex(ONE_LINE, "one line, without control characters").default("message"),
    })
    .refine(({ to, cc }) => to.length + cc.length <= maxRecipients, {
      error: `to and cc have more than ${maxRecipients} addresses together`,
    });
}

function lower(text: string): string {
  return text.toLowerCase();
}
