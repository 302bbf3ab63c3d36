import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSecretsWith, secret } from "../../../core/secret.js";
import type { SmtpMailOptions } from "../../../tools/connectors/mail.js";
import { smtpMail } from "../../../tools/connectors/mail.js";
import { approvedCall } from "../../support/approved-call.js";
import { selfSigned } from "../../support/certificate.js";
import { openWorld } from "../../support/gate.js";
import type { MailServerParts } from "../../support/mail-server.js";
import { startMailServer } from "../../support/mail-server.js";
import type { FreshStore } from "../../support/store.js";
import { openFreshStore } from "../../support/store.js";

const LETTER = { to: ["ada@example.com"], subject: "Hello", body: "All is well." };
const PASSWORD = "correct-horse-battery";
const OURS = selfSigned({ addresses: ["127.0.0.1"] });
const MODES = ["TLS from the first byte", "STARTTLS"] as const;
type Mode = (typeof MODES)[number];

let fresh: FreshStore;
const toClose: (() => Promise<void>)[] = [];
beforeEach(async () => {
  fresh = await openFreshStore();
  readSecretsWith((name) => (name === "SMTP_PASSWORD" ? PASSWORD : undefined));
});
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((close) => close()));
  await fresh.drop();
});

/** A server with a certificate and a login, and the passwords it was told. */
async function takeMail(mode: Mode, { key, cert } = OURS, parts: MailServerParts = {}) {
  const told: string[] = [];
  const server = await startMailServer({
    ...{ key, cert, secure: mode === "TLS from the first byte", disabledCommands: [] },
    onAuth({ password }, _session, answer) {
      told.push(password ?? "");
      answer(null, { user: "desk" });
    },
    ...parts,
  });
  toClose.push(() => server.close());
  return { ...server, told };
}

/** Sends the letter, with a person's word. */
async function send(port: number, mode: Mode, more: Partial<SmtpMailOptions> = {}) {
  const tools = smtpMail({
    ...{
      host: "127.0.0.1",
      port,
      secure: mode === "TLS from the first byte",
      from: "desk@house.example",
      ca: OURS.cert,
    },
    ...{ user: "desk", password: secret("SMTP_PASSWORD"), ...more },
  });
  return approvedCall(await openWorld({ store: fresh.store, tools }), "send_mail", LETTER);
}

describe.each(MODES)("over %s", (mode) => {
  test("a mail and its password go to a server with the right certificate", async () => {
    const server = await takeMail(mode);

    expect(await send(server.port, mode)).toMatchObject({ ok: true, value: { accepted: LETTER.to } });
    expect(server.mails).toMatchObject([{ to: LETTER.to, isEncrypted: true }]);
    expect(server.told).toEqual([PASSWORD]);
  });

  test.each<[string, () => typeof OURS, Partial<SmtpMailOptions>, RegExp]>([
    ["nobody vouches for", () => OURS, { ca: undefined }, /self-signed certificate/u],
    ["another one has made", () => selfSigned({ addresses: ["127.0.0.1"] }), {}, /self-signed certificate|signature/u],
    ["is another server's", () => selfSigned({ hosts: ["mail.example"] }), {}, /127\.0\.0\.1 is not in the cert/u],
    ["has expired", () => selfSigned({ addresses: ["127.0.0.1"], to: new Date(Date.now() - 1_000) }), {}, /expired/u],
    ["is not yet valid", () => selfSigned({ addresses: ["127.0.0.1"], from: inAnHour() }), {}, /not yet valid/u],
  ])("a server whose certificate %s gets neither", async (title, certificate, options, words) => {
    const pair = certificate();
    const server = await takeMail(mode, pair);
    const ca = title === "another one has made" ? {} : { ca: pair.cert };

    const reply = await send(server.port, mode, { ...ca, ...options });

    expect(reply).toMatchObject({
      ok: false,
      code: "tool_failed",
      transient: false,
      reason: expect.stringMatching(words),
    });
    expect([server.mails, server.told]).toEqual([[], []]);
    expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "not_done" }]);
  });
});

describe("where STARTTLS is taken away, neither mail nor password goes out", () => {
  test.each<[string, string, boolean]>([
    ["does not let it through", "502 5.5.1 Command not implemented\r\n", false],
    ["says that it is not there just now", "454 4.7.0 TLS not available\r\n", true],
    ["promises it and goes on in clear", "220 Ready to start TLS\r\n250 go on\r\n", false],
  ])("by somebody in between who hides it and %s", async (_, answer, transient) => {
    const server = await takeMail("STARTTLS", OURS, { allowInsecureAuth: true });
    const between = await standBetween(server.port, answer);

    const reply = await send(between.port, "STARTTLS");

    expect(reply).toMatchObject({
      ...{ ok: false, code: "tool_failed", transient, reason: expect.stringContaining("not sent") },
    });
    expect(between.heard()).toMatch(/^EHLO .*\r\nSTARTTLS\r\n/u);
    expect(between.heard()).not.toMatch(/AUTH|MAIL|DATA|All is well/u);
    expect(between.heard()).not.toContain(Buffer.from(PASSWORD).toString("base64"));
    expect([server.mails, server.told]).toEqual([[], []]);
    expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "not_done" }]);
  });
});

test("certificates that are none are refused when the tool is made", () => {
  expect(() => smtpMail({ host: "127.0.0.1", from: "desk@house.example", ca: "trust me" })).toThrow(
    expect.objectContaining({ code: "config_invalid", message: expect.stringContaining("certificates as PEM") }),
  );
});

function inAnHour(): Date {
  return new Date(Date.now() + 1_800_000);
}

/** Passes everything on but the offer of STARTTLS, and answers to it in the server's place. */
async function standBetween(port: number, answer: string) {
  let heard = "";
  const open = new Set<Socket>();
  const listener = createServer((client) => {
    const server = connect(port, "127.0.0.1");
    for (const socket of [client, server]) open.add(socket.on("error", () => undefined));
    client.on("data", (chunk) => {
      heard += chunk.toString("latin1");
      if (/^STARTTLS/iu.test(chunk.toString("latin1"))) client.write(answer);
      else server.write(chunk);
    });
    server.on("data", (chunk) => client.write(chunk.toString("latin1").replace(/STARTTLS/gu, "XXXXXXXX"), "latin1"));
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  toClose.push(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });
  // Safe: a listening server of TCP has an address.
  return { port: (listener.address() as AddressInfo).port, heard: () => heard };
}
