import { describe, expect, test } from "vitest";
import { createPaint, forTerminal, jsonText, unpainted } from "../../../apps/cli/paint.js";
import { callCli } from "./fake-host.js";
import { approvalView, finalReport, outcome, runSummary, statusView, taskView } from "./samples.js";

const ESC = "\u001b";
const BELL = "\u0007";
/** A colour, a wiped screen, a title of the window, an erased line, an 8-bit sequence, a turned order. */
const NASTY = `Hol${ESC}[31mlis${ESC}[2J${ESC}]0;owned${BELL}\rgood\u0000\u009b1m\u202ex`;
const STEERING = /[^\P{Cc}\n]|[\u2028-\u202e\u2066-\u2069]/u;
const OUR_COLOURS = new RegExp(`${ESC}\\[(?:1|2|22|3[1-69])m`, "gu");
const COLOURED = { hasColors: true, columns: 200 };

describe("what goes to a terminal", () => {
  test.each([
    ["an escape code, even one of a colour", `a${ESC}[31mb`, "a\ufffd[31mb"],
    ["a title of the window", `${ESC}]0;x${BELL}`, "\ufffd]0;x\ufffd"],
    ["an 8-bit escape, NUL and DEL", "\u009b2J\u0000\u007f", "\ufffd2J\ufffd\ufffd"],
    ["a lone carriage return", "bad\rgood", "bad\ufffdgood"],
    ["bidi overrides and line separators", "\u202ea\u2066b\u2028c", "\ufffda\ufffdb\ufffdc"],
  ])("%s becomes visible", (_, text, shown) => {
    expect(forTerminal(text)).toBe(shown);
  });

  test("line breaks, tabs as spaces, and letters of any script stay", () => {
    expect(forTerminal("a\r\nb\tc\nשלום Ωß 👩‍🚀")).toBe("a\nb c\nשלום Ωß 👩‍🚀");
  });

  test("our colours survive around text that brings its own", () => {
    const painted = createPaint(true).bold(createPaint(true).red(`x${ESC}[0m`));

    expect(forTerminal(painted)).toBe(`${ESC}[1m${ESC}[31mx\ufffd[0m${ESC}[39m${ESC}[22m`);
    expect(unpainted(painted)).toBe(`x${ESC}[0m`);
  });

  test("JSON holds no steering character and reads back as the same value", () => {
    const text = jsonText({ title: NASTY });

    expect(text).not.toMatch(STEERING);
    expect(JSON.parse(text)).toEqual({ title: NASTY });
  });
});

describe("data of a case cannot steer the terminal", () => {
  const approval = approvalView({ title: NASTY, summary: `${NASTY}\nReally?` });
  const waiting = { title: NASTY, status: "waiting", approvals: [approval] } as const;
  const api = {
    runs: async () => [runSummary({ title: NASTY })],
    approvals: async () => [approval],
    status: async () => statusView({ ...waiting, tasks: { T1: taskView({ summary: NASTY, title: NASTY }) } }),
    start: async () => outcome({ ...waiting, note: NASTY }),
    report: async () => finalReport({ title: `${NASTY}\n# Forged`, summary: NASTY }),
    cancel: async () => {
      throw new Error(NASTY);
    },
  };

  test.each([
    [["runs"]],
    [["approvals"]],
    [["status", "run1"]],
    [["run", "x"]],
    [["report", "run1"]],
    [["report", "run1", "--format", "json"]],
    [["cancel", "run1"]],
    [[]],
  ])("`mission %s`", async (args) => {
    const { out, err } = await callCli(args, api, COLOURED);

    const shown = `${out}${err}`;
    expect(shown).toContain("Hol");
    expect(shown).not.toContain(`${ESC}[31mlis`);
    expect(shown.replaceAll(OUR_COLOURS, "")).not.toMatch(STEERING);
  });

  test("a title and a question of several lines take one line each", async () => {
    const lines = { ...approval, title: "One\nTwo", summary: "May\nit?" };
    const view = statusView({ title: "One\nTwo", status: "waiting", approvals: [lines] });

    const status = await callCli(["status", "run1"], { status: async () => view });
    const table = await callCli(["approvals"], { approvals: async () => [lines] });
    const report = await callCli(["report", "run1"], api);

    expect(status.out).toContain("One Two  waiting");
    expect(status.out).toContain("? May it?");
    expect(table.out.trimEnd().split("\n")).toHaveLength(2);
    expect(report.out).not.toMatch(/^# Forged/mu);
  });

  test("a title without end is shortened, in a pipe too, and whole under --json", async () => {
    const title = "x".repeat(200_000);
    const given = { runs: async () => [runSummary({ title })], start: async () => outcome({ title }) };

    const table = await callCli(["runs"], given);
    const line = await callCli(["run", "x"], given);
    const document = await callCli(["runs", "--json"], given);

    expect(table.out.length).toBeLessThan(3_000);
    expect(line.out.length).toBeLessThan(1_000);
    expect(document.json).toEqual([runSummary({ title })]);
  });
});
