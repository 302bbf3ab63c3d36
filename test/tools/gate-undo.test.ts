import BetterSqlite3 from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ToolDefinition } from "../../core/tool.js";
import type { Engine } from "../support/engine.js";
import { openEngine } from "../support/engine.js";
import type { TaskParts } from "../support/missions.js";
import { policy, policyFolder } from "../support/policies.js";
import type { Ledger } from "../support/reversible.js";
import { actingAgent, createLedger, ledgerTools } from "../support/reversible.js";

const BOOK = 'principal, action == Action::"book", resource';
const FORBIDS = policy("no_more_booking", "forbid", "true", BOOK);
const ASKS = `@id("ask_for_booking")\n@reason("of late we ask")\nforbid (${BOOK}) unless { context.approved };`;
const names = (value: readonly string[]): TaskParts["inputs"] => ({ names: { value: [...value] } });
const TASKS: readonly TaskParts[] = [
  { task_id: "book", skill: "book", inputs: names(["flight", "hotel"]) },
  { task_id: "ask", skill: "note", depends_on: ["book"], inputs: names([]), requires_human_approval: true },
];

let engine: Engine;
let ledger: Ledger;
let drops: (() => unknown)[] = [];
beforeEach(() => {
  ledger = createLedger();
});
afterEach(async () => {
  for (const drop of drops.reverse()) await drop();
  drops = [];
});

/** The next process on the store, under these policies of the administrator. */
async function open(policies?: string, tools: readonly ToolDefinition[] = ledgerTools(ledger)): Promise<void> {
  const before = drops.length === 0 ? undefined : engine;
  await before?.orchestrator.close();
  const folder = policies === undefined ? undefined : await policyFolder(policies);
  engine = await openEngine({
    agents: [actingAgent],
    tools,
    missions: [{ agents: ["A1"], tasks: TASKS }],
    ...(before && { path: before.path }),
    ...(folder && { policies: folder.folder }),
  });
  const { drop } = engine;
  drops.push(drop, () => folder?.drop());
}

async function openTrip(tools?: readonly ToolDefinition[]): Promise<string> {
  await open(undefined, tools);
  return (await engine.orchestrator.start("test-mission")).run_id;
}

describe("I3: an undo is ruled on by the policies of now, as the act that it takes back", () => {
  test("where the act is forbidden now, a person is asked what becomes of it, and code does nothing", async () => {
    const run = await openTrip();
    await open(FORBIDS);

    const { status, approvals } = await engine.orchestrator.cancel(run, { by: "ada" });

    expect(status).toBe("waiting");
    expect(approvals.map(({ kind }) => kind)).toEqual(["question", "question"]);
    expect(approvals[0]?.summary).toContain("is not taken back by code");
    expect(approvals[0]?.shown.reasons).toContain(
      "book is forbidden now: no_more_booking says so (no_more_booking). So is taking it back.",
    );
    await open();
    const [again] = await engine.orchestrator.resume(run);
    expect(again?.approvals.map(({ approval_id }) => approval_id)).toEqual(
      approvals.map(({ approval_id }) => approval_id),
    );
    expect(ledger.log).toEqual(["do flight", "do hotel"]);
    for (const { approval_id } of approvals)
      await engine.orchestrator.decide(approval_id, {
        decision: { type: "answer", answer: "Called them." },
        by: "ada",
      });
    expect((await engine.orchestrator.status(run)).status).toBe("cancelled");
    const effects = await engine.orchestrator.insight.effects(run);
    expect(effects.map((effect) => effect.status)).toEqual(["undone_by_hand", "undone_by_hand"]);
  });

  test("where nobody can read the policies, a person is asked what becomes of it, and code does nothing", async () => {
    const run = await openTrip();
    await open(FORBIDS);
    await drops.pop()?.();

    const { status, approvals } = await engine.orchestrator.cancel(run, { by: "ada" });

    expect(status).toBe("waiting");
    expect(approvals.map(({ kind }) => kind)).toEqual(["question", "question"]);
    expect(approvals[0]?.shown.reasons).toContainEqual(
      expect.stringContaining("(file_not_found). So is taking it back."),
    );
    expect(ledger.log).toEqual(["do flight", "do hotel"]);
  });

  test("where the act is asked about now, and nobody was asked then, a person says whether code may", async () => {
    const run = await openTrip();
    await open(ASKS);
    const { approvals } = await engine.orchestrator.cancel(run, { by: "ada" });
    expect(approvals.map(({ kind, allowed }) => [kind, allowed])).toEqual([
      ["tool_call", ["approve", "reject"]],
      ["tool_call", ["approve", "reject"]],
    ]);
    expect(approvals[0]?.shown.reasons).toContain(
      "A person is asked because of late we ask (ask_for_booking), and nobody was asked when it was done.",
    );
    const [hotel, flight] = approvals;

    await engine.orchestrator.decide(hotel?.approval_id ?? "", { decision: { type: "approve" }, by: "ada" });
    await expect(
      engine.orchestrator.decide(flight?.approval_id ?? "", { decision: { type: "reject" }, by: "ada" }),
    ).rejects.toThrow("needs a comment");
    const decision = { type: "reject", comment: "I fly." } as const;
    await engine.orchestrator.decide(flight?.approval_id ?? "", { decision, by: "ada" });

    expect((await engine.orchestrator.status(run)).status).toBe("cancelled");
    expect(ledger.log).toEqual(["do flight", "do hotel", "undo hotel"]);
    expect((await engine.orchestrator.report(run)).effects).toMatchObject([
      { status: "left", undo: { by: "ada", note: "I fly." } },
      { status: "undone" },
    ]);
    const told = await engine.parts.store.events.of(run);
    const claimed = told.find(({ type, data }) => type === "effect_claimed" && data["undoes"] !== undefined);
    expect(claimed?.data["approval"]).toBe(hotel?.approval_id);
  });

  test("what a person agreed to is taken back without asking again", async () => {
    const outside = ledgerTools(ledger).map((tool) => ({ ...tool, reach: "outside" as const }));
    const run = await openTrip(outside);
    for (const { approval_id, kind } of await engine.orchestrator.approvals({ run }))
      if (kind === "tool_call")
        await engine.orchestrator.decide(approval_id, { decision: { type: "approve" }, by: "ada" });
    for (const { approval_id, kind } of await engine.orchestrator.approvals({ run }))
      if (kind === "tool_call")
        await engine.orchestrator.decide(approval_id, { decision: { type: "approve" }, by: "ada" });
    await open(ASKS, outside);

    const { status } = await engine.orchestrator.cancel(run, { by: "ada" });

    expect(status).toBe("cancelled");
    expect(ledger.log).toEqual(["do flight", "do hotel", "undo hotel", "undo flight"]);
  });
});

describe("I4: a yes to an undo covers what was shown, under the policies that it was shown under", () => {
  const approve = (id = "", goesOn = true) =>
    engine.orchestrator.decide(id, { decision: { type: "approve" }, by: "ada", continue: goesOn });

  /** A cancelled run whose hotel may be taken back, as a person said; nobody went on with that. */
  async function agreed() {
    const run = await openTrip();
    await open(ASKS);
    const { approvals } = await engine.orchestrator.cancel(run, { by: "ada" });
    const asked = approvals.map(({ approval_id }) => approval_id);
    await approve(asked[0], false);
    return { run, asked };
  }

  const openIn = async (run: string) =>
    (await engine.orchestrator.approvals({ run })).map(({ approval_id }) => approval_id);

  test("untouched, it is followed", async () => {
    const { run, asked } = await agreed();
    await open(ASKS);

    await engine.orchestrator.resume(run);

    expect(ledger.log.slice(2)).toEqual(["undo hotel"]);
    expect(await openIn(run)).toEqual(asked.slice(1));
  });

  test("where policies are others by then, people are asked anew, and what they say counts", async () => {
    const { run, asked } = await agreed();
    await open(ASKS.replace("of late we ask", "we still ask"));

    await engine.orchestrator.resume(run);

    expect(ledger.log.slice(2)).toEqual([]);
    const anew = await openIn(run);
    expect(anew.length).toBe(2);
    expect(anew.filter((id) => asked.includes(id))).toEqual([]);
    for (const id of anew) await approve(id);
    expect((await engine.orchestrator.status(run)).status).toBe("cancelled");
    expect(ledger.log.slice(2)).toEqual(["undo hotel", "undo flight"]);
  });

  test.each([
    [
      "what was shown",
      "update approvals set shown = replace(shown, 'Book was done', 'Nothing was done') where status = 'approved'",
    ],
    [
      "the act itself",
      "update effects set args = replace(args, 'hotel', 'motel'), result = replace(result, 'hotel', 'motel')",
    ],
  ])("%s, changed in the rows since: nothing is taken back, and a person is asked anew", async (_, change) => {
    const { run, asked } = await agreed();
    await engine.orchestrator.close();
    const rows = new BetterSqlite3(engine.path);
    rows.prepare(change).run();
    rows.close();
    await open(ASKS);

    await engine.orchestrator.resume(run);

    expect(ledger.log.slice(2)).toEqual([]);
    const anew = await openIn(run);
    expect(anew.length).toBe(2);
    expect(anew).not.toContain(asked[0]);
  });
});
