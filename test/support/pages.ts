import { readFileSync } from "node:fs";
import { join } from "node:path";

const DOCS = join(import.meta.dirname, "../../docs");

/** A page of `docs/`, by its name. */
export function readPage(name: string): string {
  return readFileSync(join(DOCS, `${name}.md`), "utf8");
}

/** Blocks that follow a line with nothing but a path. */
export function filesIn(page: string): readonly { path: string; text: string }[] {
  const blocks = page.matchAll(/^`(?<path>[\w./-]+)`:\n\n```\w+\n(?<text>[\s\S]*?)^```$/gmu);
  return [...blocks].map(({ groups }) => ({ path: groups?.["path"] ?? "", text: groups?.["text"] ?? "" }));
}
