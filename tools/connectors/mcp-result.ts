import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Json } from "../../core/digest.js";
import { McpFailure } from "./mcp-error.js";
import { wordsOf } from "./words-of.js";

const MAX_TEXT = 20_000;
const MAX_DATA = 200_000;
const MAX_WORDS = 400;

/** What a tool without a schema of its own answers: what people would read, and what programs would. */
export const PlainResultSchema = z.strictObject({ text: z.string(), data: z.json(), is_clipped: z.boolean() });

/**
 * A call's result as JSON: by the tool's own schema where it has one, else text and data. Pictures and sounds become a
 * word about them. Throws what the tool says about its own failure.
 */
export function resultOf(what: string, result: CallToolResult, hasSchema: boolean): Json {
  const texts = result.content.map(textOf).filter((text) => text !== "");
  const text = texts.join("\n");
  if (result.isError === true) throw new McpFailure(`${what} failed: ${wordsOf(text, MAX_WORDS)}`);
  const data = JSON.stringify(result.structuredContent ?? null);
  if (data.length > MAX_DATA) return `${data.length} characters, more than ${MAX_DATA}`;
  const parsed: Json = JSON.parse(data);
  if (hasSchema) return parsed;
  const isClipped = text.length > MAX_TEXT;
  return {
    text: isClipped ? text.slice(0, MAX_TEXT).replace(/[\uD800-\uDBFF]$/u, "") : text,
    data: parsed,
    is_clipped: isClipped,
  };
}

function textOf(block: CallToolResult["content"][number]): string {
  if (block.type === "text") return block.text;
  if (block.type === "resource_link") return `[${wordsOf(block.name, 200)}: ${wordsOf(block.uri, 500)}]`;
  if (block.type === "resource") {
    return "text" in block.resource ? block.resource.text : `[${wordsOf(block.resource.uri, 500)}]`;
  }
  return `[${block.type} of ${wordsOf(block.mimeType, 80)}, ${block.data.length} characters]`;
}
