import { describe, expect, test } from "vitest";
import { findPublicHolidays } from "../../tools/find-public-holidays.js";
import { createPlaybookContext } from "../support/playbook-context.js";

const context = createPlaybookContext({ tools: [findPublicHolidays] });

async function holidays(country: string, from: string, to: string): Promise<string[]> {
  const reply = await context.call<typeof findPublicHolidays>("find_public_holidays", { country, from, to });
  if (!reply.ok) throw new Error(reply.reason);
  return reply.value.holidays.map(({ date, name }) => `${date} ${name}`);
}

describe("holidays are computed for any year", () => {
  test.each([
    [2024, "2024-03-31"],
    [2025, "2025-04-20"],
    [2026, "2026-04-05"],
    [2027, "2027-03-28"],
    [2038, "2038-04-25"],
  ])("Easter Sunday of %i in Norway", async (year, date) => {
    expect(await holidays("NO", `${year}-01-02`, `${year}-12-31`)).toContain(`${date} Easter Sunday`);
  });

  test.each([
    [2024, "2024-05-05"],
    [2025, "2025-04-20"],
    [2026, "2026-04-12"],
    [2027, "2027-05-02"],
  ])("Orthodox Easter of %i in Bulgaria", async (year, date) => {
    expect(await holidays("BG", `${year}-03-20`, `${year}-05-31`)).toContain(`${date} Orthodox Easter Sunday`);
  });

  test("movable Mondays, Thursdays and Fridays fall where they belong", async () => {
    expect(await holidays("US", "2026-05-01", "2026-05-31")).toEqual(["2026-05-25 Memorial Day"]);
    expect(await holidays("US", "2026-11-20", "2026-11-30")).toEqual(["2026-11-26 Thanksgiving Day"]);
    expect(await holidays("GB", "2026-05-01", "2026-05-31")).toEqual([
      "2026-05-04 Early May Bank Holiday",
      "2026-05-25 Spring Bank Holiday",
    ]);
    expect(await holidays("CA", "2026-05-01", "2026-05-31")).toEqual(["2026-05-18 Victoria Day"]);
    expect(await holidays("SE", "2026-06-10", "2026-06-30")).toEqual(["2026-06-19 Midsummer Eve"]);
  });
});

describe("weekends move holidays as each country does it", () => {
  test("the United States take the nearest weekday, over the turn of the year too", async () => {
    expect(await holidays("US", "2026-07-01", "2026-07-31")).toEqual([
      "2026-07-03 Independence Day (observed)",
      "2026-07-04 Independence Day",
    ]);
    expect(await holidays("US", "2027-12-30", "2027-12-31")).toEqual(["2027-12-31 New Year's Day (observed)"]);
  });

  test("Britain takes the next free weekdays, so two holidays never share one", async () => {
    expect(await holidays("GB", "2027-12-24", "2027-12-31")).toEqual([
      "2027-12-25 Christmas Day",
      "2027-12-26 Boxing Day",
      "2027-12-27 Christmas Day (observed)",
      "2027-12-28 Boxing Day (observed)",
    ]);
  });

  test("Japan moves Sundays only, past holidays that follow; Germany moves nothing", async () => {
    expect(await holidays("JP", "2026-05-01", "2026-05-10")).toEqual([
      "2026-05-03 Constitution Memorial Day",
      "2026-05-04 Greenery Day",
      "2026-05-05 Children's Day",
      "2026-05-06 Constitution Memorial Day (observed)",
    ]);
    expect(await holidays("DE", "2026-10-01", "2026-10-31")).toEqual(["2026-10-03 Day of German Unity"]);
  });
});

test("a country without rules is not known, which is not the same as having no holidays", async () => {
  const reply = await context.call<typeof findPublicHolidays>("find_public_holidays", {
    country: "GE",
    from: "2026-01-01",
    to: "2026-12-31",
  });

  expect(reply).toEqual({ ok: true, value: { country: "GE", known: false, holidays: [] } });
});
