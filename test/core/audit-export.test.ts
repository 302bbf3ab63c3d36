import { describe, expect, test } from "vitest";
import type { LogExport } from "../../core/audit-export.js";
import { auditExport } from "../../core/audit-export.js";
import { hashOfEvent } from "../../core/event-hash.js";

/** A whole export of so many events. */
function exportOf(count: number): LogExport {
  let previous = "";
  const entries = Array.from({ length: count }, (_, index) => {
    const at = `2026-03-01T08:00:0${index}.000Z`;
    const rest = { key: `key ${index}`, type: "task_done", data: { n: index } };
    const seq = index + 1;
    const hash = hashOfEvent({ runId: "run1", seq, ...rest, taskId: "T1", at: new Date(at), previousHash: previous });
    const entry = { seq, at, task_id: "T1", line: "told", event: { ...rest, previous_hash: previous, hash } };
    previous = hash;
    return entry;
  });
  return { run_id: "run1", title: "Ada", task_id: null, head_seq: count, head_hash: previous, entries };
}

/** The export with its entries made others. */
function withEntries(change: (entries: readonly unknown[]) => readonly unknown[]): LogExport {
  const log = exportOf(5);
  return { ...log, entries: [...change(log.entries)] };
}

/** The export with fields of its third entry made others. */
function withThird(fields: object): LogExport {
  return withEntries((entries) =>
    entries.map((entry, index) => (index === 2 ? { ...(entry as object), ...fields } : entry)),
  ); // safe: made above
}

const third = () => (exportOf(5).entries[2] as { event: object }).event; // safe: made above

describe("I9: an exported log", () => {
  test("is sound as it was exported, and has the heads that were printed of it", () => {
    const log = exportOf(5);

    expect(auditExport(log, undefined)).toMatchObject({ is_sound: true, events: 5, head: log.head_hash });
    expect(auditExport(log, log.head_hash.slice(0, 10))).toMatchObject({ is_sound: true });
    expect(auditExport(log, "0123456789")).toMatchObject({ broken: { fault: "unknown_head" } });
  });

  test.each<[string, LogExport, number, string]>([
    ["data changed", withThird({ event: { ...third(), data: { n: 7 } } }), 3, "hash_differs"],
    ["a moment changed", withThird({ at: "2020-01-01T00:00:00.000Z" }), 3, "hash_differs"],
    ["another task", withThird({ task_id: null }), 3, "hash_differs"],
    ["one removed", withEntries((entries) => entries.toSpliced(1, 1)), 2, "missing"],
    ["the first removed", withEntries((entries) => entries.slice(1)), 1, "missing"],
    ["the tail cut", withEntries((entries) => entries.slice(0, -1)), 5, "missing"],
    ["all removed", withEntries(() => []), 1, "missing"],
    ["two swapped", withEntries((entries) => entries.toSpliced(1, 2, entries[2], entries[1])), 2, "missing"],
    ["another head", { ...exportOf(5), head_hash: "x" }, 5, "head_differs"],
  ])("%s: found", (_, log, seq, fault) => {
    expect(auditExport(log, undefined)).toMatchObject({ is_sound: false, broken: { seq, fault } });
  });

  test.each([[null], [7], [{}], [{ seq: 3, at: "soon", task_id: null, event: {} }]])(
    "an entry that is %j is unreadable",
    (odd) => {
      expect(
        auditExport(
          withEntries((entries) => entries.with(2, odd)),
          undefined,
        ),
      ).toMatchObject({
        events: 2,
        broken: { fault: "unreadable" },
      });
    },
  );
});
