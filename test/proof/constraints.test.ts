import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { definePlaybook, giveUp } from "../../core/define-agent.js";
import { defineTool } from "../../tools/define-tool.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import type { MissionParts } from "../support/missions.js";
import { fakeAgent } from "../support/missions.js";

const CASE = { case_id: "C1", arrives_on: "2026-05-03", check_in: "2026-05-01" };
const DAY = /\d{4}-\d\d-\d\d/u;
const FLIGHT = { from: "F", tool: "reserve_flight", field: "arrives_on" } as const;
const HOTEL = { from: "H", tool: "reserve_hotel", field: "check_in" } as const;

let engine: Engine;
/** What is booked outside, in the order booked. */
let booked: string[] = [];

afterEach(async () => {
  await engine.drop();
  booked = [];
});

function reserve(name: string, field: string) {
  return defineTool({
    name,
    description: "Reserves for a day.",
    input: z.strictObject({ [field]: z.string() }),
    output: z.strictObject({ day: z.string() }),
    effect: "writes",
    reach: "own",
    dedupeKey: (args) => String(args[field]),
    dedupeScope: "run",
    timeoutMs: 5_000,
    maxCostMicroUsd: 0,
    async run(args) {
      booked.push(`${name} ${String(args[field])}`);
      return { day: String(args[field]) };
    },
  });
}

/** Reserves as the case says; told that it does not fit, as it was told. */
function direct({ tool, field }: typeof FLIGHT | typeof HOTEL) {
  return definePlaybook({
    skill: tool,
    version: "1",
    input: z.looseObject({}),
    output: z.strictObject({ [field]: z.string() }),
    tools: [tool],
    async run(context) {
      const wanted = String(context.caseData[field]);
      const first = await context.call(tool, { [field]: wanted });
      if (first.ok) return { [field]: wanted };
      const told = DAY.exec(first.reason)?.[0];
      if (first.code !== "constraint_broken" || told === undefined) throw giveUp("permanent", first.reason);
      const second = await context.call(tool, { [field]: told });
      if (!second.ok) throw giveUp("permanent", second.reason);
      return { [field]: told };
    },
  });
}

/** Proposes to reserve as the case says, or as its last result was answered. */
function proposing({ tool, field }: typeof FLIGHT | typeof HOTEL) {
  return definePlaybook({
    skill: tool,
    version: "1",
    input: z.looseObject({}),
    output: z.strictObject({ [field]: z.string() }),
    tools: [],
    proposes: [{ tool, args: { [field]: `/${field}` } }],
    async run({ caseData, feedback }) {
      const told = DAY.exec(feedback.at(-1)?.reason ?? "")?.[0];
      return { [field]: told ?? String(caseData[field]) };
    },
  });
}

async function open(make: typeof direct | typeof proposing, parts: Partial<MissionParts> = {}, isAsked = false) {
  const task = (of: typeof FLIGHT | typeof HOTEL) => ({
    task_id: of.from,
    skill: of.tool,
    requires_human_approval: isAsked,
  });
  const [flight, hotel] = [reserve("reserve_flight", "arrives_on"), reserve("reserve_hotel", "check_in")];
  engine = await openEngine({
    agents: [
      fakeAgent("A1", "flyer", [make(FLIGHT)], { tools: ["reserve_flight"] }),
      fakeAgent("A2", "sleeper", [make(HOTEL)], { tools: ["reserve_hotel"] }),
    ],
    tools: [flight, hotel],
    missions: [
      { cases: { id: "case_id", title: "case.case_id", items: [CASE] }, tasks: [task(FLIGHT), task(HOTEL)], ...parts },
    ],
  });
  return engine.orchestrator;
}

const BY_ARGUMENTS = [
  {
    constraint_id: "hotel_fits",
    holds: "F == null || F.arrives_on <= args.check_in",
    tasks: ["H"],
    message: "The flight arrives on {{ F.arrives_on }}: check in then or later.",
  },
  {
    constraint_id: "flight_fits",
    holds: "H == null || args.arrives_on <= H.check_in",
    tasks: ["F"],
    message: "The room is taken from {{ H.check_in }} on: arrive then or before.",
  },
];
const BY_RESULTS = [
  {
    constraint_id: "stay_fits",
    holds: "F == null || H == null || F.arrives_on <= H.check_in",
    tasks: ["F", "H"],
    message: "They do not fit: {{ tool == 'reserve_hotel' ? F.arrives_on : H.check_in }} would.",
  },
];

async function refusals(run: string) {
  const events = await engine.parts.store.events.of(run);
  return events.filter(({ type }) => type === "tool_refused").map(({ data }) => [data["code"], data["constraint"]]);
}

/** Both are booked once, for days that fit. */
function expectFit(): void {
  const day = (tool: string) => booked.filter((line) => line.startsWith(tool)).map((line) => DAY.exec(line)?.[0] ?? "");
  const [flights, hotels] = [day("reserve_flight"), day("reserve_hotel")];
  expect([flights.length, hotels.length]).toEqual([1, 1]);
  expect((flights[0] ?? "9") <= (hotels[0] ?? "0")).toBe(true);
}

describe("I3: an act that breaks a constraint over several tasks is refused before it is done", () => {
  test("two agents that call at the same time: the second reads why, and books what fits", async () => {
    const orchestrator = await open(direct, { constraints: BY_ARGUMENTS });

    const { run_id: run, status } = await orchestrator.start("test-mission");

    expect(status).toBe("completed");
    expectFit();
    expect(await refusals(run)).toEqual([["constraint_broken", expect.stringMatching(/_fits$/u)]]);
  });

  test("a result that proposes such an act goes back to its agent with the reason", async () => {
    const orchestrator = await open(proposing, { constraints: BY_RESULTS });

    const { run_id: run, status } = await orchestrator.start("test-mission");

    expect(status).toBe("completed");
    expectFit();
    const { tasks } = await orchestrator.status(run);
    expect(
      Object.values(tasks)
        .map(({ attempts }) => attempts)
        .sort(),
    ).toEqual([1, 2]);
    expect(await refusals(run)).toEqual([["constraint_broken", "stay_fits"]]);
  });

  test("what a person agreed to before the other act was done is looked at again at its own", async () => {
    const orchestrator = await open(proposing, { constraints: BY_RESULTS }, true);
    const { run_id: run } = await orchestrator.start("test-mission");
    const asked = await orchestrator.approvals({ run });
    expect(asked).toHaveLength(2);
    for (const { approval_id: id } of asked)
      await orchestrator.decide(id, { decision: { type: "approve" }, by: "ada", continue: false });

    await orchestrator.resume(run);
    expect(booked).toHaveLength(1);
    const [again, ...others] = await orchestrator.approvals({ run });
    expect(others).toEqual([]);
    await orchestrator.decide(again?.approval_id ?? "", { decision: { type: "approve" }, by: "ada" });

    expect(await orchestrator.status(run)).toMatchObject({ status: "completed" });
    expectFit();
  });

  test("one that cannot be read refuses: nothing is done on a rule that nobody could apply", async () => {
    const orchestrator = await open(direct, {
      constraints: [{ ...BY_ARGUMENTS[0]!, holds: "case.nights > 0.0 || F == null" }],
    });

    const { run_id: run } = await orchestrator.start("test-mission", { caseRef: { ...CASE, nights: "three" } });

    expect(booked).toEqual(["reserve_flight 2026-05-03"]);
    expect((await orchestrator.status(run)).tasks["H"]).toMatchObject({ status: "waiting_for_person" });
  });
});
