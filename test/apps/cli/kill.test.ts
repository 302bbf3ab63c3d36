import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ended } from "./child.js";
import { callMany } from "./child.js";

const MAIL = ["--tool", "put_in_outbox"];
const WHY = ["--by", "ada", "--reason", "the outbox repeats itself"];
const GRACE = ["--by", "grace", "--reason", "mended"];
const CALLS = {
  nothingOff: ["kill"],
  neverOn: ["kill", "off", ...MAIL, ...GRACE],
  on: ["kill", "on", ...MAIL, ...WHY],
  onTwice: ["kill", "on", ...MAIL, ...GRACE],
  listed: ["kill"],
  listedJson: ["kill", "--json"],
  onJson: ["kill", "on", "--agent", "data-collection-agent", ...WHY, "--json"],
  off: ["kill", "off", ...MAIL, ...GRACE],
  offTwice: ["kill", "off", ...MAIL, "--by", "ada", "--reason", "is it off?"],
  offTwiceJson: ["kill", "off", ...MAIL, "--by", "ada", "--reason", "is it off?", "--json"],
  all: ["kill", "on", "--all", ...WHY],
  stopped: ["run", "customer-onboarding", "--json"],
  allOff: ["kill", "off", "--all", ...GRACE],
  unknownTool: ["kill", "on", "--tool", "put_in_outbux", ...WHY],
  unknownAgent: ["kill", "on", "--agent", "nobody", ...WHY],
  unknownRun: ["kill", "on", "--run", "nowhere", ...WHY],
  unlisted: ["kill", "on", "--tool", "of_another_folder", "--unlisted", ...WHY],
  noReason: ["kill", "on", ...MAIL],
  noTarget: ["kill", "on", ...WHY],
  twoTargets: ["kill", "on", ...MAIL, "--all", ...WHY],
  neither: ["kill", "of", ...MAIL],
  flagsAlone: ["kill", ...MAIL],
  unknownJson: ["kill", "on", "--tool", "put_in_outbux", ...WHY, "--json"],
  leftOn: ["kill"],
} as const;

describe("F067: mission kill", () => {
  let folder: string;
  let ended: Readonly<Record<keyof typeof CALLS, Ended>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mission-kill-cli-"));
    const all = await callMany(Object.values(CALLS), folder);
    // Safe: one end for each call, in their order.
    ended = Object.fromEntries(Object.keys(CALLS).map((name, index) => [name, all[index]])) as typeof ended;
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("alone says that nothing is switched off, then lists what is, since when, by whom and why", () => {
    expect(ended.nothingOff).toEqual({ code: 0, out: "Nothing is switched off.\n", err: "" });
    expect(ended.listed).toMatchObject({ code: 0, err: "" });
    expect(ended.listed.out).toMatch(/^Switched off +Since +By +Why\n/u);
    expect(ended.listed.out).toMatch(
      /the tool put_in_outbox +\d+ \w{3} \d{4} \d\d:\d\d UTC +ada +the outbox repeats itself/u,
    );
    expect(ended.listed.out).toContain("1 act on record");
    expect(JSON.parse(ended.listedJson.out)).toMatchObject({
      on: [{ scope: "tool", subject: "put_in_outbox", by: "ada", reason: "the outbox repeats itself" }],
      acts: [{ turned: "on", scope: "tool", subject: "put_in_outbox" }],
    });
    expect(ended.leftOn.out).toMatch(/the agent A1[\s\S]*the tool of_another_folder/u);
  });

  test("switches off and on again, and says what follows", () => {
    expect(ended.on).toMatchObject({ code: 0, err: "" });
    expect(ended.on.out).toMatch(/^Switched off: the tool put_in_outbox\. No further effect of it is begun/u);
    expect(ended.off).toMatchObject({ code: 0, err: "" });
    expect(ended.off.out).toMatch(/^Switched on again: the tool put_in_outbox\./u);
    expect(ended.off.out).toContain("Still switched off: the agent A1.");
    expect(JSON.parse(ended.onJson.out)).toMatchObject({
      ...{ turned: "on", scope: "agent", subject: "A1", changed: true, runs: [] },
      act: { by: "ada", turned: "on" },
    });
  });

  test("to what stands already changes nothing, and tells whose act it is that stands", () => {
    const at = "\\d+ \\w{3} \\d{4} \\d\\d:\\d\\d UTC";
    const before = "^Nothing was changed: the kill switch for the tool put_in_outbox";

    expect([ended.neverOn, ended.onTwice, ended.offTwice].map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(ended.neverOn.out).toMatch(new RegExp(`${before} was never on\\.\n`, "u"));
    expect(ended.onTwice.out).toMatch(
      new RegExp(`${before} is on already, since ${at}, by ada: the outbox repeats itself\n`, "u"),
    );
    expect(ended.offTwice.out).toMatch(new RegExp(`${before} is off already, since ${at}, by grace: mended\n`, "u"));
    expect(JSON.parse(ended.offTwiceJson.out)).toMatchObject({
      ...{ turned: "off", changed: false },
      act: { turned: "off", by: "grace", reason: "mended" },
    });
  });

  test("for everything keeps a run from being begun: exit code 3, since the same call is good later", () => {
    expect(ended.all.out).toMatch(/^Switched off: everything\./u);
    expect(ended.stopped.code).toBe(3);
    expect(ended.allOff.out).toMatch(/^Switched on again: everything\./u);
  });

  test("refuses names that nothing here knows, with the nearest, unless they are said to be unlisted", () => {
    const refused = [ended.unknownTool, ended.unknownAgent, ended.unknownRun];

    expect(refused.map(({ code, out }) => [code, out])).toEqual([
      [2, ""],
      [2, ""],
      [2, ""],
    ]);
    expect(ended.unknownTool.err).toMatch(/There is no tool "put_in_outbux"\. Did you mean "put_in_outbox"\?/u);
    expect(ended.unknownAgent.err).toMatch(/There is no agent "nobody"\.[\s\S]*--unlisted/u);
    expect(ended.unknownRun.err).toContain("nowhere");
    expect(JSON.parse(ended.unknownJson.out)).toMatchObject({ error: { code: "name_unknown" } });
    expect(ended.unlisted).toMatchObject({ code: 0, err: "" });
    expect(ended.unlisted.out).toContain('Nothing here knows a tool "of_another_folder"');
  });

  test("asks for a reason and for exactly one target", () => {
    const misused = [ended.noReason, ended.noTarget, ended.twoTargets, ended.neither, ended.flagsAlone];

    expect(misused.map(({ code, out }) => [code, out])).toEqual(misused.map(() => [2, ""]));
    expect(ended.noReason.err).toContain("--reason");
    expect(ended.noTarget.err).toContain("exactly one of");
    expect(ended.twoTargets.err).toContain("exactly one of");
    expect(ended.neither.err).toContain('"of" is neither on nor off');
    expect(ended.flagsAlone.err).toContain('Say "kill on" or "kill off"');
  });
});
