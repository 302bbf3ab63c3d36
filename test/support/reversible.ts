import { z } from "zod";
import type { AgentDefinition } from "../../core/define-agent.js";
import { definePlaybook, giveUp, valueFrom } from "../../core/define-agent.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";
import { fakeAgent } from "./missions.js";

/** What stands outside and what was done there, in order; an act is `do <name>`, its undo `undo <name>`. */
export interface Ledger {
  readonly standing: Set<string>;
  readonly log: string[];
  /** Names whose undo fails, so many times as it says. */
  readonly failing: Map<string, number>;
}

export function createLedger(failing: Readonly<Record<string, number>> = {}): Ledger {
  return { standing: new Set(), log: [], failing: new Map(Object.entries(failing)) };
}

const Args = z.strictObject({ name: z.string() });
const Receipt = z.strictObject({ receipt: z.string() });

/** Acts on the ledger: one that code takes back, one that nothing takes back, one with nothing to take back. */
export function ledgerTools(ledger: Ledger): readonly ToolDefinition[] {
  const act = {
    input: Args,
    output: Receipt,
    timeoutMs: 5_000,
    maxCostMicroUsd: 0,
    dedupeKey: ({ name }: z.output<typeof Args>) => name,
    dedupeScope: "case" as const,
    async run({ name }: z.output<typeof Args>) {
      ledger.standing.add(name);
      ledger.log.push(`do ${name}`);
      return { receipt: name };
    },
  };
  return [
    defineTool({
      ...act,
      name: "book",
      description: "Books something. Returns a receipt.",
      effect: "writes",
      reach: "own",
      async compensate({ name }, result) {
        const left = ledger.failing.get(name) ?? 0;
        if (left > 0) {
          ledger.failing.set(name, left - 1);
          throw new Error("The desk is closed.");
        }
        if (result?.receipt !== name) throw new Error("It has no receipt.");
        ledger.standing.delete(name);
        ledger.log.push(`undo ${name}`);
      },
    }),
    defineTool({
      ...act,
      name: "announce",
      description: "Announces something. Returns a receipt.",
      effect: "irreversible",
      reach: "own",
      remedy: "Announce that it was a mistake.",
    }),
    defineTool({
      ...act,
      name: "note",
      description: "Notes something. Returns a receipt.",
      effect: "writes",
      reach: "own",
      undo: "nothing",
    }),
  ];
}

const call = (skill: string, tool: string) =>
  definePlaybook({
    skill,
    version: "1",
    input: z.looseObject({ names: z.array(z.string()) }),
    output: z.strictObject({ receipts: z.array(z.string()) }),
    tools: [tool],
    async run(context, { names }) {
      const receipts: string[] = [];
      for (const name of names) receipts.push(Receipt.parse(valueFrom(await context.call(tool, { name }))).receipt);
      return { receipts };
    },
  });

const breakDown = definePlaybook({
  skill: "break_down",
  version: "1",
  input: z.looseObject({}),
  output: z.looseObject({}),
  tools: [],
  async run() {
    throw giveUp("permanent", "It cannot be done.");
  },
});

/** Agents that book, announce, note and break down. */
export const actingAgent: AgentDefinition = fakeAgent(
  "A1",
  "worker",
  [call("book", "book"), call("announce", "announce"), call("note", "note"), breakDown],
  { tools: ["book", "announce", "note"] },
);
