import { describe, expect, test } from "vitest";
import { findBusyTimes } from "../../tools/find-busy-times.js";
import { createMemoryCalendar, createMemoryRecords } from "../support/fake-services.js";
import { createPlaybookContext } from "../support/playbook-context.js";

const HOURS = { days: [1, 2, 3, 4, 5], from: "09:00", to: "17:00" };

function search(busy: object[], zone = "Europe/Berlin") {
  const owner = { calendar_id: "team:kim", name: "Kim", country: "DE", time_zone: zone, hours: HOURS };
  const calendar = createMemoryCalendar([
    {
      calendarId: "team:kim",
      title: "Booked by us",
      startsAt: new Date("2026-03-04T12:00:00Z"),
      endsAt: new Date("2026-03-04T13:00:00Z"),
      attendees: [],
      runId: "run-0",
    },
  ]);
  // Safe: written as JSON just here.
  const records = createMemoryRecords({ "sample/calendars.json": { calendars: [{ ...owner, busy }] } as never });
  const context = createPlaybookContext({
    tools: [findBusyTimes],
    services: { calendar, records },
    now: "2026-03-02T08:00:00Z",
  });
  return async (from: string, to: string, id = "team:kim") => {
    const reply = await context.call<typeof findBusyTimes>("find_busy_times", { calendar_ids: [id], from, to });
    if (!reply.ok) throw new Error(reply.reason);
    return reply.value.calendars[0];
  };
}

const times = (found: Awaited<ReturnType<ReturnType<typeof search>>>) =>
  found?.busy.map(({ from, to }) => `${from} ${to}`);

describe("busy times are those that overlap the window, in UTC, by start", () => {
  test("weekly entries keep their local hour when the clocks change", async () => {
    const find = search([{ what: "Clinic", every: [1], from: "09:00", to: "10:00" }]);

    expect(times(await find("2026-03-23T00:00:00.000Z", "2026-03-31T00:00:00.000Z"))).toEqual([
      "2026-03-23T08:00:00.000Z 2026-03-23T09:00:00.000Z",
      "2026-03-30T07:00:00.000Z 2026-03-30T08:00:00.000Z",
    ]);
  });

  test("entries counted from today take the owner's day, and last as many days as they say", async () => {
    const find = search([{ what: "Away", after_days: 1, for_days: 2 }], "Asia/Tokyo");

    // At 08:00 UTC it is 17:00 on the 2nd in Tokyo, so tomorrow is the 3rd there.
    expect(times(await find("2026-03-01T00:00:00.000Z", "2026-03-04T10:00:00.000Z"))).toEqual([
      "2026-03-02T15:00:00.000Z 2026-03-03T15:00:00.000Z",
      "2026-03-03T15:00:00.000Z 2026-03-04T15:00:00.000Z",
    ]);
  });

  test("what ends when the window begins is outside, and our own entries are marked as booked", async () => {
    const find = search([{ what: "Clinic", every: [3], from: "13:00", to: "14:00" }]);
    const found = await find("2026-03-04T12:00:00.000Z", "2026-03-04T18:00:00.000Z");

    expect(found?.busy.map(({ what, source, from }) => [what, source, from])).toEqual(
      [
        ["Clinic", "calendar", "2026-03-04T12:00:00.000Z"],
        ["Booked by us", "booked", "2026-03-04T12:00:00.000Z"],
      ].reverse(),
    );
    expect(times(await find("2026-03-04T13:00:00.000Z", "2026-03-04T18:00:00.000Z"))).toEqual([]);
  });
});

test("a calendar that nobody knows has no owner and only what we booked", async () => {
  const found = await search([])("2026-03-04T00:00:00.000Z", "2026-03-05T00:00:00.000Z", "customer:C-1");

  expect(found).toEqual({ calendar_id: "customer:C-1", busy: [] });
});

test("a window of more than a hundred days is refused with its limit", async () => {
  await expect(search([])("2026-01-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z")).rejects.toThrow(
    "longer than 100 days",
  );
});
