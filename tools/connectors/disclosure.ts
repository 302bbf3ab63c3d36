import { z } from "zod";
import { ONE_LINE } from "../../core/one-line.js";

/** The option that says what stands in every message that leaves the house. */
export function disclosureOption(usual: string) {
  return z.string().min(10).max(200).regex(ONE_LINE, "one line, without control characters").default(usual);
}

/** The text with the disclosure as its last paragraph, unless it stands in it already: once, however often this is called. */
export function disclosed(text: string, disclosure: string): string {
  return text.includes(disclosure) ? text : `${text.trimEnd()}\n\n${disclosure}`;
}
