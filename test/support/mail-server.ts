import type { AddressInfo, Socket } from "node:net";
import type { SMTPServerOptions } from "smtp-server";
import { SMTPServer } from "smtp-server";

/** An error that the server answers with this code. */
export function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

/** A mail as the server took it. */
export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly isEncrypted: boolean;
  /** Header and body as they came over the line. */
  readonly raw: string;
}

/** How a server of a test behaves; everything has a default. */
export interface MailServerParts extends SMTPServerOptions {
  /** After the whole text was read: takes the mail unless it answers with an error; `hang_up` takes it and says nothing. */
  readonly judge?: (mail: TakenMail) => Error | "hang_up" | "hang" | undefined;
}

/** A mail server on this machine. */
export interface TestMailServer {
  readonly port: number;
  /** What was taken, in order. */
  readonly mails: readonly TakenMail[];
  /** Cuts all connections off. */
  close(): Promise<void>;
}

/** Takes mail, without encryption and login unless its parts say so. */
export async function startMailServer({ judge, ...parts }: MailServerParts = {}): Promise<TestMailServer> {
  const mails: TakenMail[] = [];
  const sockets = new Set<Socket>();
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    closeTimeout: 100,
    onData(stream, session, answer) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail = {
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          isEncrypted: session.secure,
          raw: Buffer.concat(chunks).toString(),
        };
        const verdict = judge?.(mail);
        if (verdict instanceof Error) return answer(verdict);
        mails.push(mail);
        if (verdict === "hang") return;
        if (verdict === "hang_up") for (const socket of sockets) socket.destroy();
        else answer();
      });
    },
    ...parts,
  });
  server.on("error", () => undefined);
  server.server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    // Safe: a listening server of TCP has an address.
    port: (server.server.address() as AddressInfo).port,
    mails,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
