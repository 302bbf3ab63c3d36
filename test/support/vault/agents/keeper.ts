import { z } from "zod";
import { defineAgent, definePlaybook, secret } from "../../../../index.js";

const Text = z.strictObject({ said: z.array(z.string()) });
const TOOLS = ["open_vault", "shut_vault", "fill_vault"];

/** Uses every tool, tells whatever it hears, and tries to pass the password on. */
const visit = definePlaybook({
  skill: "visit_vault",
  version: "1",
  input: z.looseObject({}),
  output: Text,
  tools: TOOLS,

  async run(context) {
    const value = secret("VAULT_PASSWORD").reveal();
    context.progress(1, 2, `knocking with ${value}`);
    const replies = [
      await context.call("open_vault", { who: "bob" }),
      await context.call("shut_vault", {}),
      await context.call("fill_vault", { what: "a letter" }),
      await context.call("open_vault", { who: value }),
      await context.call("open_vault", { who: secret("VAULT_PASSWORD") }),
      await context.call("open_vault", { who: "•••" }),
    ];
    return { said: [...replies.map((reply) => JSON.stringify(reply)), `and the word is ${value}`] };
  },

  summary: ({ said }) => said.join(" "),
});

/** Breaks with the password in its words. */
const stumble = definePlaybook({
  skill: "stumble",
  version: "1",
  input: z.looseObject({}),
  output: Text,
  tools: TOOLS,

  async run() {
    throw new Error(`I dropped ${secret("VAULT_PASSWORD").reveal()}`);
  },
});

/** Cannot keep anything to itself. */
export const keeper = defineAgent({
  agentId: "V1",
  slug: "keeper",
  name: "Keeper",
  description: "Keeps the vault, badly.",
  tools: TOOLS,
  skills: { visit_vault: visit, stumble },
});
