import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { IcsCalendarOptions } from "../../../tools/connectors/calendar.js";
import { icsCalendar } from "../../../tools/connectors/calendar.js";
import { approvedCall } from "../../support/approved-call.js";
import type { World } from "../../support/gate.js";
import { openWorld } from "../../support/gate.js";
import type { FreshStore } from "../../support/store.js";
import { openFreshStore } from "../../support/store.js";
import { toolContext } from "../../support/tool-context.js";

const DESK = { name: "The Desk", email: "desk@house.example" };
const MEETING = {
  subject: "kick-off:C-1",
  title: "Kick-off, with Ada; and Grace",
  starts_at: "2026-03-29T09:00:00+02:00",
  ends_at: "2026-03-29T08:00:00Z",
  attendees: ["ada@example.com"],
};

let fresh: FreshStore;
let folder: string;
let world: World;
beforeEach(async () => {
  fresh = await openFreshStore();
  folder = join(mkdtempSync(join(tmpdir(), "mission-ics-")), "invitations");
  world = await openWorld({ store: fresh.store, tools: icsCalendar({ folder, organizer: DESK }) });
});
afterEach(async () => {
  rmSync(join(folder, ".."), { recursive: true });
  await fresh.drop();
});

/** The lines of the only file, unfolded. */
function linesOfFile(): readonly string[] {
  const [name = "", ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  const text = readFileSync(join(folder, name), "utf8");
  expect(text).toMatch(/\r\n$/u);
  return text.trimEnd().replaceAll("\r\n ", "").split("\r\n");
}

/** An invitation that is written, and its id. */
async function written(): Promise<string> {
  const reply = await approvedCall(world, "write_calendar_file", MEETING, { turnKey: "w" });
  const [id = ""] = readdirSync(folder).map((name) => name.replace(".ics", ""));
  expect(reply).toEqual({ ok: true, value: { event_id: id, uid: `${id}@house.example`, file: `${id}.ics` } });
  return id;
}

describe("an invitation", () => {
  test("is one file with a UID of the effect and its times in UTC, however often it is asked for", async () => {
    const id = await written();
    await world.call("write_calendar_file", MEETING, { turnKey: "later", attempt: 2 });

    expect(linesOfFile()).toEqual(
      expect.arrayContaining([
        "PRODID:-//mission-orchestrator//EN",
        "METHOD:REQUEST",
        `UID:${id}@house.example`,
        "SEQUENCE:0",
        "STATUS:CONFIRMED",
        "DTSTART:20260329T070000Z",
        "DTEND:20260329T080000Z",
        "SUMMARY:Kick-off\\, with Ada\\; and Grace",
        'ORGANIZER;CN="The Desk":mailto:desk@house.example',
      ]),
    );
    expect(linesOfFile().filter((line) => line.startsWith("ATTENDEE"))).toEqual([
      expect.stringMatching(/RSVP=TRUE.*:MAILTO:ada@example\.com$/u),
    ]);
  });

  test("is called off under the same UID, once", async () => {
    const id = await written();
    const cancel = { event_id: id };

    const reply = await approvedCall(world, "cancel_calendar_file", cancel, { turnKey: "c" });

    expect(reply).toEqual({ ok: true, value: { event_id: id, was_cancelled_before: false } });
    expect(await world.call("cancel_calendar_file", cancel, { turnKey: "c2", attempt: 2 })).toEqual(reply);
    const lines = linesOfFile();
    expect(lines).toEqual(
      expect.arrayContaining(["METHOD:CANCEL", `UID:${id}@house.example`, "SEQUENCE:1", "STATUS:CANCELLED"]),
    );
    expect(lines).not.toContain("METHOD:REQUEST");
  });

  test("is called off when its run does not complete, and a second time changes nothing", async () => {
    await written();
    const [effect] = await fresh.store.effects.of("run-1");
    const [write] = icsCalendar({ folder, organizer: DESK });
    const context = { ...toolContext(), actKey: effect?.idempotencyKey ?? "" };

    await write?.compensate?.(MEETING, undefined, context);
    const lines = linesOfFile();
    await write?.compensate?.(MEETING, undefined, context);

    expect(lines).toContain("METHOD:CANCEL");
    expect(linesOfFile()).toEqual(lines);
  });

  test("cannot smuggle lines of its own into the file", async () => {
    const text = "Hello\r\nATTENDEE:mailto:bob@evil.example\nMETHOD:CANCEL\u2028METHOD:CANCEL\u2028";
    await approvedCall(world, "write_calendar_file", { ...MEETING, description: text });

    const lines = linesOfFile();
    expect(lines.filter((line) => line.startsWith("ATTENDEE"))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith("METHOD"))).toEqual(["METHOD:REQUEST"]);
    expect(lines).toContain(`DESCRIPTION:${text.replace(/\r?\n/gu, "\\n")}`);
    const [event_id = ""] = readdirSync(folder).map((name) => name.replace(".ics", ""));
    expect(await approvedCall(world, "cancel_calendar_file", { event_id }, { turnKey: "c" })).toMatchObject({
      value: { was_cancelled_before: false },
    });
  });
});

describe("I2: an invitation whose outcome was lost", () => {
  test("is found in the folder by the key of its effect", async () => {
    const [write, cancel] = icsCalendar({ folder, organizer: DESK });
    const id = await written();
    const [effect] = await fresh.store.effects.of("run-1");

    const key = effect?.idempotencyKey ?? "";

    expect(await write?.reconcile?.(key, MEETING, toolContext())).toMatchObject({
      outcome: "done",
      result: { event_id: id },
    });
    expect(await write?.reconcile?.("another", MEETING, toolContext())).toEqual({ outcome: "not_done" });
    expect(await cancel?.reconcile?.("any", { event_id: id }, toolContext())).toEqual({ outcome: "not_done" });
    await cancel?.run({ event_id: id }, toolContext());
    expect(await cancel?.reconcile?.("any", { event_id: id }, toolContext())).toMatchObject({ outcome: "done" });
  });
});

describe("what is no invitation is refused before anything is written", () => {
  test.each([
    ["a time without an offset", { starts_at: "2026-03-29T09:00:00" }],
    ["an end before its start", { ends_at: "2026-03-29T06:59:00Z" }],
    ["a day that there is not", { starts_at: "2026-02-30T09:00:00Z" }],
    ["two lines in the title", { title: "Kick-off\r\nATTENDEE:mailto:bob@evil.example" }],
    ["a name instead of an address", { attendees: ["Ada"] }],
  ])("%s", async (_, more) => {
    const reply = await world.call("write_calendar_file", { ...MEETING, ...more });

    expect(reply).toMatchObject({ ok: false, code: "bad_arguments" });
  });

  test.each(["../../etc/passwd", "a".repeat(32).toUpperCase(), ""])("an id that leaves the folder: %s", async (id) => {
    expect(await world.call("cancel_calendar_file", { event_id: id })).toMatchObject({ code: "bad_arguments" });
  });

  test("a connector without an address of who invites is not made", () => {
    // Safe: what does not fit is what is tested.
    const options = { folder, organizer: { name: "The Desk", email: "desk" } } as IcsCalendarOptions;
    expect(() => icsCalendar(options)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });
});
