import { wordsOf } from "./words-of.js";

/** Elements whose content nobody reads on the page. */
const UNREAD: ReadonlySet<string> = new Set("script style noscript template svg iframe object select".split(" "));
const BREAKS =
  /^(?:address|article|aside|blockquote|br|dd|div|dt|figcaption|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|td|th|title|tr|ul)$/u;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };
const MAX_TITLE = 200;
const TAG = /<(\/?)([a-z][\w:-]*)|<!--|<[!?/]/giy;

/** What a reader would see of a page: its title and its text, a line for each block. One pass, whatever the page is made of. */
export function htmlText(html: string): { readonly title: string; readonly text: string } {
  let text = "";
  let title = "";
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open === -1) break;
    text += html.slice(at, open);
    const tag = tagAt(html, open);
    if (tag.kind === "text") text += "<";
    if (tag.breaks) text += "\n";
    if (tag.name === "title" && title === "") title = html.slice(tag.end, indexOf(html, "</title", tag.end));
    at = tag.end;
  }
  if (at < html.length) text += html.slice(at);
  return { title: wordsOf(plainText(title), MAX_TITLE), text: inLines(plainText(text)) };
}

/** Text with its marks taken off and the commonest entities read. */
function plainText(marked: string): string {
  return marked.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/giu,
    (whole, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      return isCharacter ? String.fromCodePoint(code) : " ";
    },
  );
}

interface Mark {
  readonly kind: "tag" | "text";
  readonly name: string;
  readonly breaks: boolean;
  /** Where the page goes on behind it, what nobody reads included. */
  readonly end: number;
}

function tagAt(html: string, open: number): Mark {
  TAG.lastIndex = open;
  const found = TAG.exec(html);
  if (!found) return { kind: "text", name: "", breaks: false, end: open + 1 };
  if (found[0] === "<!--") return { kind: "tag", name: "", breaks: false, end: behind(html, "-->", open) };
  const name = (found[2] ?? "").toLowerCase();
  const end = behind(html, ">", open);
  const isUnread = found[1] === "" && UNREAD.has(name);
  return {
    ...{ kind: "tag", name: found[1] === "" ? name : "", breaks: BREAKS.test(name) },
    end: isUnread ? behind(html, ">", indexOf(html, `</${name}`, end)) : end,
  };
}

function behind(html: string, what: string, from: number): number {
  const at = html.indexOf(what, from);
  return at === -1 ? html.length : at + what.length;
}

/** As `String.indexOf`, in capitals too; the page's end when it is not there. */
function indexOf(html: string, what: string, from: number): number {
  const search = new RegExp(what, "giu");
  search.lastIndex = from;
  return search.exec(html)?.index ?? html.length;
}

function inLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/[\p{Cc}\p{Cf}\p{Z}]+/gu, " ").trim())
    .filter((line) => line !== "")
    .join("\n");
}
