import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Json } from "../../../core/digest.js";
import { readSecretsWith, secret } from "../../../core/secret.js";
import type { SmtpMailOptions } from "../../../tools/connectors/mail.js";
import { smtpMail } from "../../../tools/connectors/mail.js";
import { approvedCall } from "../../support/approved-call.js";
import type { World } from "../../support/gate.js";
import { openWorld } from "../../support/gate.js";
import type { MailServerParts, TestMailServer } from "../../support/mail-server.js";
import { smtpError, startMailServer } from "../../support/mail-server.js";
import type { FreshStore } from "../../support/store.js";
import { openFreshStore } from "../../support/store.js";

const LETTER = { to: ["ada@example.com"], subject: "Grüße", body: "Dear Ada,\n.\nall is well." };
const PASSWORD = "correct-horse-battery";

let fresh: FreshStore;
const servers: TestMailServer[] = [];
beforeEach(async () => {
  fresh = await openFreshStore();
  readSecretsWith((name) => (name === "SMTP_PASSWORD" ? PASSWORD : undefined));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await fresh.drop();
});

/** A server that takes mail until the test ends. */
async function takeMail(parts: MailServerParts = {}): Promise<TestMailServer> {
  const server = await startMailServer(parts);
  servers.push(server);
  return server;
}

function toolsFor(port: number, more: Partial<SmtpMailOptions> = {}) {
  return smtpMail({ host: "127.0.0.1", port, allowPlain: true, from: "desk@house.example", ...more });
}

function openDesk(port: number, more: Partial<SmtpMailOptions> = {}): Promise<World> {
  return openWorld({ store: fresh.store, tools: toolsFor(port, more) });
}

/** The call, with a person's word for exactly it. */
function approved(world: World, args: Json, turnKey = "k", attempt = 1) {
  return approvedCall(world, "send_mail", args, { turnKey, attempt });
}

/** The header's lines, unfolded. */
const headersOf = (raw: string) =>
  raw
    .slice(0, raw.indexOf("\r\n\r\n"))
    .replace(/\r\n[ \t]/gu, " ")
    .split("\r\n");

describe("a mail that the server takes", () => {
  test("has the engine's key as Message-ID, says that an agent wrote it, and came whole", async () => {
    const server = await takeMail();
    const world = await openDesk(server.port);

    const reply = await approved(world, { ...LETTER, cc: ["grace@example.com"] });

    const [effect] = await fresh.store.effects.of("run-1");
    const id = `<${effect?.idempotencyKey}@house.example>`;
    expect(reply).toEqual({
      ok: true,
      value: { message_id: id, accepted: ["ada@example.com", "grace@example.com"], refused: [] },
    });
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: "desk@house.example", to: ["ada@example.com", "grace@example.com"] });
    expect(headersOf(mail?.raw ?? "")).toEqual(
      expect.arrayContaining([
        `Message-ID: ${id}`,
        "From: desk@house.example",
        "To: ada@example.com",
        "Cc: grace@example.com",
        "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=",
        "Auto-Submitted: auto-generated",
      ]),
    );
    expect(mail?.raw).toContain("Dear Ada,\r\n.\r\nall is well.");
    expect(mail?.raw).toContain("\r\n\r\nThis message was prepared by an automated AI agent.");
  });

  test("is not told twice who wrote it", async () => {
    const server = await takeMail();

    await approved(await openDesk(server.port, { disclosure: "An agent wrote this." }), {
      ...LETTER,
      body: "Hello.\n\nAn agent wrote this.",
    });

    expect(server.mails[0]?.raw.match(/An agent wrote this\./gu)).toHaveLength(1);
  });

  test("is sent once, however often it is asked for", async () => {
    const server = await takeMail();
    const world = await openDesk(server.port);
    const first = await approved(world, LETTER);

    expect(await world.call("send_mail", LETTER, { turnKey: "again", attempt: 2 })).toEqual(first);
    expect(await world.call("send_mail", LETTER, { turnKey: "k" })).toEqual(first);
    expect(server.mails).toHaveLength(1);
  });

  test("went to those whom the server accepts, and the others are named", async () => {
    const server = await takeMail({
      onRcptTo: ({ address }, _session, answer) =>
        answer(address.startsWith("nobody") ? smtpError(550, "no such person") : undefined),
    });

    const reply = await approved(await openDesk(server.port), {
      ...LETTER,
      to: ["nobody@example.com", "ada@example.com"],
    });

    expect(reply).toMatchObject({ value: { accepted: ["ada@example.com"], refused: ["nobody@example.com"] } });
    expect(server.mails[0]?.to).toEqual(["ada@example.com"]);
  });

  test("may need a login, whose password is shown nowhere", async () => {
    const logins: string[] = [];
    const server = await takeMail({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, answer) {
        logins.push(`${username} ${password}`);
        if (username === "desk") answer(null, { user: "desk" });
        else answer(smtpError(535, `${password} is wrong`));
      },
    });
    const login = { password: secret("SMTP_PASSWORD") };

    expect(await approved(await openDesk(server.port, { ...login, user: "desk" }), LETTER)).toMatchObject({ ok: true });
    const refused = await approved(await openDesk(server.port, { ...login, user: "bob" }), LETTER, "k2", 2).catch(
      String,
    );

    expect(logins).toEqual([`desk ${PASSWORD}`]);
    expect(JSON.stringify(refused)).not.toContain(PASSWORD);
    expect(server.mails).toHaveLength(1);
  });
});

describe("a mail that surely did not go out", () => {
  const rcpt = (error: Error) => ({
    onRcptTo: (_a: unknown, _s: unknown, answer: (e?: Error) => void) => answer(error),
  });

  test.each([
    ["all recipients are refused for good", rcpt(smtpError(550, "no such person")), false, "550 no such person"],
    ["the text is refused for good", { judge: () => smtpError(554, "looks like spam") }, false, "554 looks like spam"],
    ["the recipients are to come later", rcpt(smtpError(451, "greylisted")), true, "451 greylisted"],
    ["the text is to come later", { judge: () => smtpError(452, "disk full") }, true, "452 disk full"],
  ])("is told as such, and nobody is asked, when %s", async (_, parts, transient, words) => {
    const server = await takeMail(parts);

    const reply = await approved(await openDesk(server.port), LETTER);

    expect(reply).toMatchObject({ ok: false, code: "tool_failed", transient, reason: expect.stringContaining(words) });
    expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "not_done" }]);
    expect(server.mails).toHaveLength(0);
  });

  test("is sent by the next try after greylisting, under the same Message-ID", async () => {
    let tries = 0;
    const server = await takeMail({
      onRcptTo(_address, _session, answer) {
        tries += 1;
        answer(tries === 1 ? smtpError(451, "come back later") : undefined);
      },
    });
    const world = await openDesk(server.port);
    expect(await approved(world, LETTER)).toMatchObject({ ok: false, transient: true });

    expect(await approved(world, LETTER, "k2", 2)).toMatchObject({ ok: true });

    const [effect] = await fresh.store.effects.of("run-1");
    expect(server.mails).toHaveLength(1);
    expect(headersOf(server.mails[0]?.raw ?? "")).toContain(`Message-ID: <${effect?.idempotencyKey}@house.example>`);
  });

  test("may be sent later when there is no server", async () => {
    const port = await freePort();

    expect(await approved(await openDesk(port), LETTER)).toMatchObject({ ok: false, transient: true });
    expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "not_done" }]);
  });

  test("may be sent later when the server is not ready within the deadline", async () => {
    const server = await takeMail({ onMailFrom: () => undefined });

    const reply = await approved(await openDesk(server.port, { timeoutMs: 1_000 }), LETTER);

    expect(reply).toMatchObject({
      transient: true,
      reason: expect.stringContaining("not ready for the mail within 750"),
    });
    expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "not_done" }]);
  });

  test("is not told to a server that offers no encryption, nor is the password", async () => {
    const told: string[] = [];
    const server = await takeMail({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      onAuth: ({ password }) => told.push(password ?? ""),
    });
    const login = { user: "desk", password: secret("SMTP_PASSWORD"), allowPlain: false };

    const reply = await approved(await openDesk(server.port, login), LETTER);

    expect(reply).toMatchObject({ ok: false, code: "tool_failed", transient: false });
    expect([told, server.mails]).toEqual([[], []]);
    expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "not_done" }]);
  });

  test("is not sent without the password that it needs", async () => {
    const server = await takeMail();

    const reply = await approved(
      await openDesk(server.port, { user: "desk", password: secret("NO_PASSWORD") }),
      LETTER,
    );

    expect(reply).toMatchObject({ ok: false, reason: expect.stringContaining("The secret NO_PASSWORD is not set") });
    expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "not_done" }]);
  });
});

describe("I2: a mail whose answer is lost is asked about and not sent again", () => {
  async function doubted(server: Awaited<ReturnType<typeof takeMail>>, more: Partial<SmtpMailOptions> = {}) {
    const world = await openDesk(server.port, more);
    await world.session.decide(await world.asked("send_mail", LETTER, { turnKey: "k" }), { type: "approve" });
    const doubt = await world.asked("send_mail", LETTER, { turnKey: "k" });
    expect(doubt).toMatchObject({ kind: "in_doubt", shown: { tool: "send_mail", subject: { args: LETTER } } });
    expect(server.mails).toHaveLength(1);
    return { world, doubt };
  }

  test.each([
    ["the server hangs up instead of answering", "hang_up" as const],
    ["the deadline passes before the answer", "hang" as const],
  ])("%s", async (_, mishap) => {
    const server = await takeMail({ judge: () => mishap });
    const { world } = await doubted(server, { timeoutMs: 1_000 });

    expect(await world.asked("send_mail", LETTER, { turnKey: "k" })).toMatchObject({ kind: "in_doubt" });
    expect(server.mails).toHaveLength(1);
  });

  test("a person who has seen it ends the matter", async () => {
    const server = await takeMail({ judge: () => "hang_up" });
    const { world, doubt } = await doubted(server);
    const answer = { message_id: "<1@house.example>", accepted: LETTER.to, refused: [] };
    await world.session.decide(doubt, { type: "approve", answer });

    expect(await world.call("send_mail", LETTER, { turnKey: "k" })).toEqual({ ok: true, value: answer });
    expect(server.mails).toHaveLength(1);
  });

  test("a person who says that it did not go out has it sent once more, under the same Message-ID", async () => {
    let tries = 0;
    const server = await takeMail({
      judge() {
        tries += 1;
        return tries === 1 ? "hang_up" : undefined;
      },
    });
    const { world, doubt } = await doubted(server);
    await world.session.decide(doubt, { type: "reject" });

    expect(await world.call("send_mail", LETTER, { turnKey: "k" })).toMatchObject({ ok: true });
    const ids = server.mails.map(({ raw }) => headersOf(raw).find((line) => line.startsWith("Message-ID:")));
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });
});

describe("what is no mail is refused before anything is sent", () => {
  test.each<[string, object, string]>([
    ["a line end in the subject", { subject: "Hi\r\nBcc: bob@evil.example" }, "/subject"],
    ["a line end in an address", { to: ["ada@example.com\r\nBcc: bob@evil.example"] }, "/to/0"],
    ["a name with an address", { to: ["Ada <ada@example.com>, bob@evil.example"] }, "/to/0"],
    ["an address in other letters", { to: ["аda@example.com"] }, "/to/0"],
    ["another domain", { to: ["ada@example.com.evil.example"] }, "/to/0"],
    ["another domain in a copy", { cc: ["bob@evil.example"] }, "/cc/0"],
    ["nobody", { to: [] }, "/to"],
    ["a crowd", { to: ["a@example.com", "b@example.com"], cc: ["c@example.com"] }, "more than 2 addresses"],
    ["headers of its own", { headers: { Bcc: "bob@evil.example" } }, "headers"],
    ["a book", { body: "x".repeat(100_001) }, "/body"],
  ])("%s", async (_, more, words) => {
    const server = await takeMail();
    const world = await openDesk(server.port, { allowTo: ["example.com", "*.example.org"], maxRecipients: 2 });

    const reply = await world.call("send_mail", { ...LETTER, ...more });

    expect(reply).toMatchObject({ ok: false, code: "bad_arguments", reason: expect.stringContaining(words) });
    expect(server.mails).toHaveLength(0);
  });

  test.each([
    ["a host that is none", { host: "mail.example.com\r\nEHLO" }],
    ["a user without a password", { user: "desk" }],
    ["a password in clear", { user: "desk", password: "hunter2" }],
    ["a sender that is no address", { from: "The Desk" }],
    ["a domain that is an address", { allowTo: ["ada@example.com"] }],
    ["an option that there is not", { hots: "x" }],
  ])("a connector with %s is not made", (_, more) => {
    const options = { host: "mail.example.com", from: "desk@house.example", ...more };

    // Safe: what does not fit is what is tested.
    const make = () => smtpMail(options as SmtpMailOptions);
    expect(make).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(make).not.toThrow(/hunter2/u);
  });
});

/** A port at which nobody listens any more. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Safe: a listening server of TCP has an address.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
