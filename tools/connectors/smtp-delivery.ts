import { Readable } from "node:stream";
import type SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Secret } from "../../core/secret.js";
import { MailError, toMailError } from "./mail-error.js";

/** The part of the time in which the server must be ready for the text; the rest is for its answer to it. */
const READY_SHARE = 0.75;
const MAX_REPLY_BYTES = 64_000;

/** Where mail is handed in. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** `tls` from the first byte, `starttls` before anything is told, or `none`. */
  readonly encryption: "tls" | "starttls" | "none";
  /** PEM of the authorities that its certificate may come from; undefined for those that Node knows. */
  readonly ca: string | undefined;
  readonly login: { readonly user: string; readonly password: Secret } | undefined;
  /** Of one delivery as a whole. */
  readonly timeoutMs: number;
}

/** A mail of plain text, or an invitation as well. Addresses and subject hold no line ends. */
export interface Mail {
  /** With its angle brackets. */
  readonly messageId: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** Another form of the text for calendars, which act on it by its method. */
  readonly calendar?: { readonly method: "REQUEST" | "CANCEL"; readonly ics: string };
  readonly date: Date;
}

/** Whom the server took the mail for, and whom not. */
export interface Delivered {
  readonly accepted: string[];
  readonly refused: string[];
}

/** How far a delivery has come: once the text is on its way, only the server knows what became of it. */
interface Progress {
  hasBegun: boolean;
  isOver: boolean;
}

/**
 * Hands one mail to the server, over a connection of its own. Rejects with `MailError`, which knows whether the mail may
 * have gone out, or with the reason of the signal. Called twice it sends twice.
 */
export async function deliver(mail: Mail, server: MailServer, signal: AbortSignal): Promise<Delivered> {
  const connection = await connectionTo(server);
  const progress: Progress = { hasBegun: false, isOver: false };
  const readyMs = server.timeoutMs * READY_SHARE;
  const limit = AbortSignal.timeout(readyMs);
  try {
    const bytes = await bytesOf(mail);
    const sent = await new Promise<SMTPConnection.SentMessageInfo>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      limit.addEventListener("abort", () => progress.hasBegun || reject(tooSlow(server, readyMs)), { once: true });
      if (signal.aborted) reject(signal.reason);
      connection.on("error", reject);
      const message = Readable.from(textOf(bytes, progress));
      const envelope = { from: mail.from, to: [...mail.to, ...mail.cc] };
      const send = () => connection.send(envelope, message, (error, info) => (info ? resolve(info) : reject(error)));
      connection.connect((error) => (error ? reject(error) : signIn(connection, server).then(send).catch(reject)));
    });
    connection.quit();
    return { accepted: [...sent.accepted], refused: [...sent.rejected] };
  } catch (error) {
    signal.throwIfAborted();
    throw toMailError(error, progress.hasBegun);
  } finally {
    progress.isOver = true;
    connection.close();
  }
}

/** Loaded when the first mail is sent. */
async function connectionTo({ host, port, encryption, ca, timeoutMs }: MailServer): Promise<SMTPConnection> {
  const { default: Connection } = await import("nodemailer/lib/smtp-connection");
  return new Connection({
    host,
    port,
    secure: encryption === "tls",
    requireTLS: encryption === "starttls",
    ignoreTLS: encryption === "none",
    ...(ca !== undefined && { tls: { ca } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    socketCloseTimeout: 0,
    maxResponseSize: MAX_REPLY_BYTES,
  });
}

async function bytesOf({ messageId, from, to, cc, subject, text, calendar, date }: Mail): Promise<Buffer> {
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
  const composer = new MailComposer({
    from,
    to: [...to],
    cc: [...cc],
    subject,
    text,
    ...(calendar && { icalEvent: { method: calendar.method, content: calendar.ics } }),
    messageId,
    date,
    headers: { "Auto-Submitted": "auto-generated" },
    newline: "win",
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/** Read when the server has asked for the text, and never after the delivery was given up. */
function* textOf(bytes: Buffer, progress: Progress): Generator<Buffer> {
  if (progress.isOver) throw new Error("The delivery was given up.");
  progress.hasBegun = true;
  yield bytes;
}

/** Signs in where a login is needed. */
async function signIn(connection: SMTPConnection, { login }: MailServer): Promise<void> {
  if (!login) return;
  const auth = { user: login.user, pass: login.password.reveal() };
  await new Promise<void>((resolve, reject) => {
    connection.login(auth, (error) => (error ? reject(error) : resolve()));
  });
}

function tooSlow({ host }: MailServer, limitMs: number): MailError {
  return new MailError(`${host} was not ready for the mail within ${limitMs} ms.`, { transient: true, notDone: true });
}
