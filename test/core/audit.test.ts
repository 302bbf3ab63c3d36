import { describe, expect, test } from "vitest";
import { CHAIN_START, findBreak, reportBreak } from "../../core/audit.js";
import { digestOf } from "../../core/digest.js";
import { hashOfEvent } from "../../core/event-hash.js";
import type { EventRecord, RunRecord } from "../../core/records.js";
import { runRecord } from "../support/records.js";

function eventAfter(last: { seq: number; hash: string }, fields: Partial<EventRecord> = {}): EventRecord {
  const event = {
    runId: "run1",
    seq: last.seq + 1,
    key: `key ${last.seq + 1}`,
    type: "task_done",
    at: new Date("2026-03-01T08:00:00Z"),
    data: {},
    previousHash: last.hash,
    ...fields,
  };
  return { ...event, hash: fields.hash ?? hashOfEvent(event) };
}

const run: RunRecord = { ...runRecord("run1"), headSeq: 0, headHash: "" };

describe("I9: one step along a chain", () => {
  const first = eventAfter(CHAIN_START);

  test("an event that follows is whole", () => {
    expect(findBreak({ event: first }, CHAIN_START)).toBeUndefined();
    expect(findBreak({ event: eventAfter(first) }, first)).toBeUndefined();
  });

  test("a gap names the first number that is missing, and what comes instead", () => {
    const broken = findBreak({ event: eventAfter({ seq: 4, hash: first.hash }) }, first);

    expect(broken).toMatchObject({ seq: 2, key: null, fault: "missing" });
    expect(broken?.what).toBe("Events 2 to 4 are missing: the next one there is 5, key 5.");
  });

  test("a first event that claims one before it is told apart from one that does not follow", () => {
    expect(findBreak({ event: eventAfter(CHAIN_START, { previousHash: "x" }) }, CHAIN_START)?.what).toContain(
      "is the first",
    );
    expect(findBreak({ event: eventAfter(first, { previousHash: "x" }) }, first)?.what).toContain(
      "does not follow event 1",
    );
  });

  test("a row that is no event any more keeps what can be read of it", () => {
    const unreadable = { seq: 2, key: "task_done:T1:1", type: "task_done" };

    expect(findBreak({ unreadable, why: "its data is no JSON" }, first)).toEqual({
      ...unreadable,
      at: null,
      fault: "unreadable",
      what: "It cannot be read: its data is no JSON.",
    });
  });
});

test("I9: a report is the one that was written when its digest is in the log", () => {
  const report = { summary: "All went well." };
  const told = (digest: string) => ({ event: eventAfter(CHAIN_START, { key: "report_written", data: { digest } }) });

  expect(reportBreak({ ...run, report }, told(digestOf(report)))).toBeUndefined();
  expect(reportBreak({ ...run, report }, told("other"))).toMatchObject({
    key: "report_written",
    fault: "report_differs",
  });
});
