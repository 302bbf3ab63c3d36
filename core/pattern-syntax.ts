/** A regular expression as a tree. */
export type PatternNode =
  | { readonly kind: "sign"; readonly fits: (sign: string) => boolean }
  | { readonly kind: "edge"; readonly holds: (signs: readonly string[], at: number) => boolean }
  | { readonly kind: "ahead"; readonly isNegative: boolean; readonly node: PatternNode }
  | { readonly kind: "all"; readonly nodes: readonly PatternNode[] }
  | { readonly kind: "any"; readonly nodes: readonly PatternNode[] }
  | { readonly kind: "times"; readonly node: PatternNode; readonly least: number; readonly most: number };

const SPECIAL = /[\\^$.*+?()[\]{}|]/u;
const ESCAPE = /^\\(?:[pP]\{[^}]*\}|u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|.)/su;
const QUANTIFIER = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/u;
const GROUP = /^\((?:\?(?:(:)|(=)|(!)|(<[^=!>][^>]*>)))?/u;

/** The tree of a pattern that JavaScript accepts with `u`. Throws for those that it refuses, and for what cannot be bounded. */
export function parsePattern(pattern: string): PatternNode {
  new RegExp(pattern, "u");
  const reader = new Reader(pattern);
  return reader.choice();
}

/** Reads a pattern that is known to be well formed. */
class Reader {
  #rest: string;

  constructor(pattern: string) {
    this.#rest = pattern;
  }

  choice(): PatternNode {
    const nodes = [this.#sequence()];
    while (this.#rest.startsWith("|")) {
      this.#take(1);
      nodes.push(this.#sequence());
    }
    const [only, ...others] = nodes;
    return only && others.length === 0 ? only : { kind: "any", nodes };
  }

  #sequence(): PatternNode {
    const nodes: PatternNode[] = [];
    while (this.#rest !== "" && !this.#rest.startsWith("|") && !this.#rest.startsWith(")")) {
      nodes.push(this.#repeated(this.#one()));
    }
    return { kind: "all", nodes };
  }

  #repeated(node: PatternNode): PatternNode {
    const found = QUANTIFIER.exec(this.#rest);
    if (!found) return node;
    this.#take(found[0].length);
    const [, sign, least, comma, most] = found;
    if (sign !== undefined)
      return { kind: "times", node, least: sign === "+" ? 1 : 0, most: sign === "?" ? 1 : Number.POSITIVE_INFINITY };
    const upTo = comma === undefined ? Number(least) : most === "" ? Number.POSITIVE_INFINITY : Number(most);
    return { kind: "times", node, least: Number(least), most: upTo };
  }

  #one(): PatternNode {
    const first = this.#rest[0] ?? "";
    if (first === "(") return this.#group();
    if (first === "^") return this.#edge(1, (_, at) => at === 0);
    if (first === "$") return this.#edge(1, (signs, at) => at === signs.length);
    if (first === "[") return signOf(this.#take(classLength(this.#rest)));
    if (first === "\\") return this.#escape();
    const sign = this.#take(String.fromCodePoint(this.#rest.codePointAt(0) ?? 0).length);
    return SPECIAL.test(sign) ? signOf(sign) : { kind: "sign", fits: (other) => other === sign };
  }

  #escape(): PatternNode {
    const [text = ""] = ESCAPE.exec(this.#rest) ?? [];
    if (text === "\\b") return this.#edge(2, isAtWordEdge);
    if (text === "\\B") return this.#edge(2, (signs, at) => !isAtWordEdge(signs, at));
    if (/^\\[1-9k]/u.test(text)) throw new TypeError("A pattern of matches() cannot refer back to a group.");
    return signOf(this.#take(text.length));
  }

  #group(): PatternNode {
    const [begin, , ahead, notAhead] = GROUP.exec(this.#rest) ?? [];
    const isPlain = begin === "(" && !this.#rest.startsWith("(?");
    if (begin === undefined || (begin === "(" && !isPlain))
      throw new TypeError("A pattern of matches() cannot look behind, nor change its own flags.");
    this.#take(begin.length);
    const node = this.choice();
    this.#take(1);
    if (ahead === undefined && notAhead === undefined) return node;
    return { kind: "ahead", isNegative: notAhead !== undefined, node };
  }

  #edge(length: number, holds: Extract<PatternNode, { kind: "edge" }>["holds"]): PatternNode {
    this.#take(length);
    return { kind: "edge", holds };
  }

  #take(length: number): string {
    const taken = this.#rest.slice(0, length);
    this.#rest = this.#rest.slice(length);
    return taken;
  }
}

/** What stands for one sign (a class, an escape, a dot), by JavaScript's own rules for it. */
function signOf(source: string): PatternNode {
  const only = new RegExp(`^(?:${source})$`, "u");
  return { kind: "sign", fits: (sign) => only.test(sign) };
}

/** How long the class is that a text begins with. */
function classLength(text: string): number {
  let at = 1;
  while (at < text.length && text[at] !== "]") at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function isAtWordEdge(signs: readonly string[], at: number): boolean {
  return isWord(signs[at - 1]) !== isWord(signs[at]);
}

function isWord(sign: string | undefined): boolean {
  return sign !== undefined && /^\w$/u.test(sign);
}
