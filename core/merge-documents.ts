import { isJsonObject } from "./define-agent.js";
import type { Json, JsonObject } from "./digest.js";
import type { Place, Problem } from "./problem.js";
import { escapeKey } from "./problem.js";

/** Where the parts of a document were written: a place for each pointer that does not follow from its parent's. */
export type Origins = ReadonlyMap<string, Place>;

/** A mission's document before it is parsed, and where its parts come from. */
export interface SourcedDocument {
  readonly document: JsonObject;
  readonly origins: Origins;
}

/** Lists whose entries are merged by an id; every other value that stands in both documents is a problem. */
const KEYED_LISTS: Readonly<Record<string, string>> = { tasks: "task_id", kpis: "kpi_id", limits: "limit_id" };
/** What the two documents are joined on may, and must, stand in both. */
const JOINS = new Set(["/mission_id"]);

/** The place of a pointer into the document: that of its nearest ancestor with an origin, and the rest of the way. */
export function placeOf(origins: Origins, pointer: string): Place {
  for (let head = pointer; ; head = head.slice(0, head.lastIndexOf("/"))) {
    const origin = origins.get(head);
    if (origin) return { ...origin, pointer: origin.pointer + pointer.slice(head.length) };
    if (head === "") return { pointer };
  }
}

/** Adds to the dataset's document what our file has beyond it. A field that both have is a problem, even when they agree. */
export function mergeDocuments(
  base: SourcedDocument,
  ours: SourcedDocument,
): SourcedDocument & { readonly problems: readonly Problem[] } {
  const merge = new Merge(base, ours);
  const document = merge.objects(base.document, ours.document, { to: "", base: "", ours: "" });
  return { document, origins: merge.origins, problems: merge.problems };
}

/** One node's pointers in the merged document, the base and ours. */
interface At {
  readonly to: string;
  readonly base: string;
  readonly ours: string;
}

class Merge {
  readonly origins = new Map<string, Place>();
  readonly problems: Problem[] = [];
  readonly #base: SourcedDocument;
  readonly #ours: SourcedDocument;

  constructor(base: SourcedDocument, ours: SourcedDocument) {
    this.#base = base;
    this.#ours = ours;
  }

  objects(base: JsonObject, ours: JsonObject, at: At, joinKey?: string): JsonObject {
    this.origins.set(at.to, placeOf(this.#ours.origins, at.ours));
    const merged: Record<string, Json | undefined> = {};
    for (const [key, value] of Object.entries(base)) {
      const here = below(at, key);
      merged[key] = value;
      this.#cameFromBase(here);
      if (!Object.hasOwn(ours, key) || key === joinKey || JOINS.has(here.to)) continue;
      merged[key] = this.#both(key, value, ours[key], here);
    }
    for (const [key, value] of Object.entries(ours)) if (!Object.hasOwn(base, key)) merged[key] = value;
    return merged;
  }

  #both(key: string, base: Json | undefined, ours: Json | undefined, at: At): Json | undefined {
    const idKey = KEYED_LISTS[key];
    if (idKey !== undefined && Array.isArray(base) && Array.isArray(ours)) return this.#lists(base, ours, at, idKey);
    if (isJsonObject(base) && isJsonObject(ours)) return this.objects(base, ours, at);
    const inDataset = placeOf(this.#base.origins, at.base);
    this.problems.push({
      severity: "error",
      code: "field_in_both",
      ...placeOf(this.#ours.origins, at.ours),
      message: `the dataset has this field already (${inDataset.file ?? ""}#${inDataset.pointer}): remove it here.`,
    });
    return base;
  }

  #lists(base: readonly Json[], ours: readonly Json[], at: At, idKey: string): readonly Json[] {
    this.origins.set(at.to, placeOf(this.#ours.origins, at.ours));
    const matched = new Set<number>();
    const merged = base.map((entry, index): Json => {
      const to = `${at.to}/${index}`;
      const other = ours.findIndex(
        (mine, position) => !matched.has(position) && idOf(mine, idKey) === idOf(entry, idKey),
      );
      const here = { to, base: `${at.base}/${index}`, ours: `${at.ours}/${other}` };
      const mine = ours[other];
      if (!isJsonObject(entry) || !isJsonObject(mine)) {
        this.#cameFromBase(here);
        return entry;
      }
      matched.add(other);
      return this.objects(entry, mine, here, idKey);
    });
    for (const [position, entry] of ours.entries()) {
      if (matched.has(position)) continue;
      this.origins.set(`${at.to}/${merged.length}`, placeOf(this.#ours.origins, `${at.ours}/${position}`));
      merged.push(entry);
    }
    return merged;
  }

  /** Keeps the base's own finer origins below this node, too. */
  #cameFromBase(at: At): void {
    this.origins.set(at.to, placeOf(this.#base.origins, at.base));
    for (const [pointer, place] of this.#base.origins) {
      if (pointer.startsWith(`${at.base}/`)) this.origins.set(at.to + pointer.slice(at.base.length), place);
    }
  }
}

function below(at: At, key: string): At {
  const segment = `/${escapeKey(key)}`;
  return { to: at.to + segment, base: at.base + segment, ours: at.ours + segment };
}

function idOf(value: Json, key: string): Json | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}
