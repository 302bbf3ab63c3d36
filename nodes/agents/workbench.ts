import { z } from "zod";
import { defineAgent, definePlaybook, giveUp, isJsonObject } from "../../core/define-agent.js";
import { ExpressionError, evaluate } from "../../core/expression.js";

const MAX_WAIT_MS = 3_600_000;

/** The value under `value`, and besides under the name that the task wants on the blackboard; `*` gives an object's fields. */
const Named = z.looseObject({ value: z.json() });
const as = z.string().min(1).optional();

/** Its other inputs are the expression's names; `inputs` holds them all, so that an absent one can be asked for. */
const compute = definePlaybook({
  skill: "compute",
  version: "1",
  input: z.looseObject({ expression: z.string().min(1), as }),
  output: Named,
  tools: [],

  async run(_context, { expression, as: name, ...inputs }) {
    try {
      return named(evaluate(expression, { ...inputs, inputs }), name);
    } catch (error) {
      throw error instanceof ExpressionError ? giveUp("permanent", error.message) : error;
    }
  },

  summary: ({ value }) => `= ${JSON.stringify(value)}`.slice(0, 120),
});

/** The wait is what was asked for, not what a clock measured: the same inputs give the same result. */
const wait = definePlaybook({
  skill: "wait",
  version: "1",
  input: z.looseObject({ ms: z.number().nonnegative().max(MAX_WAIT_MS), value: z.json().optional(), as }),
  output: Named.extend({ waited_ms: z.number() }),
  tools: [],

  async run(context, { ms, value = null, as: name }) {
    await context.sleep(ms);
    context.signal.throwIfAborted();
    return { ...named(value, name), waited_ms: ms };
  },

  summary: ({ waited_ms: waited }) => `waited ${waited} ms`,
});

const fail = definePlaybook({
  skill: "fail",
  version: "1",
  input: z.looseObject({
    kind: z.enum(["transient", "permanent"]),
    times: z.int().nonnegative(),
    value: z.json().optional(),
    as,
  }),
  output: Named.extend({ attempt: z.int() }),
  tools: [],

  async run({ attempt }, { kind, times, value = null, as: name }) {
    if (attempt <= times) throw giveUp(kind, `Attempt ${attempt} fails as asked (${kind}, ${times} times).`);
    return { ...named(value, name), attempt };
  },

  summary: ({ attempt }) => `came through on attempt ${attempt}`,
});

const listItems = definePlaybook({
  skill: "list_items",
  version: "1",
  input: z.looseObject({ from: z.union([z.string(), z.array(z.json())]), separator: z.string().min(1).default("\n") }),
  output: z.strictObject({ items: z.array(z.json()), count: z.int().nonnegative() }),
  tools: [],

  async run(_context, { from, separator }) {
    const parts = typeof from === "string" ? from.split(separator).map((part) => part.trim()) : from;
    const items = parts.filter((part) => part !== "");
    return { items, count: items.length };
  },

  summary: ({ count }) => `${count} items`,
});

/** A9: plain work without a business of its own, to build and to try missions with. */
export const workbench = defineAgent({
  agentId: "A9",
  slug: "workbench",
  name: "Workbench",
  description: "Computes, waits, fails and lists exactly as told, to build and to try missions with.",
  tools: [],
  maxParallel: 16,
  skills: { compute, wait, fail, list_items: listItems },
});

function named(value: unknown, name: string | undefined): z.output<typeof Named> {
  const json = z.json().parse(value);
  if (name === undefined) return { value: json };
  if (name !== "*") return { [name]: json, value: json };
  if (!isJsonObject(json))
    throw giveUp("permanent", `as "*" needs an object, but the value is ${JSON.stringify(json)}.`);
  return { ...json, value: json };
}
