import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { ONE_LINE } from "../../core/one-line.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import { disclosed, disclosureOption } from "./disclosure.js";
import { made, SecretSchema } from "./factory.js";
import type { MailServer } from "./smtp-delivery.js";
import { deliver } from "./smtp-delivery.js";

const DISCLOSURE = "This message was prepared by an automated AI agent.";
const DOMAIN = /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/u;
const SMTPS_PORT = 465;

const OptionsSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[\w.:-]+$/u, "the name or address of a mail server"),
    /** Default 465 with TLS from the first byte, else 587 with STARTTLS. */
    port: z.int().min(1).max(65_535).optional(),
    /** TLS from the first byte; default when the port is 465. */
    secure: z.boolean().optional(),
    /** Speaks without encryption: for a server on this machine only. */
    allowPlain: z.boolean().default(false),
    /** PEM of the authorities that the server's certificate may come from, for one of the house; default those that Node knows. */
    ca: z.string().refine(isCertificate, "certificates as PEM").optional(),
    user: z.string().min(1).optional(),
    password: SecretSchema.optional(),
    from: z.email(),
    /** Domains that mail may go to, such as `example.com` and `*.example.com`; default any. */
    allowTo: z
      .array(z.string().regex(DOMAIN, 'a domain in lower case, such as "example.com" or "*.example.com"'))
      .optional(),
    /** Of one mail, copies included. */
    maxRecipients: z.int().min(1).max(100).default(10),
    /** Closes every body in which it does not stand already. */
    disclosure: disclosureOption(DISCLOSURE),
    timeoutMs: z.int().min(1_000).max(300_000).default(30_000),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    message: "user and password go together",
  });

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
  const domain = settings.from.slice(settings.from.lastIndexOf("@") + 1);
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

function inputOf({ allowTo, maxRecipients }: Settings) {
  const address = z
    .email()
    .max(254)
    .refine((text) => isAllowed(text, allowTo), {
      error: `not an address that mail may go to; allowed are those at ${allowTo?.join(", ") || "no domain"}`,
    });
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

function isAllowed(address: string, allowTo: readonly string[] | undefined): boolean {
  const domain = lower(address.slice(address.lastIndexOf("@") + 1));
  return (
    allowTo === undefined ||
    allowTo.some((entry) => (entry.startsWith("*.") ? domain.endsWith(entry.slice(1)) : domain === entry))
  );
}

function serverOf({ host, port, secure, allowPlain, ca, user, password, timeoutMs }: Settings): MailServer {
  const isSecure = secure ?? (port === undefined || port === SMTPS_PORT);
  return {
    host,
    port: port ?? (isSecure ? SMTPS_PORT : 587),
    encryption: isSecure ? "tls" : allowPlain ? "none" : "starttls",
    ca,
    login: user === undefined || password === undefined ? undefined : { user, password },
    timeoutMs,
  };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function lower(text: string): string {
  return text.toLowerCase();
}
