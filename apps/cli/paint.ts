/** Colours of a terminal, or none: every function returns its text as it is when colours are off. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** Known to this process alone, so that nothing in the data can pass for a colour of ours. Groups of four: the table's own count of widths knows no longer ones. */
const MARK = [...crypto.getRandomValues(new Uint16Array(3))].map((n) => 1_000 + (n % 9_000)).join(";");
const OURS = new RegExp(`\\u001b\\[${MARK};(\\d+)m`, "gu");
/** What steers a terminal or turns the order of what is read: control characters, line separators, bidi overrides. */
const STEERING = "[\\p{Cc}\\u2028-\\u202e\\u2066-\\u2069]";
const FOREIGN = new RegExp(`(?!\\n|\\u001b\\[${MARK};\\d+m)${STEERING}`, "gu");
const UNESCAPED = new RegExp(`(?!\\n)${STEERING}`, "gu");

/** Marked codes when `isOn`, else plain text. `forTerminal` makes real codes of them. */
export function createPaint(isOn: boolean): Paint {
  const wrap = (open: number, close: number) => (text: string) =>
    isOn && text !== "" ? `\u001b[${MARK};${open}m${text}\u001b[${MARK};${close}m` : text;
  return {
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    red: wrap(31, 39),
    green: wrap(32, 39),
    yellow: wrap(33, 39),
    cyan: wrap(36, 39),
  };
}

/** The text with a visible sign in the place of whatever could steer the terminal; marked colours stay. */
export function harmless(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll("\t", " ").replaceAll(FOREIGN, "\ufffd");
}

/** What may be written to a terminal: everything that goes there passes through here. */
export function forTerminal(text: string): string {
  return harmless(text).replaceAll(OURS, "\u001b[$1m");
}

/** The text without our colours. */
export function unpainted(text: string): string {
  return text.replaceAll(OURS, "");
}

/** JSON that reads back as the same value and steers no terminal. */
export function jsonText(value: unknown): string {
  const encode = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, null, 2).replaceAll(UNESCAPED, encode);
}
