import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { AgentDefinition, PlaybookContext } from "../../core/define-agent.js";
import { defineAgent, definePlaybook, giveUp, valueFrom } from "../../core/define-agent.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";

const LOOK_MS = 20;
const Text = z.strictObject({ text: z.string() });
type NoteDown = ToolDefinition<"note_down", z.ZodObject<{ line: z.ZodString }>, z.ZodObject<{ noted: z.ZodBoolean }>>;

/** Lines that the outside has written down: one for each act that really happened. */
export function actsIn(folder: string): readonly string[] {
  const path = join(folder, "acts");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}

/** Tools whose acts end up as lines of a file: the outside, which no process of ours can take back. */
export function deskTools(folder: string): readonly ToolDefinition[] {
  const act = (line: string): void => appendFileSync(join(folder, "acts"), `${line}\n`);
  const postLetter = defineTool({
    name: "post_letter",
    description: "Posts a letter. It cannot be called back.",
    input: z.strictObject({ to: z.string(), text: z.string() }),
    output: z.strictObject({ posted: z.boolean() }),
    effect: "irreversible",
    dedupeKey: ({ to }) => to,
    dedupeScope: "case",
    timeoutMs: 5_000,
    maxCostMicroUsd: 0,
    async run({ to, text }) {
      act(`${to}: ${text}`);
      return { posted: true };
    },
  });
  const shipParcel = defineTool({
    name: "ship_parcel",
    description: "Ships a parcel. Its first answer is always lost on the way.",
    input: z.strictObject({ to: z.string() }),
    output: z.strictObject({ number: z.string() }),
    effect: "writes",
    reach: "own",
    dedupeKey: ({ to }) => to,
    dedupeScope: "run",
    timeoutMs: 5_000,
    maxCostMicroUsd: 0,
    async run({ to }) {
      const isFirst = !actsIn(folder).some((line) => line.startsWith(`parcel ${to}`));
      act(`parcel ${to}`);
      if (isFirst) throw new Error("The line went dead.");
      return { number: "parcel-2" };
    },
  });
  const noteDown = defineTool({
    name: "note_down",
    description: "Notes a line, with the process that did it.",
    input: z.strictObject({ line: z.string() }),
    output: z.strictObject({ noted: z.boolean() }),
    effect: "writes",
    reach: "own",
    dedupeKey: ({ line }) => line,
    dedupeScope: "run",
    timeoutMs: 5_000,
    maxCostMicroUsd: 0,
    async run({ line }) {
      act(`${line} by ${process.pid}`);
      return { noted: true };
    },
    async reconcile(_key, { line }) {
      const isNoted = actsIn(folder).some((known) => known.startsWith(`${line} by `));
      return isNoted ? { outcome: "done", result: { noted: true } } : { outcome: "not_done" };
    },
  });
  return [postLetter, shipParcel, noteDown];
}

/** Waits until the test has written this file. */
async function untilWritten(context: PlaybookContext, path: string): Promise<void> {
  while (!existsSync(path)) await context.sleep(LOOK_MS);
}

const draft = definePlaybook({
  skill: "draft",
  version: "1",
  input: z.looseObject({ text: z.string().default("draft") }),
  output: z.strictObject({ text: z.string(), heard: z.array(z.string()) }),
  tools: [],
  async run({ feedback }, { text }) {
    return { text, heard: feedback.map(({ reason }) => reason) };
  },
});

const gather = definePlaybook({
  skill: "gather",
  version: "1",
  input: z.looseObject({}),
  output: z.looseObject({}),
  tools: [],
  async run(_context, inputs) {
    return { from: Object.keys(inputs).sort() };
  },
});

/** Lasts until the test lets it go; says first that it has begun. */
const hold = definePlaybook({
  skill: "hold",
  version: "1",
  input: z.looseObject({ gate: z.string() }),
  output: z.strictObject({ released: z.boolean() }),
  tools: [],
  async run(context, { gate }) {
    if (gate === "") return { released: true };
    context.progress(0, 1, "holding");
    await untilWritten(context, gate);
    return { released: true };
  },
});

const writeLetter = definePlaybook({
  skill: "write_letter",
  version: "1",
  input: z.looseObject({ text: z.string().default("Dear Ada") }),
  output: z.strictObject({ to: z.string(), text: z.string() }),
  tools: [],
  proposes: [{ tool: "post_letter", args: { to: "/to", text: "/text" } }],
  async run(_context, { text }) {
    return { to: "ada@example.com", text };
  },
});

/** Posts while it works; a refusal is read, and another way is gone. */
const post = definePlaybook({
  skill: "post",
  version: "1",
  input: z.looseObject({ gate: z.string().default("") }),
  output: z.strictObject({ outcome: z.string(), edited: z.boolean() }),
  tools: ["post_letter"],
  async run(context, { gate }) {
    if (gate !== "") {
      context.progress(0, 1, "holding");
      await untilWritten(context, gate);
    }
    const reply = await context.call<ToolDefinition<"post_letter">>("post_letter", {
      to: "bob@example.com",
      text: "Dear Bob",
    });
    if (!reply.ok) return { outcome: `went another way: ${reply.reason}`, edited: false };
    return { outcome: JSON.stringify(reply.value), edited: reply.editedArgs !== undefined };
  },
});

/** Waits until the test lets it go, then notes its task. */
const note = definePlaybook({
  skill: "note",
  version: "1",
  input: z.looseObject({ gate: z.string() }),
  output: z.strictObject({ noted: z.boolean() }),
  tools: ["note_down"],
  async run(context, { gate }) {
    if (gate !== "") await untilWritten(context, gate);
    const line = `${String(context.caseData["case_id"])} ${context.taskId}`;
    return { noted: valueFrom(await context.call<NoteDown>("note_down", { line })).noted };
  },
});

/** Notes its first half, waits until the test lets it go, and notes its second. */
const noteBoth = definePlaybook({
  skill: "note_both",
  version: "1",
  input: z.looseObject({ gate: z.string() }),
  output: z.strictObject({ noted: z.boolean() }),
  tools: ["note_down"],
  async run(context, { gate }) {
    const line = `${String(context.caseData["case_id"])} ${context.taskId}`;
    valueFrom(await context.call<NoteDown>("note_down", { line: `${line} first` }));
    if (gate !== "") await untilWritten(context, gate);
    return { noted: valueFrom(await context.call<NoteDown>("note_down", { line: `${line} second` })).noted };
  },
});

const ship = definePlaybook({
  skill: "ship",
  version: "1",
  input: z.looseObject({}),
  output: z.strictObject({ reply: z.json() }),
  tools: ["ship_parcel"],
  async run(context) {
    return {
      reply: z.json().parse(valueFrom(await context.call("ship_parcel", { to: String(context.caseData["case_id"]) }))),
    };
  },
});

const enquire = definePlaybook({
  skill: "enquire",
  version: "1",
  input: z.looseObject({}),
  output: z.strictObject({ colour: z.string() }),
  tools: [],
  async run(context) {
    const answer = z.enum(["red", "blue"]);
    return { colour: await context.ask({ key: "colour", question: "Which colour shall it have?", answer }) };
  },
});

const give = definePlaybook({
  skill: "give",
  version: "1",
  input: z.looseObject({ text: z.string() }),
  output: Text,
  tools: [],
  async run(_context, { text }) {
    return { text };
  },
});

const surrender = definePlaybook({
  skill: "surrender",
  version: "1",
  input: z.looseObject({}),
  output: Text,
  tools: [],
  async run() {
    throw giveUp("permanent", "This is beyond me.");
  },
});

/** Who works in the proofs of approvals. `version` is that of its skill `draft`. */
export function deskAgents(version = "1"): readonly AgentDefinition[] {
  const skills = {
    gather,
    hold,
    write_letter: writeLetter,
    post,
    note,
    note_both: noteBoth,
    ship,
    enquire,
    give,
    surrender,
  };
  return [
    defineAgent({
      agentId: "A90",
      slug: "desk",
      name: "Desk",
      description: "Drafts, asks, posts and waits in the proofs of approvals.",
      tools: ["post_letter", "ship_parcel", "note_down"],
      maxParallel: 1_000,
      skills: { ...skills, draft: { ...draft, version } },
    }),
  ];
}
