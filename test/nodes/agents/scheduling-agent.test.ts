import { beforeAll, describe, expect, test } from "vitest";
import type { PlaybookContext } from "../../../core/define-agent.js";
import type { Customer } from "../../../nodes/agents/onboarding/customer.js";
import { scheduleOnboardingCall as playbook } from "../../../nodes/agents/onboarding/schedule-onboarding-call.js";
import { schedulingAgent } from "../../../nodes/agents/scheduling-agent.js";
import { createMemoryCalendar, createMemoryRecords, readDataFile } from "../../support/fake-services.js";
import type { CustomerCase, OnboardingOptions } from "../../support/onboarding.js";
import { collect, customerCase, findingsOf, inputsFor, ONBOARDING_TOOLS, schedule } from "../../support/onboarding.js";
import type { DoneEffect } from "../../support/playbook-context.js";
import { createPlaybookContext, questionOf, runPlaybook } from "../../support/playbook-context.js";

const good = customerCase("C-1001");
let customer: Customer;

beforeAll(async () => {
  customer = (await collect(good)).customer;
});

const WEEK = [1, 2, 3, 4, 5];
const OFFICE = { days: WEEK, from: "09:00", to: "17:00" };

interface Member {
  country: string;
  time_zone: string;
  hours?: { days: number[]; from: string; to: string };
  busy?: { what: string; every?: number[]; after_days?: number; from?: string; to?: string }[];
}

/** The good customer, moved to a place, with one team member; nobody else's calendar is known. */
function callBetween(place: Partial<Customer>, hours: typeof OFFICE, member: Member, minutes = 60) {
  const owner = { calendar_id: "team:kim", name: "Kim Team", hours: OFFICE, busy: [], ...member };
  const records = createMemoryRecords({
    "sample/calendars.json": { calendars: [owner] },
    // Safe: the file was just read as JSON.
    "sample/holidays.json": readDataFile("sample/holidays.json") as Record<string, never>,
  });
  const caseData: CustomerCase = { ...good, call: { duration_minutes: minutes, hours, team: ["team:kim"] } };
  const moved = { ...customer, ...place };
  return (now: string, options: OnboardingOptions = {}) =>
    schedule(moved, caseData, { now, ...options, services: { records, ...options.services } });
}

const BERLIN = { country: "DE", time_zone: "Europe/Berlin" };
const startOf = async (work: ReturnType<ReturnType<typeof callBetween>>) => (await work).onboarding_call.starts_at;

describe("T3 finds the first time that suits both sides", () => {
  test("the good case is booked in everybody's calendar without a question", async () => {
    const calendar = createMemoryCalendar();
    const output = await schedule(customer, good, { services: { calendar } });

    expect(output.onboarding_call).toMatchObject({
      starts_at: "2026-03-03T10:00:00.000Z",
      chosen_by: "rule",
      duration_minutes: 45,
    });
    expect(calendar.entries.map(({ calendarId }) => calendarId)).toEqual([
      "customer:C-1001",
      "team:ingrid-solberg",
      "team:mateo-ruiz",
    ]);
    expect(calendar.entries[0]).toMatchObject({ title: "Onboarding call: Nordlicht Instruments GmbH (C-1001)" });
    expect(playbook.summary?.(output)).toBe("Call with Anna-Lena Vogt on Tue 3 Mar 2026 11:00 (Europe/Berlin)");
  });

  test("nothing is booked before the lead time, and not on the weekend", async () => {
    const call = callBetween(BERLIN, OFFICE, BERLIN);

    expect(await startOf(call("2026-03-04T10:07:00Z"))).toBe("2026-03-05T10:15:00.000Z");
    expect(await startOf(call("2026-03-05T15:30:00Z"))).toBe("2026-03-09T08:00:00.000Z");
  });

  test("a call may end when the day ends, but not run over it", async () => {
    const call = callBetween(BERLIN, { ...OFFICE, from: "16:00" }, BERLIN);

    expect(await startOf(call("2026-03-03T15:00:00Z"))).toBe("2026-03-04T15:00:00.000Z");
    expect(await startOf(call("2026-03-03T15:01:00Z"))).toBe("2026-03-05T15:00:00.000Z");
  });

  test("half-hour zones and other continents meet where both work", async () => {
    const india = callBetween(
      { country: "IN", time_zone: "Asia/Kolkata" },
      { ...OFFICE, from: "10:00", to: "19:00" },
      BERLIN,
    );
    const newYork = callBetween({ country: "US", time_zone: "America/New_York" }, OFFICE, BERLIN);

    expect(await startOf(india("2026-03-02T08:00:00Z"))).toBe("2026-03-03T08:00:00.000Z");
    expect(await startOf(newYork("2026-03-02T08:00:00Z"))).toBe("2026-03-03T14:00:00.000Z");
  });
});

describe("T3 keeps to local clocks when they change", () => {
  test("between the American and the European change the shared hours lie an hour earlier in UTC", async () => {
    const call = callBetween({ country: "US", time_zone: "America/New_York" }, OFFICE, BERLIN);

    // The US change on 8 March 2026, Europe on 29 March.
    expect(await startOf(call("2026-03-05T12:00:00Z"))).toBe("2026-03-06T14:00:00.000Z");
    expect(await startOf(call("2026-03-09T12:00:00Z"))).toBe("2026-03-10T13:00:00.000Z");
    expect(await startOf(call("2026-03-30T12:00:00Z"))).toBe("2026-03-31T13:00:00.000Z");
  });

  test("a weekly entry keeps its local hour over the change", async () => {
    const busy = [{ what: "Clinic", every: WEEK, from: "09:00", to: "10:00" }];
    const call = callBetween(BERLIN, OFFICE, { ...BERLIN, busy });

    expect(await startOf(call("2026-03-26T03:00:00Z"))).toBe("2026-03-27T09:00:00.000Z");
    expect(await startOf(call("2026-03-29T03:00:00Z"))).toBe("2026-03-30T08:00:00.000Z");
  });
});

describe("T3 leaves public holidays of both countries alone", () => {
  test("over Easter a German and a Frenchwoman differ on Good Friday only", async () => {
    const both = callBetween({ country: "FR", time_zone: "Europe/Paris" }, OFFICE, BERLIN);
    const french = callBetween({ country: "FR", time_zone: "Europe/Paris" }, OFFICE, {
      country: "FR",
      time_zone: "Europe/Paris",
    });

    // Good Friday is 3 April 2026, Easter Monday 6 April.
    expect(await startOf(both("2026-04-02T05:00:00Z"))).toBe("2026-04-07T07:00:00.000Z");
    expect(await startOf(french("2026-04-02T05:00:00Z"))).toBe("2026-04-03T07:00:00.000Z");
  });

  test("a holiday is judged by the local date of whoever keeps it", async () => {
    // In Tokyo 29 April (Showa Day) begins at 15:00 UTC on the 28th, while New York still works.
    const late = { days: [1, 2, 3, 4, 5], from: "00:00", to: "08:00" };
    const call = callBetween({ country: "JP", time_zone: "Asia/Tokyo" }, late, {
      country: "US",
      time_zone: "America/New_York",
    });

    expect(await startOf(call("2026-04-27T14:30:00Z"))).toBe("2026-04-29T15:00:00.000Z");
  });

  test("a country without known holidays is said to be so", async () => {
    const output = await callBetween(
      { country: "GE", time_zone: "Asia/Tbilisi" },
      OFFICE,
      BERLIN,
    )("2026-03-02T08:00:00Z");

    expect(output.notes).toEqual(["No public holidays of GE are known."]);
  });
});

describe("T3 asks when no time is free", () => {
  const friday = customerCase("C-1005");
  const pieter = async () => (await collect(friday)).customer;

  test("the question shows what was tried and everybody's hours, and nothing is booked", async () => {
    const calendar = createMemoryCalendar();
    const question = await questionOf(schedule(await pieter(), friday, { services: { calendar } }));

    expect(question.question).toBe(
      "No time suits everybody between 2026-03-03 and 2026-03-17. When should the 60-minute onboarding call with Pieter de Wit be?",
    );
    expect(question.evidence?.[0]?.right?.text).toContain(
      "18 × Ruth Adler, busy: Compliance training for new partners",
    );
    expect(question.evidence?.map(({ title }) => title)).toEqual(["What was tried", "Pieter de Wit", "Ruth Adler"]);
    expect(calendar.entries).toEqual([]);
  });

  test("no day of the year has a slot for that customer, and the good case always has one", async () => {
    const pieters = await pieter();
    for (let week = 0; week < 26; week++) {
      const now = new Date(Date.UTC(2026, 0, 2 + week * 14, 9)).toISOString();
      const question = await questionOf(schedule(pieters, friday, { now }));
      const output = await schedule(customer, good, { now });

      expect(question.key).toBe("call_time_1");
      expect(findingsOf("T3", playbook, output, inputsFor.schedule(customer, good), good)).toEqual([]);
    }
  });

  test("a person's time is booked as theirs, and says what it sets aside", async () => {
    const answers = { call_time_1: { starts_at: "2026-03-05T18:00:00+01:00" } };
    const output = await schedule(await pieter(), friday, { answers });
    const inputs = inputsFor.schedule(await pieter(), friday);

    expect(output.onboarding_call).toMatchObject({ starts_at: "2026-03-05T17:00:00.000Z", chosen_by: "person" });
    expect(output.notes[0]).toContain("although for Pieter de Wit it is outside working hours (Fri 13:00–16:00");
    expect(findingsOf("T3", playbook, output, inputs, friday)).toEqual([]);
  });

  test("a time that is taken or past is asked again, with the reason", async () => {
    const taken = { call_time_1: { starts_at: "2026-03-06T13:00:00Z" } };
    const past = { call_time_1: { starts_at: "2026-02-06T13:00:00Z" } };

    expect(await questionOf(schedule(await pieter(), friday, { answers: taken }))).toMatchObject({
      key: "call_time_2",
      question: expect.stringContaining("Ruth Adler is busy: Compliance training"),
    });
    expect((await questionOf(schedule(await pieter(), friday, { answers: past }))).question).toContain("is past");
  });

  test("a longer search is tried, and rounds are limited", async () => {
    const longer = { search_days: 40 };
    const answers = { call_time_1: longer, call_time_2: longer, call_time_3: longer, call_time_4: longer };

    expect(
      (await questionOf(schedule(await pieter(), friday, { answers: { call_time_1: longer } }))).question,
    ).toContain("between 2026-03-03 and 2026-04-12");
    await expect(schedule(await pieter(), friday, { answers })).rejects.toMatchObject({ failureClass: "permanent" });
  });

  test("a wish for a team that nobody knows fails with its name", async () => {
    const caseData = { ...good, call: { ...good.call, team: ["team:nobody"] } };

    await expect(schedule(customer, caseData)).rejects.toThrow("team:nobody");
  });
});

describe("I2: the call is booked once, whatever happens", () => {
  test("times that other runs booked are busy", async () => {
    const alone = await schedule(customer, good);
    const { starts_at, ends_at } = alone.onboarding_call;
    const taken = { title: "Call of another run", attendees: [], runId: "run-2" };
    const calendar = createMemoryCalendar([
      { ...taken, calendarId: "team:mateo-ruiz", startsAt: new Date(starts_at), endsAt: new Date(ends_at) },
    ]);
    const beside = await schedule(customer, good, { services: { calendar } });

    expect(beside.onboarding_call.starts_at).toBe(ends_at);
  });

  test("a new attempt finds the entry that an earlier one wrote, and adds none", async () => {
    const calendar = createMemoryCalendar();
    const effects = new Map<string, DoneEffect>();
    const first = await schedule(customer, good, { services: { calendar }, effects });
    const second = await schedule(customer, good, {
      services: { calendar },
      effects,
      attempt: 2,
      now: "2026-03-02T09:30:00Z",
    });

    expect(second.onboarding_call).toEqual(first.onboarding_call);
    expect(calendar.entries).toHaveLength(3);
  });

  test("a second call is an act of its own, which the gate lets a person decide", async () => {
    const calendar = createMemoryCalendar();
    const effects = new Map<string, DoneEffect>();
    const first = await schedule(customer, good, { services: { calendar }, effects });
    const later = { services: { calendar }, effects, now: "2026-03-09T08:00:00Z" };
    const second = await schedule(customer, good, later);

    expect(second.onboarding_call).toMatchObject({ chosen_by: "person" });
    expect(second.onboarding_call.starts_at > first.onboarding_call.starts_at).toBe(true);
    expect(calendar.entries).toHaveLength(6);
  });

  test("when the second call is rejected the first one stands, or the task fails if that one is past", async () => {
    const calendar = createMemoryCalendar();
    const world = { services: { calendar }, effects: new Map<string, DoneEffect>(), rejectSecond: "One is enough." };
    const first = await schedule(customer, good, world);
    const afternoons = { ...good, call: { ...good.call, hours: { ...good.call.hours, from: "13:00" } } };
    const kept = await schedule(customer, afternoons, world);

    expect(kept.onboarding_call).toMatchObject({ starts_at: first.onboarding_call.starts_at, chosen_by: "person" });
    expect(calendar.entries).toHaveLength(3);
    await expect(schedule(customer, good, { ...world, now: "2026-03-09T08:00:00Z" })).rejects.toThrow("One is enough.");
  });

  test("a time that a person edits at the gate is the one in the result", async () => {
    const context = createPlaybookContext({ tools: ONBOARDING_TOOLS, now: "2026-03-02T08:00:00Z" });
    const editedArgs = { starts_at: "2026-03-04T13:00:00.000Z", ends_at: "2026-03-04T13:45:00.000Z" };
    const edited: PlaybookContext = {
      ...context,
      async call(name, args, options) {
        const reply = await context.call(name, args, options);
        return name === "book_calendar_entry" ? { ...reply, editedArgs } : reply;
      },
    };
    const output = await runPlaybook(playbook, edited, inputsFor.schedule(customer, good));

    expect(output.onboarding_call).toMatchObject({ ...editedArgs, chosen_by: "person" });
  });

  test("a refusal of the gate ends the attempt with its reason", async () => {
    const refusals = { book_calendar_entry: { code: "forbidden" as const, reason: "The kill switch is on." } };

    await expect(schedule(customer, good, { refusals })).rejects.toMatchObject({
      failureClass: "policy",
      message: "The kill switch is on.",
    });
  });

  test("a time that somebody takes meanwhile sends the search on", async () => {
    const calendar = createMemoryCalendar();
    const wanted = { from: new Date("2026-03-03T10:00:00Z"), to: new Date("2026-03-03T10:45:00Z") };
    let isFirst = true;
    const racing = {
      ...calendar,
      async busy(id: string, from: Date, to: Date) {
        const found = await calendar.busy(id, from, to);
        if (isFirst && id === "team:mateo-ruiz") {
          isFirst = false;
          calendar.entries.push({
            calendarId: id,
            title: "Taken",
            startsAt: wanted.from,
            endsAt: wanted.to,
            attendees: [],
            runId: "run-2",
          });
        }
        return found;
      },
    };
    const output = await schedule(customer, good, { services: { calendar: racing } });

    expect(output.onboarding_call.starts_at).toBe("2026-03-03T10:45:00.000Z");
  });
});

describe("T3 heeds feedback and does not loop", () => {
  test("a reason heard twice asks for a time instead of finding the same again", async () => {
    const refusal = { from: "reviewer", reason: "The customer is travelling that week." };
    const once = await schedule(customer, good, { feedback: [refusal] });
    const question = await questionOf(schedule(customer, good, { feedback: [refusal, refusal] }));

    expect(once.onboarding_call.chosen_by).toBe("rule");
    expect(question.question).toContain("The time cannot stand: The customer is travelling that week.");
  });
});

describe("T3's checks find planted faults", () => {
  const faults = async (change: (output: Awaited<ReturnType<typeof schedule>>) => object) => {
    const output = await schedule(customer, good);
    return findingsOf("T3", playbook, { ...output, ...change(output) }, inputsFor.schedule(customer, good), good);
  };
  const at = (starts_at: string, ends_at: string) => (output: Awaited<ReturnType<typeof schedule>>) => ({
    onboarding_call: { ...output.onboarding_call, starts_at, ends_at },
  });

  test("a slot outside working hours is found for each person, with their local time and hours", async () => {
    const found = await faults(at("2026-03-03T18:30:00.000Z", "2026-03-03T19:15:00.000Z"));

    expect(found.map(({ field }) => field)).toEqual(Array(3).fill("/onboarding_call/starts_at"));
    expect(found[0]?.reason).toBe(
      "onboarding_call.starts_at 2026-03-03T18:30:00.000Z is Tue 2026-03-03 19:30 for Anna-Lena Vogt (Europe/Berlin), " +
        "outside their hours Mon–Fri 08:30–16:30.",
    );
  });

  test("a result cannot vouch for its own hours: the customer's come from the case", async () => {
    const found = await faults((output) => ({
      ...at("2026-03-03T18:30:00.000Z", "2026-03-03T19:15:00.000Z")(output),
      participants: output.participants.map((person) => ({ ...person, hours: { ...OFFICE, to: "22:00" } })),
    }));

    expect(found).toHaveLength(1);
    expect(found[0]?.reason).toContain("for Anna-Lena Vogt (Europe/Berlin), outside their hours Mon–Fri 08:30–16:30.");
  });

  test("a slot on a public holiday names the holiday", async () => {
    const found = await faults((output) => ({
      holidays: [{ country: "ES", date: "2026-03-03", name: "Invented Day" }, ...output.holidays],
    }));

    expect(found).toEqual([
      expect.objectContaining({ reason: expect.stringContaining("falls on Invented Day (2026-03-03)") }),
    ]);
  });

  test.each([
    [
      "another customer's name",
      { customer_name: "Thomas Whitcombe" },
      "/customer_name",
      'is "Thomas Whitcombe", but the call is with "Anna-Lena Vogt".',
    ],
    ["another customer's id", { customer_id: "C-1002" }, "/customer_id", 'is "C-1002", but the call is for C-1001.'],
    [
      "another company in the title",
      { title: "Onboarding call: Brightwater" },
      "/title",
      "does not name Nordlicht Instruments GmbH",
    ],
    [
      "an empty call",
      { participants: [] },
      "/participants",
      "participants has nobody, but customer:C-1001 must be in the call.",
    ],
  ])("%s is found", async (_, change, field, words) => {
    const [found] = await faults(() => change);

    expect(found).toMatchObject({ field, reason: expect.stringContaining(words) });
  });

  test("a call that is too short, one in no calendar, and a customer in the wrong zone are found", async () => {
    const short = await faults(at("2026-03-03T10:00:00.000Z", "2026-03-03T10:15:00.000Z"));
    const unwritten = await faults((output) => ({ onboarding_call: { ...output.onboarding_call, entry_ids: [] } }));
    const elsewhere = await faults((output) => ({
      participants: output.participants.map((person) => ({ ...person, time_zone: "Asia/Tokyo" })),
    }));

    expect(short[0]).toMatchObject({
      field: "/onboarding_call/ends_at",
      reason: expect.stringContaining("lasts 15 minutes"),
    });
    expect(unwritten[0]).toMatchObject({ field: "/onboarding_call/entry_ids" });
    expect(elsewhere.map(({ field }) => field)).toContain("/participants/0/time_zone");
  });
});

test("A3 is the dataset's agent, and calls only the tools it holds", async () => {
  const context = createPlaybookContext({ now: "2026-03-02T08:00:00Z" });

  await expect(playbook.run(context, inputsFor.schedule(customer, good))).rejects.toThrow(
    "There is no tool find_busy_times",
  );
  expect(schedulingAgent.tools).toEqual(playbook.tools);
  expect(readDataFile("specialized_agents.json")).toContainEqual({
    agent_id: schedulingAgent.agentId,
    name: schedulingAgent.name,
    description: schedulingAgent.description,
  });
});
