import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditView } from "../../core/audit.js";
import { hashOfEvent } from "../../core/event-hash.js";
import type { FinalReport } from "../../core/views.js";
import { auditRuns } from "../../runtime/audit.js";
import { composeOrchestrator } from "../../runtime/compose.js";
import { openStore } from "../../runtime/store/store.js";

// What is tampered with is a real file, by SQL of its own: rows and columns of `events` and `runs`.

const folder = mkdtempSync(join(tmpdir(), "mission-audit-"));
const original = join(folder, "original.db");
let report: FinalReport;
let runId: string;
let count = 0;

beforeAll(async () => {
  const orchestrator = await composeOrchestrator({ store: `sqlite:${original}` });
  const ended = await orchestrator.start("support-resolution", { approver: "lead" });
  runId = ended.run_id;
  for (const { approval_id } of ended.approvals) {
    await orchestrator.decide(approval_id, { decision: { type: "approve" }, by: "lead" });
  }
  await orchestrator.insight.recordKpi(runId, "csat_threshold", 4, { by: "dana" });
  await orchestrator.start("customer-onboarding");
  report = await orchestrator.report(runId);
  await orchestrator.close();
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Tamper = (db: BetterSqlite3.Database) => void;

/** What an audit of the run finds after somebody worked on the file. */
async function auditAfter(
  tamper: Tamper,
  options: { run?: string; head?: string } = { run: runId },
): Promise<AuditView> {
  count += 1;
  const path = join(folder, `tampered-${count}.db`);
  copyFileSync(original, path);
  const db = new BetterSqlite3(path);
  tamper(db);
  db.close();
  const store = await openStore(`sqlite:${path}`);
  const view = await auditRuns(store, options);
  await store.close();
  return view;
}

async function brokenAfter(tamper: Tamper, head?: string) {
  const { is_sound, runs } = await auditAfter(tamper, { run: runId, ...(head !== undefined && { head }) });
  expect(is_sound).toBe(false);
  return runs[0]?.broken;
}

interface Row {
  seq: number;
  key: string;
  type: string;
  task_id: string | null;
  at: string;
  data: string;
  previous_hash: string;
  hash: string;
}

function rowsOf(db: BetterSqlite3.Database): Row[] {
  return db.prepare("select * from events where run_id = ? order by seq").all(runId) as Row[]; // safe: its columns
}

function hashOf({ seq, key, type, task_id, at, data, previous_hash: previousHash }: Row): string {
  const task = task_id === null ? {} : { taskId: task_id };
  return hashOfEvent({ runId, seq, key, type, ...task, at: new Date(at), data: JSON.parse(data), previousHash });
}

const set = (column: string, value: unknown, seq: number): Tamper => {
  return (db) => db.prepare(`update events set ${column} = ? where run_id = ? and seq = ?`).run(value, runId, seq);
};
const remove = (...seqs: number[]): Tamper => {
  return (db) => {
    for (const seq of seqs) db.prepare("delete from events where run_id = ? and seq = ?").run(runId, seq);
  };
};
const all = (...acts: Tamper[]): Tamper => {
  return (db) => {
    for (const act of acts) act(db);
  };
};
/** Cuts the log behind an event; `forged`: the run's row is rewritten so that it fits. */
const cutBehind = (keep: number, forged: boolean): Tamper => {
  return (db) => {
    db.prepare("delete from events where run_id = ? and seq > ?").run(runId, keep);
    const head = rowsOf(db).at(-1)?.hash ?? "";
    if (forged) db.prepare("update runs set head_seq = ?, head_hash = ? where run_id = ?").run(keep, head, runId);
  };
};
/** Rewrites the log from an event on, every hash and the run's row recomputed. */
const forgeFrom = (seq: number, change: (row: Row) => Row): Tamper => {
  return (db) => {
    let previous = rowsOf(db)[seq - 2]?.hash ?? "";
    for (const row of rowsOf(db).slice(seq - 1)) {
      const next = { ...(row.seq === seq ? change(row) : row), previous_hash: previous };
      const hash = hashOf(next);
      db.prepare("update events set data = ?, previous_hash = ?, hash = ? where run_id = ? and seq = ?").run(
        next.data,
        previous,
        hash,
        runId,
        row.seq,
      );
      previous = hash;
    }
    db.prepare("update runs set head_hash = ? where run_id = ?").run(previous, runId);
  };
};

describe("I9: an untouched log", () => {
  test("is sound for each run and for all, with as many events as there are and the head of the run's row", async () => {
    const one = await auditAfter(() => undefined);
    const every = await auditAfter(() => undefined, {});

    expect(one).toMatchObject({ is_sound: true, runs: [{ run_id: runId, broken: null, events: one.events }] });
    expect(every.is_sound).toBe(true);
    expect(every.runs).toHaveLength(2);
    expect(every.events).toBeGreaterThan(one.events);
  });

  test("has the head that the run's report prints, whole or shortened", async () => {
    expect(await auditAfter(() => undefined, { run: runId, head: report.chain_head })).toMatchObject({
      is_sound: true,
    });
    const shortened = { run: runId.slice(0, -1), head: report.chain_head.slice(0, 12) };
    expect(await auditAfter(() => undefined, shortened)).toMatchObject({ is_sound: true });
  });

  test("of a run longer than one page is walked to its end", async () => {
    const path = join(folder, "long.db");
    const store = await openStore(`sqlite:${path}`);
    const { runRecord } = await import("../support/records.js");
    await store.commit({
      statements: store.runs.create(runRecord("long")),
      events: [{ runId: "long", type: "run_started", key: "run_started", data: {} }],
    });
    const notes = Array.from({ length: 1_999 }, (_, n) => ({
      runId: "long",
      type: "run_resumed" as const,
      key: `run_resumed:${n}`,
      data: { n },
    }));
    await store.commit({ statements: [], events: notes });

    expect(await auditRuns(store, { run: "long" })).toMatchObject({ is_sound: true, events: 2_000 });
    await store.close();
  });
});

describe("I9: a changed event is found, whichever byte of it", () => {
  test.each([
    ["data", '{"title":"something else"}', "hash_differs"],
    ["type", "task_failed", "hash_differs"],
    ["at", "2020-01-01T00:00:00.000Z", "hash_differs"],
    ["key", "task_done:T6:2", "hash_differs"],
    ["task_id", "T7", "hash_differs"],
    ["task_id", null, "hash_differs"],
    ["hash", "0".repeat(64), "hash_differs"],
    ["previous_hash", "0".repeat(64), "previous_differs"],
  ])("its %s made %j", async (column, value, fault) => {
    const broken = await brokenAfter(set(column, value, 4));

    expect(broken).toMatchObject({ seq: 4, fault });
    expect(broken?.what).toMatch(/changed|replaced/u);
  });

  test.each([
    ["data", "{nothing"],
    ["data", "[1]"],
    ["data", Buffer.from([0xff, 0x00])],
    ["at", "yesterday"],
    ["at", "2026-01-01 00:00:00"],
    ["key", Buffer.from("key")],
    ["hash", 7.5],
  ])("its %s made %j, which no event can hold", async (column, value) => {
    expect(await brokenAfter(set(column, value, 4))).toMatchObject({
      fault: expect.stringMatching(/unreadable|hash_differs/u),
    });
  });

  test("a space in its data, which changes no meaning", async () => {
    const widen: Tamper = (db) => {
      db.prepare("update events set data = replace(data, '\":', '\": ') where run_id = ? and seq = 4").run(runId);
    };

    expect(await brokenAfter(widen)).toMatchObject({ seq: 4, fault: "unreadable" });
  });

  test("every single byte of the data of one event", async () => {
    const db = new BetterSqlite3(original, { readonly: true });
    const { data } = rowsOf(db)[3] ?? { data: "" };
    db.close();
    const path = join(folder, "bytes.db");
    copyFileSync(original, path);
    const other = new BetterSqlite3(path);
    const store = await openStore(`sqlite:${path}`);
    const missed: number[] = [];
    for (let at = 0; at < data.length; at++) {
      set("data", `${data.slice(0, at)}${data[at] === "x" ? "y" : "x"}${data.slice(at + 1)}`, 4)(other);
      if ((await auditRuns(store, { run: runId })).runs[0]?.broken?.seq !== 4) missed.push(at);
    }
    await store.close();
    other.close();

    expect(missed).toEqual([]);
  });
});

describe("I9: a removed, moved or added event is found", () => {
  test.each([
    ["the first", [1], 1],
    ["one in the middle", [7], 7],
    ["two in the middle", [7, 8], 7],
  ])("removed: %s", async (_, seqs, first) => {
    const broken = await brokenAfter(remove(...seqs));

    expect(broken).toMatchObject({ seq: first, fault: "missing", key: null });
    expect(broken?.what).toContain("missing");
  });

  test("removed and the later ones renumbered", async () => {
    const close: Tamper = (db) => {
      for (const { seq } of rowsOf(db).filter((row) => row.seq > 7)) set("seq", seq - 1, seq)(db);
    };

    expect(await brokenAfter(all(remove(7), close))).toMatchObject({ seq: 7, fault: "previous_differs" });
  });

  test("all removed", async () => {
    expect(await brokenAfter((db) => db.exec("delete from events"))).toMatchObject({ seq: 1, fault: "missing" });
  });

  test("two swapped", async () => {
    expect(await brokenAfter(all(set("seq", 999, 5), set("seq", 5, 6), set("seq", 6, 999)))).toMatchObject({ seq: 5 });
  });

  test("one inserted in the middle with a hash of its own, the later ones moved up", async () => {
    const insert: Tamper = (db) => {
      for (const { seq } of rowsOf(db)
        .reverse()
        .filter((row) => row.seq > 4))
        set("seq", seq + 1, seq)(db);
      const before = rowsOf(db)[3];
      const row = { seq: 5, key: "forged", type: "task_done", task_id: "T6", at: before?.at ?? "", data: "{}" };
      append(db, { ...row, previous_hash: before?.hash ?? "" });
    };

    expect(await brokenAfter(insert)).toMatchObject({ seq: 6, fault: "previous_differs" });
  });

  test("one added behind the last with a hash that fits", async () => {
    const add: Tamper = (db) => append(db, nextRow(db));

    expect(await brokenAfter(add)).toMatchObject({ key: "forged", fault: "after_head" });
  });

  test("one put before the first", async () => {
    const add: Tamper = (db) => append(db, { ...nextRow(db), seq: 0, previous_hash: "" });

    expect(await brokenAfter(add)).toMatchObject({ seq: 0, key: "forged" });
  });
});

describe("I9: a cut tail is found", () => {
  test("by the run's row, which counts more", async () => {
    expect(await brokenAfter(cutBehind(15, false))).toMatchObject({ seq: 16, fault: "missing" });
  });

  test.each([15, 20])(
    "behind event %i, also when the run's row was rewritten: rows tell of what no event tells",
    async (keep) => {
      expect(await brokenAfter(cutBehind(keep, true))).toMatchObject({ seq: keep + 1, fault: "untold" });
    },
  );

  test("when every row that tells of it was rewritten too: by the head that the report prints", async () => {
    const forget: Tamper = (db) => {
      db.prepare("update runs set status = 'running', report = null where run_id = ?").run(runId);
      db.prepare("delete from tasks where run_id = ?").run(runId);
      db.prepare("delete from approvals where run_id = ?").run(runId);
      db.prepare("delete from observations where run_id = ?").run(runId);
      db.prepare("delete from effects where run_id = ?").run(runId);
    };
    const tamper = all(cutBehind(10, true), forget);

    expect(await auditAfter(tamper)).toMatchObject({ is_sound: true });
    expect(await brokenAfter(tamper, report.chain_head)).toMatchObject({ fault: "unknown_head" });
  });
});

describe("I9: a log that was rewritten, every hash made anew", () => {
  const change = (row: Row): Row => ({ ...row, data: JSON.stringify({ ...JSON.parse(row.data), summary: "forged" }) });

  test("is found by the run's own report", async () => {
    expect(await brokenAfter(forgeFrom(4, change))).toMatchObject({ fault: "unknown_head" });
  });

  test("is found by the head on paper when the stored report was changed to fit", async () => {
    const adapt: Tamper = (db) => {
      const head = rowsOf(db).find(({ type }) => type === "kpi_observed")?.hash;
      db.prepare("update runs set report = json_set(report, '$.chain_head', ?) where run_id = ?").run(head, runId);
    };

    expect(await brokenAfter(all(forgeFrom(4, change), adapt))).toMatchObject({
      fault: "report_differs",
      key: "report_written",
    });
    expect(await brokenAfter(forgeFrom(4, change), report.chain_head)).toMatchObject({ fault: "unknown_head" });
  });

  test("a report that was changed alone is not the one that the log tells of", async () => {
    const rewrite: Tamper = (db) => {
      db.prepare("update runs set report = json_set(report, '$.summary', 'All went well.') where run_id = ?").run(
        runId,
      );
    };

    expect(await brokenAfter(rewrite)).toMatchObject({ fault: "report_differs", key: "report_written" });
  });
});

describe("I9: rows around the log", () => {
  test("a run whose row was removed is told of by its events", async () => {
    const tamper: Tamper = (db) => db.prepare("delete from runs where run_id = ?").run(runId);
    const { is_sound, runs } = await auditAfter(tamper, {});

    expect(is_sound).toBe(false);
    expect(runs.find(({ run_id }) => run_id === runId)?.broken).toMatchObject({ seq: 1, fault: "untold" });
  });

  test("a figure recorded after the end, its event cut off and the run's row rewritten", async () => {
    const cut: Tamper = (db) => {
      expect(rowsOf(db).at(-1)).toMatchObject({ key: "kpi_observed:csat_threshold:recorded" });
      cutBehind(rowsOf(db).length - 1, true)(db);
    };

    expect(await brokenAfter(cut)).toMatchObject({
      fault: "untold",
      what: expect.stringContaining("dana recorded 4 for csat_threshold"),
    });
  });

  test("a figure that was corrected is sound, and no longer when its first value is put back", async () => {
    const path = join(folder, "corrected.db");
    copyFileSync(original, path);
    const orchestrator = await composeOrchestrator({ store: `sqlite:${path}` });
    const correction = { by: "dana", correct: true, reason: "misheard" };
    await orchestrator.insight.recordKpi(runId, "csat_threshold", 5, correction);
    const before = await orchestrator.insight.audit({ run: runId });
    await orchestrator.close();
    const db = new BetterSqlite3(path);
    db.exec("update observations set value = 4 where basis = 'recorded'");
    db.close();
    const store = await openStore(`sqlite:${path}`);
    const after = await auditRuns(store, { run: runId });
    await store.close();

    expect(before).toMatchObject({ is_sound: true });
    expect(after.runs[0]?.broken).toMatchObject({
      fault: "row_differs",
      key: expect.stringMatching(/^kpi_observed:csat_threshold:corrected/u),
    });
  });

  test.each([
    ["approvals", "decided_by = 'mallory'", "status = 'approved'", "approval_decided"],
    ["approvals", "status = 'rejected'", "status = 'approved'", "approval_decided"],
    ["approvals", "role = 'nobody'", "1", "approval_requested"],
    ["observations", "value = 3", "basis = 'recorded'", "kpi_observed"],
    ["observations", "by = 'mallory'", "basis = 'recorded'", "kpi_observed"],
    ["observations", "value = 77", "basis <> 'recorded'", "kpi_observed"],
    ["tasks", "result_digest = zeroblob(32)", "status = 'done'", "task_done"],
    ["tasks", "agent_id = 'A99'", "status = 'done'", "task_done"],
    ["tasks", "status = 'todo'", "status = 'done'", "task_done"],
    ["effects", "status = 'claimed'", "status = 'done'", "effect_done"],
    ["effects", "tool = 'wire_money'", "1", "effect_claimed"],
    ["effects", "approval_id = 'forged'", "approval_id is not null", "effect_claimed"],
    ["runs", "status = 'failed'", "1", "run_completed"],
    ["runs", "status = 'waiting'", "1", "run_completed"],
    ["runs", "title = 'Another customer'", "1", "run_started"],
    ["runs", "mission_version = 'other'", "1", "run_started"],
  ])("%s: %s, and the event that tells otherwise is named", async (name, change, where, type) => {
    const tamper: Tamper = (db) => {
      const { changes } = db.prepare(`update ${name} set ${change} where run_id = ? and ${where}`).run(runId);
      expect(changes).toBeGreaterThan(0);
    };

    expect(await brokenAfter(tamper)).toMatchObject({ fault: "row_differs", type });
  });

  test("an effect whose outcome another run found is sound; told by no run at all it is not", async () => {
    const outcome = "type = 'effect_done' and run_id = ?";
    const forget: Tamper = (db) => {
      const seq = db.prepare(`select max(seq) from events where ${outcome}`).pluck().get(runId);
      const keep = Number(seq) - 1;
      const gone = rowsOf(db).find((row) => row.seq === seq);
      const claim = String(gone?.key).split(":").slice(1).join(":");
      cutBehind(keep, true)(db);
      db.prepare("update runs set status = 'running', report = null where run_id = ?").run(runId);
      db.prepare("delete from tasks where run_id = ?").run(runId);
      db.prepare("delete from approvals where run_id = ?").run(runId);
      db.prepare("delete from observations where run_id = ?").run(runId);
      db.prepare("update effects set scope = 'case' where run_id = ?").run(runId);
      db.prepare("update events set key = ? where run_id <> ? and seq = 1").run(`effect_done:${claim}`, runId);
      db.prepare("update events set type = 'effect_done' where run_id <> ? and seq = 1").run(runId);
    };

    const elsewhere = await auditAfter(forget);
    const nowhere = await auditAfter((db) => {
      forget(db);
      db.prepare("update events set key = 'other' where run_id <> ? and seq = 1").run(runId);
    });

    expect(elsewhere).toMatchObject({ is_sound: true });
    expect(nowhere.runs[0]?.broken).toMatchObject({ fault: "untold", what: expect.stringContaining("was done") });
  });

  test.each([
    ["runs", "head_hash", "'x'"],
    ["runs", "case_data", "'{'"],
    ["runs", "report", "'{'"],
    ["approvals", "shown", "'{'"],
    ["effects", "claimed_at", "'soon'"],
  ])("a value of %s.%s that cannot be is a finding, never a crash", async (name, column, value) => {
    const broken = await brokenAfter((db) =>
      db.prepare(`update ${name} set ${column} = ${value} where run_id = ?`).run(runId),
    );

    expect(broken?.fault).toMatch(/unreadable|head_differs|untold/u);
  });

  test("one broken run does not hide that the others are sound", async () => {
    const { is_sound, runs } = await auditAfter(set("data", "{}", 4), {});

    expect(is_sound).toBe(false);
    expect(runs.map((run) => run.is_sound).sort()).toEqual([false, true]);
  });
});

function nextRow(db: BetterSqlite3.Database): Omit<Row, "hash"> {
  const last = rowsOf(db).at(-1);
  const place = { seq: (last?.seq ?? 0) + 1, previous_hash: last?.hash ?? "", at: last?.at ?? "" };
  return { ...place, key: "forged", type: "task_done", task_id: null, data: "{}" };
}

function append(db: BetterSqlite3.Database, row: Omit<Row, "hash">): void {
  db.prepare(
    "insert into events (run_id, seq, key, type, task_id, at, data, previous_hash, hash) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  ).run(
    ...[runId, row.seq, row.key, row.type, row.task_id, row.at, row.data, row.previous_hash],
    hashOf({ ...row, hash: "" }),
  );
}
