import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { disclosureOption } from "./disclosure.js";
import { SecretSchema } from "./factory.js";
import type { MailServer } from "./smtp-delivery.js";

const DISCLOSURE = "This message was prepared by an automated AI agent.";
const DOMAIN = /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/u;
const SMTPS_PORT = 465;

/** The options of every connector that hands mail in: where, with which login, and to whom it may go. */
export const SMTP_OPTIONS = {
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
  /** Domains that mail may go to, such as `example.com` and `*.example.com`; default any. */
  allowTo: z
    .array(z.string().regex(DOMAIN, 'a domain in lower case, such as "example.com" or "*.example.com"'))
    .optional(),
  /** Of one mail, copies included. */
  maxRecipients: z.int().min(1).max(100).default(10),
  /** Closes every body in which it does not stand already. */
  disclosure: disclosureOption(DISCLOSURE),
  timeoutMs: z.int().min(1_000).max(300_000).default(30_000),
};
/** What the options mean. */
export type SmtpSettings = z.output<z.ZodObject<typeof SMTP_OPTIONS>>;

/** True unless only one half of a login is given. */
export function hasWholeLogin({ user, password }: Pick<SmtpSettings, "user" | "password">): boolean {
  return (user === undefined) === (password === undefined);
}

/** What is said of half a login. */
export const HALF_LOGIN = { message: "user and password go together" };

/** An address that mail may go to. */
export function addressFor({ allowTo }: Pick<SmtpSettings, "allowTo">) {
  return z
    .email()
    .max(254)
    .refine((text) => isAllowed(text, allowTo), {
      error: `not an address that mail may go to; allowed are those at ${allowTo?.join(", ") || "no domain"}`,
    });
}

/** The server of the options, with the ports that are usual. */
export function serverOf(settings: SmtpSettings): MailServer {
  const { host, port, secure, allowPlain, ca, user, password, timeoutMs } = settings;
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

/** What stands behind the `@`. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

function isAllowed(address: string, allowTo: readonly string[] | undefined): boolean {
  const domain = domainOf(address).toLowerCase();
  return (
    allowTo === undefined ||
    allowTo.some((entry) => (entry.startsWith("*.") ? domain.endsWith(entry.slice(1)) : domain === entry))
  );
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
