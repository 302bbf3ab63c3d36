import { describe, expect, test } from "vitest";
import type { ToolContext } from "../../core/tool.js";
import { bookCalendarEntry } from "../../tools/book-calendar-entry.js";
import { createFakeServices, createMemoryCalendar } from "../support/fake-services.js";

const ARGS = {
  subject: "onboarding-call:C-1001",
  title: "Onboarding call",
  starts_at: "2026-03-04T09:00:00.000Z",
  ends_at: "2026-03-04T10:00:00.000Z",
  calendar_ids: ["customer:C-1001", "team:kim"],
  attendees: ["Kim"],
};

function world() {
  const calendar = createMemoryCalendar();
  const context: ToolContext = {
    ...createFakeServices({ calendar }),
    signal: new AbortController().signal,
    idempotencyKey: "key-1",
    agentId: "A3",
    runId: "run-1",
    now: () => new Date("2026-03-02T08:00:00Z"),
  };
  return { calendar, context };
}

describe("I2: a meeting is written once", () => {
  test("it stands once in each calendar, however often it is tried with one key", async () => {
    const { calendar, context } = world();
    const first = await bookCalendarEntry.run(ARGS, context);
    const second = await bookCalendarEntry.run(ARGS, context);

    expect(second).toEqual(first);
    expect(calendar.entries.map(({ calendarId }) => calendarId)).toEqual(ARGS.calendar_ids);
  });

  test("a try that was cut short is finished by the next one, and reconciled as not done before", async () => {
    const { calendar, context } = world();
    await bookCalendarEntry.run({ ...ARGS, calendar_ids: ["customer:C-1001"] }, context);
    const before = await bookCalendarEntry.reconcile?.("key-1", ARGS, context);
    await bookCalendarEntry.run(ARGS, context);
    const after = await bookCalendarEntry.reconcile?.("key-1", ARGS, context);

    expect(before).toEqual({ outcome: "not_done" });
    expect(after).toEqual({ outcome: "done", result: { entry_ids: ["entry-1", "entry-2"] } });
    expect(calendar.entries).toHaveLength(2);
  });

  test("one subject is one act of a case, whatever its time", () => {
    const later = { ...ARGS, starts_at: "2026-03-05T09:00:00.000Z", ends_at: "2026-03-05T10:00:00.000Z" };

    expect(bookCalendarEntry.dedupeKey?.(later)).toBe(bookCalendarEntry.dedupeKey?.(ARGS));
    expect(bookCalendarEntry).toMatchObject({ effect: "writes", reach: "own", dedupeScope: "case", idempotent: true });
  });
});

test("a time that another act took is refused by name, and nothing is written in any of the calendars", async () => {
  const { calendar, context } = world();
  await bookCalendarEntry.run({ ...ARGS, calendar_ids: ["team:kim"] }, { ...context, idempotencyKey: "other" });

  await expect(bookCalendarEntry.run(ARGS, context)).rejects.toThrow("team:kim is taken at 2026-03-04T09:00:00.000Z");
  expect(calendar.entries).toHaveLength(1);
});

test("a meeting that ends before it starts is refused", async () => {
  await expect(bookCalendarEntry.run({ ...ARGS, ends_at: ARGS.starts_at }, world().context)).rejects.toThrow(
    "before it starts",
  );
});
