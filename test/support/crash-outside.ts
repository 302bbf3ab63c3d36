import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import type { AgentDefinition } from "../../core/define-agent.js";
import { defineAgent, definePlaybook, valueFrom } from "../../core/define-agent.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";
import { missionDocument } from "./missions.js";

/** What can be found out about an act whose outcome was lost: it tells, it knows the keys it has seen, or nothing. */
export type OutsideKind = "tells" | "knows_keys" | "silent";

/** One act as the outside has it. */
export interface OutsideAct {
  readonly tool: string;
  readonly to: string;
  readonly key: string;
}

/** The world outside: a file that lives on when processes die. */
export class Outside {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  acts(): readonly OutsideAct[] {
    return this.text()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  has(part: Partial<OutsideAct>): boolean {
    return this.acts().some((act) =>
      Object.entries({ ...act, ...part }).every(([name, value]) => act[name as keyof OutsideAct] === value),
    ); // safe: the names are those of an act
  }

  add(act: OutsideAct): void {
    appendFileSync(this.#path, `${JSON.stringify(act)}\n`);
  }

  text(): string {
    return existsSync(this.#path) ? readFileSync(this.#path, "utf8") : "";
  }

  write(text: string): void {
    writeFileSync(this.#path, text);
  }
}

/** Called inside an act, before and after it: where a test copies files or kills the process. */
export type AtAct = (when: "before" | "after", tool: string, to: string) => void;

const LOOK_EVERY_MS = 25;
const Args = z.strictObject({ to: z.string(), text: z.string().default("") });
const Seen = z.strictObject({ isThere: z.boolean() });
const Receipt = z.strictObject({ receipt: z.string() });
const receiptOf = (tool: string, to: string) => ({ receipt: `${tool} to ${to}` });

/** Three ways to act on the outside: freely, only after a person's yes to the call, and as part of an approved result. */
export function outsideTools(outside: Outside, kind: OutsideKind, atAct: AtAct): readonly ToolDefinition[] {
  const toolOf = (name: string, effect: "writes" | "irreversible", reach: "own" | "outside") =>
    defineTool({
      name,
      description: `Acts on the outside of the crash proofs as ${name}. Returns a receipt.`,
      input: Args,
      output: Receipt,
      effect,
      reach,
      timeoutMs: 5_000,
      maxCostMicroUsd: 0,
      dedupeKey: ({ to }) => to,
      dedupeScope: "case",
      idempotent: kind === "knows_keys",
      ...(kind === "tells" && {
        reconcile: async (key: string, { to }: z.output<typeof Args>) =>
          outside.has({ key })
            ? { outcome: "done" as const, result: receiptOf(name, to) }
            : { outcome: "not_done" as const },
      }),
      run: async ({ to }, { idempotencyKey: key }) => {
        atAct("before", name, to);
        if (kind !== "knows_keys" || !outside.has({ key })) outside.add({ tool: name, to, key });
        atAct("after", name, to);
        return receiptOf(name, to);
      },
    });
  const look = defineTool({
    name: "look_outside",
    description: "Tells whether something was done for somebody outside.",
    input: z.strictObject({ to: z.string() }),
    output: Seen,
    effect: "reads",
    timeoutMs: 5_000,
    maxCostMicroUsd: 0,
    run: async ({ to }) => ({ isThere: outside.has({ to }) }),
  });
  return [
    look,
    toolOf("file_note", "writes", "own"),
    toolOf("send_parcel", "irreversible", "own"),
    toolOf("post_letter", "writes", "outside"),
  ];
}

const fileNotes = definePlaybook({
  skill: "file_notes",
  version: "1",
  input: z.looseObject({ to: z.array(z.string()), last: z.string() }),
  output: z.strictObject({ receipts: z.array(z.string()) }),
  tools: ["file_note"],
  async run(context, { to, last }) {
    const together = await Promise.all(
      to.map(async (name) => valueFrom(await context.call("file_note", { to: name }))),
    );
    const after = valueFrom(await context.call("file_note", { to: last }));
    return { receipts: [...together, after].map((value) => Receipt.parse(value).receipt) };
  },
});

const fileEach = definePlaybook({
  skill: "file_each",
  version: "1",
  input: z.looseObject({ item: z.string() }),
  output: Receipt,
  tools: ["file_note"],
  async run(context, { item }) {
    return Receipt.parse(valueFrom(await context.call("file_note", { to: item })));
  },
});

const sendParcel = definePlaybook({
  skill: "send_parcel",
  version: "1",
  input: z.looseObject({ to: z.string() }),
  output: Receipt,
  tools: ["send_parcel"],
  async run(context, { to }) {
    return Receipt.parse(valueFrom(await context.call("send_parcel", { to })));
  },
});

const writeLetter = definePlaybook({
  skill: "write_letter",
  version: "1",
  input: z.looseObject({ to: z.string(), receipts: z.array(z.string()) }),
  output: z.strictObject({ to: z.string(), text: z.string() }),
  tools: [],
  proposes: [{ tool: "post_letter", args: { to: "/to", text: "/text" } }],
  async run(_context, { to, receipts }) {
    return { to, text: receipts.join(", ") };
  },
});

const holdOn = definePlaybook({
  skill: "hold_on",
  version: "1",
  input: z.looseObject({ to: z.string() }),
  output: Seen,
  tools: ["look_outside"],
  async run(context, { to }) {
    for (;;) {
      const seen = Seen.parse(valueFrom(await context.call("look_outside", { to })));
      if (seen.isThere) return seen;
      await context.sleep(LOOK_EVERY_MS);
    }
  },
});

/** The agent that does all of it. */
export const courier: AgentDefinition = defineAgent({
  agentId: "A20",
  slug: "courier",
  name: "Courier",
  description: "Acts on the outside in the crash proofs.",
  tools: ["look_outside", "file_note", "send_parcel", "post_letter"],
  skills: {
    hold_on: holdOn,
    file_notes: fileNotes,
    file_each: fileEach,
    send_parcel: sendParcel,
    write_letter: writeLetter,
  },
});

/** Seven acts: five notes (two at once, one after them, two in a `for_each`), a parcel that asks, a letter with its result. */
export const OUTSIDE_MISSION = missionDocument({
  mission_id: "M920",
  slug: "outside-acts",
  mission_name: "Acts on the outside",
  agents: ["A20"],
  blackboard: { receipts: { schema: { type: "array" } } },
  kpis: [
    { kpi_id: "tasks_done", unit: "tasks", direction: "higher", baseline: 0, target: 4, measure: "double(run.steps)" },
  ],
  tasks: [
    {
      task_id: "notes",
      skill: "file_notes",
      inputs: { to: { value: ["ann", "bob"] }, last: { value: "cy" } },
      writes: ["receipts"],
    },
    { task_id: "parcel", skill: "send_parcel", inputs: { to: { value: "dan" } } },
    { task_id: "each", skill: "file_each", depends_on: ["notes"], for_each: "case.names" },
    {
      task_id: "letter",
      skill: "write_letter",
      depends_on: ["notes", "parcel", "each"],
      inputs: { to: { value: "eve" }, receipts: "notes.receipts" },
      requires_human_approval: true,
    },
  ],
  cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1", names: ["fay", "gil"] }] },
});

/** What the outside holds when every act of the mission was done once. */
export const OUTSIDE_ACTS = [
  "file_note ann",
  "file_note bob",
  "file_note cy",
  "file_note fay",
  "file_note gil",
  "post_letter eve",
  "send_parcel dan",
];

/** Asks about a letter while another task works until the outside lets it go. */
export const ASKING_MISSION = missionDocument({
  mission_id: "M921",
  slug: "asks-beside-work",
  mission_name: "Asks beside work",
  agents: ["A20"],
  blackboard: { receipt: { schema: { type: "string" } } },
  tasks: [
    {
      task_id: "letter",
      skill: "write_letter",
      inputs: { to: { value: "eve" }, receipts: { value: ["none"] } },
      requires_human_approval: true,
    },
    { task_id: "work", skill: "hold_on", inputs: { to: { value: "go" } } },
    {
      task_id: "note",
      skill: "file_each",
      depends_on: ["letter", "work"],
      inputs: { item: { value: "ann" } },
      writes: ["receipt"],
    },
  ],
});
