import type { Json } from "../../core/digest.js";

const MAX_DEPTH = 64;

/** Text of somebody else's as JSON. Throws a plain `Error` when it is none, or nested deeper than 64: what walks it later recurses. */
export function parseJson(text: string): Json {
  assertShallow(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error("it is not JSON", { cause });
  }
}

/** By the brackets outside of texts, in one pass, before anything is built. */
function assertShallow(text: string): void {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (isInText && char === "\\") at += 1;
    else if (char === '"') isInText = !isInText;
    else if (!isInText && (char === "[" || char === "{")) depth += 1;
    else if (!isInText && (char === "]" || char === "}")) depth -= 1;
    if (depth > MAX_DEPTH) throw new Error(`it is nested deeper than ${MAX_DEPTH}`);
  }
}
