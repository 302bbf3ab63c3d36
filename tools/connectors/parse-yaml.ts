import { createRequire } from "node:module";
import type { Alias, CST, Document, Node } from "yaml";
import type { Json } from "../../core/digest.js";

const MAX_CHARS = 2_000_000;
/** Of the text with every alias written out. */
const MAX_WRITTEN_OUT = 4_000_000;
const MAX_DEPTH = 64;

const OPTIONS = {
  version: "1.2",
  schema: "core",
  resolveKnownTags: false,
  stringKeys: true,
  prettyErrors: false,
  uniqueKeys: false, // that check compares each key with every other; the reader has its own
} as const;

type Yaml = typeof import("yaml");

/** A value, and how large and how deep it is with every alias written out. */
interface Read {
  readonly json: Json;
  readonly size: number;
  readonly depth: number;
}

/**
 * Text of somebody else's as JSON, from one document of YAML 1.2 with nothing in it that JSON does not have: tags of its
 * own, merging by `<<`, keys that are no texts. An alias stands for the same value, which is not copied. Throws a plain
 * `Error` that names the line of what cannot be read, for more than 2,000,000 characters, for aliases that would write
 * out to more than twice that, and for what is nested deeper than 64.
 */
export function parseYaml(text: string): Json {
  if (text.length > MAX_CHARS) throw new Error(`it is YAML of more than ${MAX_CHARS} characters; give it as JSON`);
  const yaml: Yaml = createRequire(import.meta.url)("yaml"); // here, so that only who reads YAML waits for it
  const lines = new yaml.LineCounter();
  const tokens = [...new yaml.Parser(lines.addNewLine).parse(text)];
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  assertShallow(tokens, lineAt);
  const [document, another] = new yaml.Composer(OPTIONS).compose(tokens, true, text.length);
  if (another) throw new Error(`line ${lineAt(another.range[0])}: a second document begins`);
  const fault = document?.errors[0] ?? document?.warnings[0];
  if (fault) throw new Error(`line ${lineAt(fault.pos[0])}: ${fault.message}`);
  if (document?.directives.yaml.version !== "1.2") throw new Error("it says that it is another YAML than 1.2");
  return new Reader(yaml, lineAt).of(document);
}

/** Level by level, before anything is built: what builds it recurses, and a stack that runs out there can end the process. */
function assertShallow(tokens: readonly CST.Token[], lineAt: (offset: number) => number): void {
  let level = tokens;
  for (let depth = 0; level[0] !== undefined; depth += 1) {
    // The document and its root come before the first level of depth.
    if (depth > MAX_DEPTH + 1)
      throw new Error(`line ${lineAt(level[0].offset)}: it is nested deeper than ${MAX_DEPTH}`);
    level = level.flatMap(partsOf);
  }
}

function partsOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === "document") return token.value ? [token.value] : [];
  if (!("items" in token)) return [];
  return token.items.flatMap(({ key, value }) => [...(key ? [key] : []), ...(value ? [value] : [])]);
}

class Reader {
  readonly #yaml: Yaml;
  readonly #lineAt: (offset: number) => number;
  /** By name the last one so far; without a value while it is still being read. */
  readonly #anchors = new Map<string, { read?: Read }>();

  constructor(yaml: Yaml, lineAt: (offset: number) => number) {
    this.#yaml = yaml;
    this.#lineAt = lineAt;
  }

  of({ contents }: Document.Parsed): Json {
    return this.#read(contents, 0).json;
  }

  #read(node: Node | null, depth: number): Read {
    const read = node === null ? scalar(null) : this.#yaml.isAlias(node) ? this.#known(node) : this.#named(node, depth);
    if (depth + read.depth > MAX_DEPTH) throw this.#fault(node, `it is nested deeper than ${MAX_DEPTH}`);
    if (read.size > MAX_WRITTEN_OUT) {
      throw this.#fault(node, `with its aliases written out it is longer than ${MAX_WRITTEN_OUT} characters`);
    }
    return read;
  }

  #known(alias: Alias): Read {
    const entry = this.#anchors.get(alias.source);
    if (!entry) throw this.#fault(alias, `nothing before it is called &${alias.source}`);
    if (!entry.read) throw this.#fault(alias, `*${alias.source} leads to itself`);
    return entry.read;
  }

  #named(node: Node, depth: number): Read {
    const entry: { read?: Read } = {};
    if ("anchor" in node && node.anchor !== undefined) this.#anchors.set(node.anchor, entry);
    entry.read = this.#own(node, depth);
    return entry.read;
  }

  #own(node: Node, depth: number): Read {
    const { isMap, isScalar, isSeq } = this.#yaml;
    if (isSeq<Node | null>(node)) {
      const items = node.items.map((item) => this.#read(item, depth + 1));
      return whole(
        items.map(({ json }) => json),
        items,
      );
    }
    if (isMap<Node, Node | null>(node)) return this.#object(node.items, depth);
    const value = isScalar(node) ? node.value : undefined;
    if (value === null || typeof value === "boolean" || typeof value === "string") return scalar(value);
    if (typeof value === "number" && Number.isFinite(value)) return scalar(value);
    throw this.#fault(node, "JSON has no such value");
  }

  #object(pairs: readonly { readonly key: Node; readonly value: Node | null }[], depth: number): Read {
    const fields = new Map<string, Read>();
    let size = 0;
    for (const { key, value } of pairs) {
      const name = this.#read(key, depth + 1).json;
      if (typeof name !== "string") throw this.#fault(key, "only texts can be keys");
      if (name === "<<") throw this.#fault(key, "YAML 1.2 does not merge by <<: write the fields out");
      if (fields.has(name)) throw this.#fault(key, `the key ${JSON.stringify(name.slice(0, 80))} is there twice`);
      fields.set(name, this.#read(value, depth + 1));
      size += name.length;
    }
    const json = Object.fromEntries([...fields].map(([name, read]) => [name, read.json]));
    const read = whole(json, [...fields.values()]);
    return { ...read, size: read.size + size };
  }

  #fault(node: Node | null, what: string): Error {
    return new Error(`line ${this.#lineAt(node?.range?.[0] ?? 0)}: ${what}`);
  }
}

function scalar(json: string | number | boolean | null): Read {
  return { json, size: String(json).length, depth: 0 };
}

function whole(json: Json, parts: readonly Read[]): Read {
  return {
    json,
    size: parts.reduce((sum, { size }) => sum + size, 1),
    depth: parts.reduce((most, { depth }) => Math.max(most, depth), 0) + 1,
  };
}
