import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { definePlaybook, giveUp, valueFrom } from "../../../core/define-agent.js";
import { eventIdOf } from "../../../tools/connectors/invitation-input.js";
import type { MailedInvitationsOptions } from "../../../tools/connectors/mailed-invitations.js";
import { mailedInvitations } from "../../../tools/connectors/mailed-invitations.js";
import { approvedCall } from "../../support/approved-call.js";
import { openEngine } from "../../support/engine.js";
import { openWorld } from "../../support/gate.js";
import type { MailServerParts, TakenMail, TestMailServer } from "../../support/mail-server.js";
import { smtpError, startMailServer } from "../../support/mail-server.js";
import { fakeAgent } from "../../support/missions.js";
import type { FreshStore } from "../../support/store.js";
import { openFreshStore } from "../../support/store.js";

const DESK = { name: "The Desk", email: "desk@house.example" };
const MEETING = {
  subject: "kick-off:C-1",
  title: "Kick-off, with Ada; and Grüße",
  starts_at: "2026-03-29T09:00:00+02:00",
  ends_at: "2026-03-29T08:00:00Z",
  attendees: ["ada@example.com", "grace@example.com"],
};

let fresh: FreshStore;
const servers: TestMailServer[] = [];
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await fresh.drop();
});

async function takeMail(parts: MailServerParts = {}): Promise<TestMailServer> {
  const server = await startMailServer(parts);
  servers.push(server);
  return server;
}

function toolsFor({ port }: TestMailServer, more: Partial<MailedInvitationsOptions> = {}) {
  return mailedInvitations({ host: "127.0.0.1", port, allowPlain: true, organizer: DESK, ...more });
}

/** The texts of a mail by their type, with the parameters of the type, as a reader of mail decodes them. */
function partsOf({ raw }: TakenMail): Readonly<Record<string, { readonly parameters: string; readonly text: string }>> {
  const found = raw.split(/\r\n--[^\r\n]+\r\n/u).flatMap((part) => {
    const [head = "", ...body] = part.replace(/\r\n[ \t](?=[\s\S]*?\r\n\r\n)/gu, " ").split("\r\n\r\n");
    const [, type, parameters = ""] = /^Content-Type: (text\/\w+)([^\r\n]*)/imu.exec(head) ?? [];
    if (type === undefined) return [];
    const [, encoding = ""] = /^Content-Transfer-Encoding: ([\w-]+)/imu.exec(head) ?? [];
    return [[type, { parameters, text: decoded(body.join("\r\n\r\n"), encoding) }] as const];
  });
  return Object.fromEntries(found);
}

function decoded(text: string, encoding: string): string {
  if (encoding === "base64") return Buffer.from(text, "base64").toString();
  if (encoding !== "quoted-printable") return text;
  const bytes = text
    .replaceAll("=\r\n", "")
    .replace(/=([0-9A-F]{2})/gu, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}

/** The lines of the calendar part, unfolded. */
function calendarOf(mail: TakenMail | undefined): readonly string[] {
  const part = mail && partsOf(mail)["text/calendar"];
  return (part?.text ?? "").trimEnd().replaceAll("\r\n ", "").split("\r\n");
}

function idOf(mail: TakenMail | undefined): string | undefined {
  return /^Message-ID:\s*<([^>]+)>/imu.exec(mail?.raw ?? "")?.[1];
}

describe("an invitation that the server takes", () => {
  test("is a mail in words and for calendars, from who invites, and is sent once", async () => {
    const server = await takeMail();
    const world = await openWorld({ store: fresh.store, tools: toolsFor(server) });
    const args = { ...MEETING, location: "Room 1", description: "Bring tea." };

    const reply = await approvedCall(world, "send_invitation", args);
    expect(await world.call("send_invitation", args, { turnKey: "later", attempt: 2 })).toEqual(reply);

    const [effect] = await fresh.store.effects.of("run-1");
    const id = eventIdOf(effect?.idempotencyKey ?? "");
    expect(reply).toEqual({
      ok: true,
      value: {
        ...{ event_id: id, uid: `${id}@house.example`, message_id: `<${effect?.idempotencyKey}@house.example>` },
        ...{ accepted: MEETING.attendees, refused: [] },
      },
    });
    expect(server.mails).toHaveLength(1);
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: DESK.email, to: MEETING.attendees });
    const parts = mail ? partsOf(mail) : {};
    expect(parts["text/calendar"]?.parameters).toMatch(/charset=utf-8; method=REQUEST/iu);
    expect(parts["text/plain"]?.text).toContain("When: 2026-03-29 07:00 UTC to 2026-03-29 08:00 UTC\r\nWhere: Room 1");
    expect(parts["text/plain"]?.text).toContain("This message was prepared by an automated AI agent.");
    expect(calendarOf(mail)).toEqual(
      expect.arrayContaining([
        ...["METHOD:REQUEST", `UID:${id}@house.example`, "SEQUENCE:0", "STATUS:CONFIRMED"],
        ...["DTSTART:20260329T070000Z", "DTEND:20260329T080000Z", "SUMMARY:Kick-off\\, with Ada\\; and Grüße"],
        'ORGANIZER;CN="The Desk":mailto:desk@house.example',
        "DESCRIPTION:Bring tea.\\n\\nThis message was prepared by an automated AI agent.",
      ]),
    );
    expect(calendarOf(mail).filter((line) => line.startsWith("ATTENDEE"))).toHaveLength(2);
  });

  test.each<[string, object, string]>([
    ["another domain", { attendees: ["bob@evil.example"] }, "/attendees/0"],
    ["nobody", { attendees: [] }, "/attendees"],
    ["a line end in the title", { title: "Hi\r\nATTENDEE:mailto:bob@evil.example" }, "/title"],
    ["an end before its start", { ends_at: MEETING.starts_at }, "ends_at is not after starts_at"],
  ])("is refused before anything is sent with %s", async (_, more, words) => {
    const server = await takeMail();
    const world = await openWorld({ store: fresh.store, tools: toolsFor(server, { allowTo: ["example.com"] }) });

    const reply = await world.call("send_invitation", { ...MEETING, ...more });

    expect(reply).toMatchObject({ ok: false, code: "bad_arguments", reason: expect.stringContaining(words) });
    expect(server.mails).toHaveLength(0);
  });
});

describe("I2: an invitation whose run fails is called off", () => {
  const invite = definePlaybook({
    ...{
      skill: "invite",
      version: "1",
      input: z.looseObject({}),
      output: z.looseObject({}),
      tools: ["send_invitation"],
    },
    run: async (context) => ({ said: valueFrom(await context.call("send_invitation", MEETING)) }),
  });
  const fall = definePlaybook({
    ...{ skill: "fall", version: "1", input: z.looseObject({}), output: z.looseObject({}), tools: [] },
    run: async () => {
      throw giveUp("permanent", "It cannot be done.");
    },
  });

  /** Runs a mission that invites and then fails, with a person's yes to the invitation. */
  async function failedRun(server: TestMailServer) {
    const retry = { attempts: 3, first_delay_seconds: 0 };
    const engine = await openEngine({
      agents: [fakeAgent("A1", "worker", [invite, fall], { tools: ["send_invitation"] })],
      tools: toolsFor(server),
      missions: [
        {
          agents: ["A1"],
          tasks: [
            { task_id: "invite", skill: "invite", retry },
            { task_id: "fall", skill: "fall", depends_on: ["invite"], on_failure: "stop" },
          ],
        },
      ],
    });
    try {
      const { run_id: run } = await engine.orchestrator.start("test-mission");
      for (const { approval_id } of await engine.orchestrator.approvals({ run }))
        await engine.orchestrator.decide(approval_id, { decision: { type: "approve" }, by: "ada" });
      const { status } = await engine.orchestrator.status(run);
      return { status, effects: await engine.orchestrator.insight.effects(run) };
    } finally {
      await engine.drop();
    }
  }

  test("by a mail of its own under the same UID, to those who were invited", async () => {
    const server = await takeMail({
      onRcptTo: ({ address }, _session, answer) =>
        answer(address.startsWith("grace") ? smtpError(550, "no such person") : undefined),
    });

    const { status, effects } = await failedRun(server);

    expect(status).toBe("failed");
    expect(effects).toMatchObject([{ tool: "send_invitation", status: "undone" }]);
    const [request, cancel] = server.mails;
    const uid = calendarOf(request).find((line) => line.startsWith("UID:"));
    expect(server.mails.map(({ to }) => to)).toEqual([["ada@example.com"], ["ada@example.com"]]);
    expect(calendarOf(cancel)).toEqual(
      expect.arrayContaining(["METHOD:CANCEL", uid, "SEQUENCE:1", "STATUS:CANCELLED"]),
    );
    expect(cancel && partsOf(cancel)["text/calendar"]?.parameters).toMatch(/method=CANCEL/iu);
    expect(cancel?.raw).toMatch(/^Subject: .*Cancelled/mu);
    expect(new Set(server.mails.map(idOf)).size).toBe(2);
  });

  test("once for calendars when the answer to it is lost: the same mail again", async () => {
    let isLost = false;
    const server = await takeMail({
      judge({ raw }) {
        if (!/method=CANCEL/iu.test(raw) || isLost) return undefined;
        isLost = true;
        return "hang_up";
      },
    });

    const { status, effects } = await failedRun(server);

    expect(status).toBe("failed");
    expect(effects).toMatchObject([{ tool: "send_invitation", status: "undone" }]);
    const [, lost, again] = server.mails;
    expect(server.mails).toHaveLength(3);
    const marks = (mail?: TakenMail) => calendarOf(mail).filter((line) => /^(?:UID|METHOD|SEQUENCE):/u.test(line));
    expect(idOf(again)).toMatch(/^[0-9a-f]{64}@house\.example$/u);
    expect(idOf(again)).toBe(idOf(lost));
    expect(marks(again)).toEqual(marks(lost));
  });
});

test("a connector without an address of who invites is not made", () => {
  const options = { host: "127.0.0.1", organizer: { name: "The Desk", email: "desk" } };

  expect(() => mailedInvitations(options)).toThrow(expect.objectContaining({ code: "config_invalid" }));
});
