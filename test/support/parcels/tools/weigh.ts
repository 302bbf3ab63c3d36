import { z } from "zod";
import { defineTool } from "../../../../index.js";

/** Ten grams for each letter of what is in the parcel. */
export const weigh = defineTool({
  name: "weigh",
  description: "Says how heavy a parcel is.",
  input: z.strictObject({ content: z.string() }),
  output: z.strictObject({ grams: z.number() }),
  effect: "reads",
  timeoutMs: 1_000,
  maxCostMicroUsd: 0,

  async run({ content }) {
    return { grams: content.length * 10 };
  },
});
