import { z } from "zod";
import type { Json } from "../../core/digest.js";
import type { RefusalCode } from "../../core/errors.js";
import type { ToolDefinition, ToolReply } from "../../core/tool.js";
import type { World } from "../support/gate.js";
import { MailSchema, mailTool, readTool } from "../support/gate.js";

/** What comes after an attack: the agent reads the refusal and goes on, or a person is asked this kind of question. */
export type Follows =
  | "the agent goes on"
  | "a person is asked: may it be called?"
  | "a person is asked: did it happen?";

/** One attack on the gate, and what must come of it. */
export interface Attack {
  readonly attack: string;
  /** The refusal; none where a person is asked. */
  readonly code: RefusalCode | "none";
  /** Words that the agent, or the person asked, reads. */
  readonly told: string;
  readonly follows: Follows;
  /** How often a tool's code may have run in all. */
  readonly ran: number;
  /** The tools that are there, besides a lookup and a mail that behave. */
  readonly tools?: (ran: string[]) => readonly ToolDefinition[];
  /** Makes the attack; the reply to it, or the `NeedsPerson` thrown. */
  readonly make: (world: World) => Promise<ToolReply>;
}

const MEGABYTE = 1_048_576;
const never = () => new Promise<never>(() => {});

/** A lookup whose code does this. */
function lookup(act: () => unknown, timeoutMs?: number) {
  return (ran: string[]) => [
    readTool(async () => {
      ran.push("look_up");
      return act();
    }, timeoutMs) as unknown as ToolDefinition, // safe: a tool of a known input is a tool
  ];
}

/** A mail whose code does this; nobody can say afterwards what became of it. */
function mail(act: () => Promise<{ id: string }>) {
  return (ran: string[]) => {
    const run = async () => {
      ran.push("send_mail");
      return act();
    };
    return [mailTool({ timeoutMs: 30, run }) as unknown as ToolDefinition]; // safe: as above
  };
}

/** A mail with these parts of its definition, whose code only counts. */
function mailWith(parts: Partial<ToolDefinition>) {
  return (ran: string[]): readonly ToolDefinition[] => {
    const run = async () => {
      ran.push("send_mail");
      return { id: "m1" };
    };
    return [{ ...(mailTool({ run }) as unknown as ToolDefinition), ...parts }]; // safe: as above
  };
}

/** A mail that fails, and is asked afterwards what became of it; how often it can be sent is not said. */
function mailAsked(answer: () => unknown) {
  return (ran: string[]) => {
    const run = async () => {
      ran.push("send_mail");
      throw new Error("The line is dead.");
    };
    const reconcile = async () => answer() as { outcome: "unknown" }; // safe: what it does instead is the attack
    return [mailTool({ run, reconcile }) as unknown as ToolDefinition]; // safe: as above
  };
}

/** A tool that takes and gives anything. */
function open(act: () => unknown) {
  return (ran: string[]): readonly ToolDefinition[] => {
    const run = async () => {
      ran.push("look_up");
      return act();
    };
    const contract = { input: z.looseObject({}), output: z.any() };
    return [{ ...(readTool(run) as unknown as ToolDefinition), ...contract, run }]; // safe: as above
  };
}

const look = (args: Json) => (world: World) => world.call("look_up", args, { turnKey: "k" });
const mailTea = (world: World) => world.call("send_mail", { to: "a@b" }, { turnKey: "k" });
const lookTea = look({ word: "tea" });

function nested(depth: number): Json {
  let value: Json = "deep";
  for (let level = 0; level < depth; level += 1) value = { word: value };
  return value;
}

function throwing(thrown: unknown) {
  return lookup(() => {
    throw thrown;
  });
}

/** Answers that a tool still owes when its deadline is over. */
const answers: ((value: unknown) => void)[] = [];

const GOES_ON = { follows: "the agent goes on" } as const;
const bad = { ...GOES_ON, code: "bad_arguments", ran: 0 } as const;
const failed = { ...GOES_ON, code: "tool_failed", ran: 1, make: lookTea } as const;
const badAnswer = { ...GOES_ON, code: "bad_output", ran: 1, make: lookTea } as const;

const inDoubt = {
  code: "none",
  told: "Did this happen?",
  follows: "a person is asked: did it happen?",
  ran: 1,
  make: mailTea,
} as const;

/** The attacks that the gate must stand, with what comes of each. */
export const ATTACKS: readonly Attack[] = [
  { attack: "arguments that are a text", ...bad, told: "allowed: object", make: look("word") },
  { attack: "arguments that are a list", ...bad, told: "allowed: object", make: look([{ word: "tea" }]) },
  { attack: "no arguments at all", ...bad, told: "allowed: object", make: look(null) },
  { attack: "a field of the wrong kind", ...bad, told: "/word: found 7; allowed: string", make: look({ word: 7 }) },
  {
    attack: "a field that is not there",
    ...bad,
    told: '"wrod" is not a field here',
    make: look({ word: "tea", wrod: 1 }),
  },
  {
    attack: "arguments that a check of the schema throws at",
    ...bad,
    told: "its schema breaks: Do not look.",
    tools: mailWith({
      input: MailSchema.refine(() => {
        throw new Error("Do not look.");
      }),
    }),
    make: mailTea,
  },
  {
    attack: "arguments whose schema answers later",
    ...bad,
    told: "A check of a schema answers at once",
    tools: mailWith({ input: MailSchema.refine(async () => true) }),
    make: mailTea,
  },
  {
    attack: "arguments that the key of the act throws at",
    ...bad,
    told: "send_mail cannot tell what is one act with these arguments: Do not look.",
    tools: mailWith({
      dedupeKey: () => {
        throw new Error("Do not look.");
      },
    }),
    make: mailTea,
  },
  {
    attack: "arguments that give the act no key",
    ...bad,
    told: "it is no text. Its dedupeKey has to",
    tools: mailWith({ dedupeKey: () => undefined as unknown as string }), // safe: it is the attack
    make: mailTea,
  },
  {
    attack: "arguments that only a person's edit makes the key of the act throw at",
    ...bad,
    told: "send_mail cannot tell what is one act with these arguments: Do not look.",
    tools: mailWith({
      reach: "outside",
      // Safe: it is given what its input gave.
      dedupeKey: (args) => {
        if ((args as { to: string }).to === "c@d") throw new Error("Do not look.");
        return "a key";
      },
    }),
    make: async (world) => {
      const asked = await world.asked("send_mail", { to: "a@b" }, { turnKey: "k" });
      await world.session.decide(asked, { type: "edit", edited: { to: "c@d" } });
      return world.call("send_mail", { to: "a@b" }, { turnKey: "k" });
    },
  },
  {
    attack: "a tool's name in letters that only look like it",
    ...GOES_ON,
    code: "unknown_tool",
    told: 'Did you mean "look_up"?',
    ran: 0,
    make: (world) => world.call("l\u043e\u043ek_up", { word: "tea" }),
  },
  {
    attack: "a tool's name with an unseen sign",
    ...GOES_ON,
    code: "unknown_tool",
    told: 'Did you mean "send_mail"?',
    ran: 0,
    make: (world) => world.call("send\u200b_mail", { to: "a@b" }),
  },
  {
    attack: "a name that every object has",
    ...GOES_ON,
    code: "unknown_tool",
    told: 'There is no tool "constructor"',
    ran: 0,
    make: (world) => world.call("constructor", {}),
  },
  {
    attack: "10 MB of arguments",
    ...bad,
    told: `more than ${MEGABYTE} bytes`,
    make: look({ word: "x".repeat(10 * MEGABYTE) }),
  },
  {
    attack: "10 MB of arguments for a tool that is not there",
    ...bad,
    told: `more than ${MEGABYTE} bytes`,
    make: (world) => world.call("zap", { word: "x".repeat(10 * MEGABYTE) }, { turnKey: "k" }),
  },
  {
    attack: "1 MB of arguments in signs of several bytes",
    ...bad,
    told: `more than ${MEGABYTE} bytes`,
    make: look({ word: "€".repeat(MEGABYTE / 2) }),
  },
  {
    attack: "a million empty arguments",
    ...bad,
    told: `more than ${MEGABYTE} bytes`,
    make: look(Array.from({ length: MEGABYTE + 1 }, () => 0)),
  },
  {
    attack: "arguments nested ten thousand deep",
    ...bad,
    told: "nested deeper than 64 levels",
    make: look(nested(10_000)),
  },
  {
    attack: "a key that sets what an object inherits",
    ...bad,
    told: '/__proto__: "__proto__" is not a field of anything',
    make: look(JSON.parse('{"word":"tea","__proto__":{"limit":9}}')),
  },
  {
    attack: "the same deep inside a tool that takes anything",
    ...bad,
    told: "/list/0/__proto__",
    tools: open(() => "found"),
    make: look(JSON.parse('{"list":[{"__proto__":{"isAdmin":true}}]}')),
  },
  {
    attack: "a key that every object has",
    ...bad,
    told: '"constructor" is not a field here',
    make: look({ word: "tea", constructor: { prototype: {} } }),
  },
  {
    attack: "other arguments between approval and execution",
    code: "none",
    told: "May Worker call send_mail",
    follows: "a person is asked: may it be called?",
    ran: 0,
    tools: (ran) => {
      const run = async () => {
        ran.push("send_mail");
        return { id: "m1" };
      };
      return [mailTool({ reach: "outside", run }) as unknown as ToolDefinition]; // safe: as above
    },
    make: async (world) => {
      const approved = await world.asked("send_mail", { to: "a@b", text: "thanks" }, { turnKey: "k" });
      await world.session.decide(approved, { type: "approve" });
      return world.call("send_mail", { to: "a@b", text: "pay up" }, { turnKey: "k" });
    },
  },
  {
    attack: "a tool that hangs and does not heed its signal",
    ...GOES_ON,
    code: "tool_timeout",
    told: "did not answer within 30 ms",
    ran: 1,
    tools: lookup(never, 30),
    make: lookTea,
  },
  {
    attack: "a tool that answers after its deadline",
    ...GOES_ON,
    code: "tool_timeout",
    told: "did not answer within 30 ms",
    ran: 1,
    tools: lookup(() => new Promise((resolve) => answers.push(resolve)), 30),
    make: async (world) => {
      await lookTea(world);
      for (const answer of answers.splice(0)) answer({ found: "late" });
      return lookTea(world);
    },
  },
  {
    attack: "an act that fails with its outcome unknown",
    ...inDoubt,
    tools: mail(async () => {
      throw new Error("The line is dead.");
    }),
  },
  { attack: "an act that answers nothing when asked", ...inDoubt, tools: mailAsked(() => undefined) },
  { attack: "an act that answers null when asked", ...inDoubt, tools: mailAsked(() => null) },
  { attack: "an act that answers a text when asked", ...inDoubt, tools: mailAsked(() => "done") },
  { attack: "an act of an unheard-of outcome", ...inDoubt, tools: mailAsked(() => ({ outcome: "maybe" })) },
  {
    attack: "an act that breaks when its outcome is looked at",
    ...inDoubt,
    tools: mailAsked(() => ({
      get outcome() {
        throw new Error("Do not look.");
      },
    })),
  },
  { attack: "a tool that throws a text", ...failed, told: "look_up failed: no", tools: throwing("no") },
  { attack: "a tool that throws nothing", ...failed, told: "look_up failed: undefined", tools: throwing(undefined) },
  {
    attack: "a tool that throws a symbol",
    ...failed,
    told: "look_up failed: Symbol(no)",
    tools: throwing(Symbol("no")),
  },
  {
    attack: "a tool that throws what has no words",
    ...failed,
    told: "something that has no words",
    tools: throwing(Object.create(null)),
  },
  {
    attack: "a tool that throws what breaks when it is looked at",
    ...failed,
    told: "something that has no words",
    tools: throwing(
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("Do not look.");
          },
          has: () => {
            throw new Error("Do not look.");
          },
        },
      ),
    ),
  },
  {
    attack: "a tool that fails with 10 MB of words",
    ...failed,
    told: "characters)",
    tools: throwing(new Error("x".repeat(10 * MEGABYTE))),
  },
  {
    attack: "a tool that floods",
    ...badAnswer,
    told: "4194304 are taken. Ask for less.",
    tools: lookup(() => ({ found: "x".repeat(50 * MEGABYTE) })),
  },
  {
    attack: "a tool that answers what its schema forbids",
    ...badAnswer,
    told: "/found: found 7; allowed: string",
    tools: lookup(() => ({ found: 7 })),
  },
  {
    attack: "a tool that answers nothing",
    ...badAnswer,
    told: "look_up answered other than it declares",
    tools: lookup(() => undefined),
  },
  {
    attack: "a tool that answers a hundred thousand wrong fields",
    ...badAnswer,
    told: "more.",
    tools: lookup(() => Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, 1]))),
  },
  {
    attack: "a tool that answers a ring",
    ...badAnswer,
    told: "It cannot be kept",
    tools: open(() => {
      const ring: Record<string, unknown> = {};
      ring["self"] = ring;
      return ring;
    }),
  },
  {
    attack: "a tool that answers what JSON does not know",
    ...badAnswer,
    told: "It cannot be kept",
    tools: open(() => ({ count: 10n })),
  },
];
