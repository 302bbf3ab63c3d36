import { z } from "zod";
import { defineTool } from "./define-tool.js";

const MAX_CHARACTERS = 20_000;

/** Reads one file that a case refers to, as lines, so that a finding can name the line it rests on. */
export const readDocument = defineTool({
  name: "read_document",
  description:
    "Returns the text of one document of a case, line by line. Says `scan` when the file holds no text and `missing` when " +
    "there is none. Not for help articles, not for web pages.",
  input: z.strictObject({ path: z.string().min(1).max(300) }),
  output: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("text"), lines: z.array(z.string()), isCut: z.boolean() }),
    z.strictObject({ kind: z.literal("scan") }),
    z.strictObject({ kind: z.literal("missing") }),
  ]),
  effect: "reads",
  timeoutMs: 5_000,
  maxCostMicroUsd: 0,

  async run({ path }, { documents }) {
    const found = await documents.read(path);
    if (found.kind !== "text") return found;
    const text = found.text.normalize("NFC");
    if (text.trim() === "") return { kind: "scan" as const };
    const lines = text.slice(0, MAX_CHARACTERS).split(/\r?\n/u);
    return { kind: "text" as const, lines, isCut: text.length > MAX_CHARACTERS };
  },
});
