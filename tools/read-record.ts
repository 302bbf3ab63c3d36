import { z } from "zod";
import { defineTool } from "./define-tool.js";

/** Reads one JSON file of the data folder; `record` is null when there is none at the path. */
export const readRecord = defineTool({
  name: "read_record",
  description:
    "Returns a JSON record of the house (rules, calendars, holidays, activities) by its path in the data folder, or null " +
    "when there is none. Not for documents of a case: use read_document.",
  input: z.strictObject({
    path: z
      .string()
      .regex(/^(?!.*\.\.)[\w-][\w./-]*\.json$/u, "a path below the data folder that ends in .json")
      .max(300),
  }),
  output: z.strictObject({ record: z.json() }),
  effect: "reads",
  timeoutMs: 5_000,
  maxCostMicroUsd: 0,

  async run({ path }, { records }) {
    return { record: toJson(await records.read(path)) };
  },
});

/** The port promises parsed JSON; a round trip through text makes it the tool's own copy, plain and mutable by nobody else. */
function toJson(record: unknown): z.input<ReturnType<typeof z.json>> {
  return record === undefined ? null : JSON.parse(JSON.stringify(record));
}
