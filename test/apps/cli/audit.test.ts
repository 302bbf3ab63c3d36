import { describe, expect, test } from "vitest";
import type { AuditView, BrokenEventView, RunAuditView } from "../../../core/audit.js";
import type { OrchestratorApi } from "../../../core/views.js";
import { callCli } from "./fake-host.js";

const sound: RunAuditView = {
  run_id: "run1",
  title: "Hollis & Reed",
  is_sound: true,
  events: 26,
  head: "ab".repeat(32),
  broken: null,
};
const broken: RunAuditView = {
  ...sound,
  run_id: "run2",
  title: "Kestrel",
  is_sound: false,
  events: 6,
  broken: {
    seq: 7,
    key: "task_done:T2:1",
    type: "task_done",
    at: "2026-03-02T09:30:00.000Z",
    fault: "hash_differs",
    what: "Its hash is not that of what it says: it was changed after it was written.",
  },
};

function auditing(runs: readonly RunAuditView[], asked: unknown[] = []): Partial<OrchestratorApi> {
  const view: AuditView = { is_sound: runs.every((run) => run.is_sound), events: 32, runs };
  const audit = async (options?: unknown) => {
    asked.push(options);
    return view;
  };
  return { insight: { audit } as unknown as OrchestratorApi["insight"] }; // safe: nothing else of it is called
}

describe("`audit verify`", () => {
  test("names runs, events and heads, and ends with 0 when all are whole", async () => {
    const { code, out } = await callCli(["audit", "verify"], auditing([sound]));

    expect(code).toBe(0);
    expect(out).toMatch(/Hollis & Reed +run1 +26 +(ab){32}/u);
    expect(out).toContain("1 run with 32 events: every chain is whole.");
    expect(out).toContain("Last head");
    expect(out).toContain("A report prints the head before it, never the last one. To find it in the chain: ");
  });

  test("names the first broken event with what is wrong, and fails", async () => {
    const { code, out } = await callCli(["audit", "verify"], auditing([sound, broken]));

    expect(code).toBe(1);
    expect(out).toContain("Kestrel  run2\n  First broken: event 7, task_done (task_done:T2:1) at 2026-03-02");
    expect(out).toContain("it was changed after it was written");
    expect(out).toContain("6 events before it are sound.");
    expect(out).toContain("1 of 2 runs: the chain is broken.");
    const first = await callCli(["audit", "verify"], auditing([{ ...broken, events: 0 }]));
    expect(first.out).toContain("No event before it is sound.");
  });

  test.each<[string, Partial<BrokenEventView>, number, string[]]>([
    ["row_differs", {}, 26, ["Told otherwise: a row, by event 7", "The chain itself is whole: 26 events."]],
    ["report_differs", {}, 26, ["Told otherwise: the report, by event 7", "The chain itself is whole: 26 events."]],
    [
      "untold",
      { seq: 27, key: null, type: null, at: null },
      26,
      ["Not told by any event: a row", "is whole: 26 events."],
    ],
    ["unknown_head", { seq: null, key: null, type: null, at: null }, 26, ["Not found: an event with this hash"]],
    ["unreadable", { seq: null, key: null, type: null, at: null }, 0, ["Not readable: a row", "was not looked at."]],
  ])("%s is no fault of an event, and is not told as one", async (fault, parts, events, told) => {
    const run = { ...broken, events, broken: { ...broken.broken, fault, ...parts } } as RunAuditView; // safe: as above
    const { code, out } = await callCli(["audit", "verify"], auditing([run]));

    expect(code).toBe(1);
    for (const words of told) expect(out).toContain(words);
    expect(out).toContain("1 of 1 run: what lies beside the chain does not go with it.");
    expect(out).not.toMatch(/First broken|before it/u);
  });

  test("the last event, which its run's row does not name, is not counted as sound before itself", async () => {
    const last = { ...broken, events: 7, broken: { ...broken.broken, fault: "head_differs" } } as RunAuditView; // safe: as above
    const { out } = await callCli(["audit", "verify"], auditing([last]));

    expect(out).toContain("6 events before it are sound.");
  });

  test("gives the same as one document under --json, and fails with it", async () => {
    const { code, json } = await callCli(["audit", "verify", "run2", "--json"], auditing([broken]));

    expect(code).toBe(1);
    expect(json).toEqual({ is_sound: false, events: 32, runs: [broken] });
  });

  test("looks for the head that a report prints", async () => {
    const asked: unknown[] = [];
    await callCli(["audit", "verify", "run1", "--head", "ABCDEF0123"], auditing([sound], asked));

    expect(asked).toEqual([{ run: "run1", head: "abcdef0123" }]);
  });

  test.each([
    [["audit", "verify", "--head", "ab".repeat(32)], /Name the run/u],
    [["audit", "verify", "run1", "--head", "short"], /is no hash of an event/u],
    [["audit", "certify"], /unknown command 'certify'/u],
    [["audit", "verify", "run1", "run2"], /too many arguments/u],
  ])("%j is a wrong call, told in words", async (args, message) => {
    const { code, out, err } = await callCli(args, auditing([sound]));

    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(out).toBe("");
  });
});
