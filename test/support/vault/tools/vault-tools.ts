import { z } from "zod";
import { defineTool, secret } from "../../../../index.js";

const password = secret("VAULT_PASSWORD");
const parts = { timeoutMs: 5_000, maxCostMicroUsd: 0 } as const;

/** Answers with its password in every shape that a careless counterpart might give it, and prints it besides. */
export const openVault = defineTool({
  ...parts,
  name: "open_vault",
  description: "Opens the vault and tells everything that it should keep to itself.",
  input: z.strictObject({ who: z.string() }),
  output: z.looseObject({ told: z.array(z.string()) }),
  effect: "reads",

  async run({ who }) {
    const value = password.reveal();
    process.stdout.write(`signing in as ${who} with ${value}\n`);
    process.stderr.write(`signing in as ${who} with ${value}\n`);
    return {
      told: [
        value,
        `hello ${who}, your password is ${value}.`,
        `https://${who}:${encodeURIComponent(value)}@vault.example/`,
        `Authorization: Basic ${Buffer.from(`${who}:${value}`).toString("base64")}`,
      ],
      [`echo ${value}`]: true,
    };
  },
});

/** Fails with its password in the message, and in the error below it. */
export const shutVault = defineTool({
  ...parts,
  name: "shut_vault",
  description: "Fails to shut the vault.",
  input: z.strictObject({}),
  output: z.strictObject({}),
  effect: "reads",

  async run() {
    const value = password.reveal();
    throw new Error(`535 login with ${value} refused`, { cause: new Error(`AUTH ${value}`) });
  },
});

/** An act whose receipt holds the password. */
export const fillVault = defineTool({
  ...parts,
  name: "fill_vault",
  description: "Puts something into the vault and returns a receipt.",
  input: z.strictObject({ what: z.string() }),
  output: z.strictObject({ receipt: z.string() }),
  effect: "writes",
  undo: "nothing",
  reach: "own",
  dedupeKey: ({ what }) => what,
  dedupeScope: "run",

  async run({ what }) {
    return { receipt: `${what} filed under ${password.reveal()}` };
  },
});
