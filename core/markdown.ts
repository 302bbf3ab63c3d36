import { withoutSteering } from "./steering.js";

/** Signs that mean something anywhere in a line; `_` not within a word, `&` only where it begins the name of a sign. */
const INLINE = /[\\`*[\]<>|~]|(?<!\w)_|_(?!\w)|&(?=#|\w+;)/gu;
/** What begins a heading, a list, a rule or an underline at the start of a line. */
const BEGINNING = /^(\s*)(?:([#+=-])(?=[\s#=-]|$)|(\d+)([.)])(?=\s|$))/u;

/** Words from outside as one line of Markdown that reads as they were written: no markup, no link, no line of its own. */
export function md(text: string): string {
  return withoutSteering(text.replaceAll(/\s+/gu, " "))
    .replaceAll(INLINE, "\\$&")
    .replace(BEGINNING, (_, space: string, sign?: string, digits?: string, dot?: string) =>
      sign === undefined ? `${space}${digits}\\${dot}` : `${space}\\${sign}`,
    );
}
