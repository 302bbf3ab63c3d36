import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MissionTestView } from "../../../core/mission-test.js";
import { callMany, runCli, runJson } from "./child.js";

const INDEX = pathToFileURL(join(import.meta.dirname, "../../../index.ts")).href;
const ZOD = pathToFileURL(join(import.meta.dirname, "../../../node_modules/zod/index.js")).href;
const LONG = 120_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mission-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A mission whose one task adds up, with cases that expect something. */
function sums(name: string, items: readonly object[], task: object = {}): string {
  const path = join(folder, `${name}.json`);
  const mission = {
    mission_id: "X1",
    slug: "sums",
    mission_name: "Add up",
    description: "One and one.",
    cases: { id: "id", title: "case.id", items },
    blackboard: { result: { schema: {} } },
    tasks: [
      {
        task_id: "add",
        task: "Add up",
        skill: "compute",
        order: 1,
        inputs: { expression: "case.sum", as: { value: "result" } },
        writes: ["result"],
        estimated_duration_minutes: 1,
        requires_human_approval: true,
        ...task,
      },
    ],
  };
  writeFileSync(path, JSON.stringify(mission));
  return path;
}

describe("mission test of the sample missions", () => {
  test("the cases that say what they expect are as expected, and the version is told", { timeout: LONG }, async () => {
    const place = mkdtempSync(join(folder, "samples-"));
    const ended = await callMany(
      ["customer-onboarding", "sales-pipeline", "support-resolution"].map((slug) => ["test", slug, "--json"]),
      place,
    );
    const views: MissionTestView[] = ended.map(({ out }) => JSON.parse(out));

    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const view of views) expect(view).toMatchObject({ ok: true, failed: 0 });
    expect(views.flatMap(({ cases }) => cases.map(({ case_id, status }) => `${case_id} ${status}`))).toEqual([
      "C-1001 completed",
      "C-1002 waiting",
      "C-1014 failed",
      "D-1001 completed",
      "D-1007 waiting",
      "TK-1001 completed",
      "TK-1009 waiting",
    ]);
    for (const { mission_version } of views) expect(mission_version).toMatch(/^[0-9a-f]{64}$/u);
    expect(readdirSync(place)).toEqual([]);
  });
});

describe("what a case expects", () => {
  test("fails with the expression and what was found, and the others still run", { timeout: LONG }, async () => {
    const file = sums("wrong", [
      { id: "good", sum: "1 + 1", expect: { that: { two: "report.blackboard.result == 2.0" } } },
      {
        id: "bad",
        sum: "1 + 2",
        expect: { that: { two: "report.blackboard.result == 2.0", ended: "report.status == 'completed'" } },
      },
      { id: "silent", sum: "0" },
    ]);
    const { code, json } = await runJson(["test", file], folder);
    const text = await runCli(["test", file, "--case", "bad"], folder);

    expect(code).toBe(1);
    expect(json).toMatchObject({
      passed: 1,
      failed: 1,
      cases: [
        { case_id: "good", ok: true },
        {
          case_id: "bad",
          ok: false,
          expectations: [
            { name: "two", ok: false, values: { "report.blackboard.result": 3 } },
            { name: "ended", ok: true, values: {} },
          ],
        },
      ],
    });
    expect(text.code).toBe(1);
    expect(text.out).toContain("expected  report.blackboard.result == 2.0");
    expect(text.out).toContain("found     report.blackboard.result is 3");
    expect(text.out).toContain("1 case failed, 0 passed.");
    expect(text.out).not.toContain("good");
  });

  test("one that can be met by no run is misuse, told with its place and column, and the others still run", {
    timeout: LONG,
  }, async () => {
    const that = { ended: "report.status = 'completed'", known: "reprot.status == 'completed'", well: "true" };
    const file = sums("unreadable", [
      { id: "one", sum: "1", expect: { that } },
      { id: "fine", sum: "1", expect: { that: ["true"] } },
      { id: "two", sum: "1", expect: { that: ["1 +"], decisions: {} } },
      { id: "three", sum: "1", expect: { thta: ["true"] } },
      { id: "early", sum: "1", received_at: "-P1Y", expect: { that: ["true"] } },
    ]);
    const { code, json } = await runJson(["test", file], folder);
    const text = await runCli(["test", file], folder);

    expect(code).toBe(2);
    expect(json).toMatchObject({ ok: false, passed: 1, failed: 0, misshapen: 4 });
    const told = (json as MissionTestView).cases; // safe: what test prints
    expect(told.map(({ case_id, ok, status }) => [case_id, ok, status])).toEqual([
      ["one", false, null],
      ["fine", true, "completed"],
      ["two", false, null],
      ["three", false, null],
      ["early", false, null],
    ]);
    expect(told[0]?.faults).toEqual([
      { pointer: "/expect/that/ended", message: expect.stringContaining("column 15") },
      { pointer: "/expect/that/known", message: expect.stringMatching(/"reprot".*Did you mean "report"\?/u) },
    ]);
    expect(told[3]?.faults[0]?.pointer).toMatch(/^\/expect/u);
    expect(told[4]?.faults[0]?.message).toContain("received_at");
    expect(text.code).toBe(2);
    expect(text.out).toMatch(/^✗ one {2}misshapen, not run\n {4}\/expect\/that\/ended: .*column 15/mu);
    expect(text.out).toContain("✓ fine");
    expect(text.out).toContain("0 cases failed, 1 passed, 4 misshapen and not run.");
  });

  test("an expression that cannot be evaluated over this run fails with its column", { timeout: LONG }, async () => {
    const file = sums("broken", [
      {
        id: "one",
        sum: "1",
        expect: { that: ["report.nowhere.deep == 1.0", "report.status"] },
      },
    ]);
    const { code, json } = await runJson(["test", file], folder);

    expect(code).toBe(1);
    const [one] = (json as MissionTestView).cases; // safe: what test prints
    expect(one?.expectations.map(({ ok, error }) => [ok, error])).toEqual([
      [false, expect.stringMatching(/column \d+/u)],
      [false, expect.stringContaining("true or false is needed")],
    ]);
  });

  test("decides as it says, in turn, and otherwise approves", { timeout: LONG }, async () => {
    const no = { type: "reject", comment: "Once more." };
    const decided = "report.decisions.map(d, d.decision)";
    const file = sums("decided", [
      { id: "yes", sum: "1", expect: { that: [`${decided} == ['approved'] && report.decisions[0].by == 'test'`] } },
      { id: "twice", sum: "1", expect: { decisions: { add: [no] }, that: [`${decided} == ['rejected', 'approved']`] } },
      {
        id: "never",
        sum: "1",
        expect: { decisions: { add: { ...no, final: true } }, that: ["report.status == 'failed'"] },
      },
      {
        id: "edited",
        sum: "1",
        expect: {
          decisions: { add: { type: "edit", edited: { value: 9, result: 9 } } },
          that: ["report.blackboard.result == 9.0"],
        },
      },
      {
        id: "open",
        sum: "1",
        expect: { decisions: { add: { type: "wait" } }, that: ["report == null && questions[0].task_id == 'add'"] },
      },
    ]);
    const { code, json } = await runJson(["test", file], folder);

    expect((json as MissionTestView).cases.map(({ case_id, ok }) => [case_id, ok])).toEqual(
      ["yes", "twice", "never", "edited", "open"].map((id) => [id, true]),
    );
    expect(code).toBe(0);
  });

  test("is no part of the case: no expression of the mission sees it", { timeout: LONG }, async () => {
    const file = sums(
      "unseen",
      [{ id: "one", sum: "1", expect: { that: ["report.blackboard.result == false && !has(case.expect)"] } }],
      {
        inputs: { expression: { value: "has(it.expect)" }, it: { cel: "case" }, as: { value: "result" } },
      },
    );

    expect((await runJson(["test", file], folder)).json).toMatchObject({ ok: true });
  });
});

describe("what cannot be tested", () => {
  test.each<[string, readonly object[], readonly string[], RegExp]>([
    ["no case with expect", [{ id: "one", sum: "1" }], [], /"expect": add "expect"/u],
    [
      "a case without expect",
      [
        { id: "one", sum: "1" },
        { id: "two", sum: "1", expect: { that: ["true"] } },
      ],
      ["--case", "one"],
      /Case one has no "expect"/u,
    ],
    [
      "a case that is not there",
      [{ id: "one", sum: "1", expect: { that: ["true"] } }],
      ["--case", "nobody"],
      /no sample case "nobody"/u,
    ],
  ])("%s is misuse", async (name, items, flags, expected) => {
    const { code, out, err } = await runCli(["test", sums(name.replaceAll(" ", "-"), items), ...flags], folder);

    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(expected);
  });

  test.each<[string, object, RegExp]>([
    ["an expect without that", { decisions: {} }, /\/expect\/that/u],
    ["an expect of nothing", { that: [] }, /at least one expression/u],
    ["an unknown field", { that: ["true"], decision: {} }, /Did you mean "decisions"/u],
  ])("%s is misuse, told of its case", async (name, expected, told) => {
    const file = sums(name.replaceAll(" ", "-"), [{ id: "one", sum: "1", expect: expected }]);
    const { code, out, err } = await runCli(["test", file], folder);

    expect([code, err]).toEqual([2, ""]);
    expect(out).toContain("✗ one");
    expect(out).toMatch(told);
  });
});

describe("I2: a test does nothing outside", () => {
  test("a tool with an effect is recorded and answered, not run", { timeout: LONG }, async () => {
    const place = mkdtempSync(join(folder, "outside-"));
    mkdirSync(join(place, "missions"));
    writeFileSync(join(place, "package.json"), '{ "type": "module" }');
    writeFileSync(join(place, "parts.ts"), partsThatWrite(join(place, "done.txt")));
    writeFileSync(join(place, "mission.config.ts"), CONFIG);
    writeFileSync(join(place, "missions", "notes.json"), JSON.stringify(NOTES));
    const { code, json } = await runJson(["test", "notes"], place);

    expect(json).toMatchObject({
      ok: true,
      cases: [
        { case_id: "made-up", not_run: ["write_note"] },
        { case_id: "given", not_run: ["write_note"] },
      ],
    });
    expect(code).toBe(0);
    expect(existsSync(join(place, "done.txt"))).toBe(false);

    await runCli(["run", "notes", "--case", "given"], place);
    expect(existsSync(join(place, "done.txt"))).toBe(true);
  });
});

const NOTES = {
  mission_id: "N1",
  slug: "notes",
  mission_name: "Write a note",
  description: "One note outside.",
  cases: {
    id: "id",
    title: "case.id",
    items: [
      {
        id: "made-up",
        expect: {
          that: ["report.blackboard.note == 'test'", "effects.size() == 1 && effects[0].tool == 'write_note'"],
        },
      },
      { id: "given", expect: { effects: { write_note: { note: "N-7" } }, that: ["report.blackboard.note == 'N-7'"] } },
    ],
  },
  agents: ["N1"],
  blackboard: { note: { schema: { type: "string" } } },
  tasks: [
    {
      task_id: "write",
      task: "Write the note",
      skill: "write_it",
      order: 1,
      writes: ["note"],
      estimated_duration_minutes: 1,
      requires_human_approval: false,
    },
  ],
};

const CONFIG = `import { writer, writeNote } from "./parts.js";
export default { missions: "missions", agents: [writer], tools: [writeNote] };
`;

function partsThatWrite(file: string): string {
  return `import { writeFileSync } from "node:fs";
import { z } from "${ZOD}";
import { defineAgent, definePlaybook, defineTool, valueFrom } from "${INDEX}";
export const writeNote = defineTool({
  name: "write_note", description: "Writes a note outside.", effect: "writes", reach: "own", timeoutMs: 1000, maxCostMicroUsd: 0,
  input: z.strictObject({ id: z.string() }), output: z.strictObject({ note: z.string() }),
  dedupeKey: ({ id }) => id, dedupeScope: "case",
  async run() { writeFileSync(${JSON.stringify(file)}, "done"); return { note: "real" }; },
});
export const writer = defineAgent({
  agentId: "N1", slug: "writer", name: "Writer", description: "Writes notes.", tools: ["write_note"],
  skills: { write_it: definePlaybook({
    skill: "write_it", version: "1", input: z.looseObject({}), output: z.strictObject({ note: z.string() }), tools: ["write_note"],
    async run(context) { return valueFrom(await context.call("write_note", { id: "1" })); },
  }) },
});
`;
}
