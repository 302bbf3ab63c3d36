import { z } from "zod";
import { defineAgent, definePlaybook, valueFrom } from "../../../../index.js";
import type { weigh } from "../tools/weigh.js";

const weighParcel = definePlaybook({
  skill: "weigh_parcel",
  version: "1",
  input: z.strictObject({ content: z.string() }),
  output: z.strictObject({ grams: z.number() }),
  tools: ["weigh"],

  async run(context, { content }) {
    return valueFrom(await context.call<typeof weigh>("weigh", { content }));
  },

  summary: ({ grams }) => `${grams} g`,
});

/** Weighs parcels. */
export const scales = defineAgent({
  agentId: "S1",
  slug: "scales",
  name: "Scales",
  description: "Weighs parcels.",
  tools: ["weigh"],
  skills: { weigh_parcel: weighParcel },
});
