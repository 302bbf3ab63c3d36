import { lookOf } from "./look-alike.js";

/** What became of a shortened or misspelt name. */
export type Lookup<T> =
  | { readonly kind: "found"; readonly item: T }
  | { readonly kind: "ambiguous"; readonly candidates: readonly string[] }
  | { readonly kind: "missing"; readonly nearest: readonly string[] };

const MAX_SUGGESTIONS = 3;
/** What is longer is no misspelt name, and comparing it would take long. */
const MAX_NAME = 200;

/** Finds an item by one of its names: exact, else by case-insensitive unique prefix. `namesOf` gives the name to show first. */
export function lookUp<T>(wanted: string, items: readonly T[], namesOf: (item: T) => readonly string[]): Lookup<T> {
  const exact = items.find((item) => namesOf(item).includes(wanted));
  if (exact !== undefined) return { kind: "found", item: exact };

  const prefix = wanted.toLowerCase();
  const begun =
    prefix === "" ? [] : items.filter((item) => namesOf(item).some((name) => name.toLowerCase().startsWith(prefix)));
  const [first, ...others] = begun;
  if (first !== undefined && others.length === 0) return { kind: "found", item: first };
  if (first !== undefined) return { kind: "ambiguous", candidates: begun.map((item) => namesOf(item)[0] ?? "") };
  return { kind: "missing", nearest: nearest(wanted, items.flatMap(namesOf)) };
}

/** The names most like the wanted one to the eye, best first; none that share next to nothing with it. */
function nearest(wanted: string, names: Iterable<string>): readonly string[] {
  if (wanted.length > MAX_NAME) return [];
  const look = lookOf(wanted);
  const limit = Math.max(2, Math.floor(look.length / 2));
  return [...new Set(names)]
    .map((name) => ({ name, distance: editDistance(look, lookOf(name)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ name }) => name);
}

/** ` Did you mean "x"?`, or nothing when no name is near. */
export function didYouMean(wanted: string, names: Iterable<string>): string {
  const near = nearest(wanted, names);
  return near.length === 0 ? "" : ` Did you mean ${near.map((name) => `"${name}"`).join(" or ")}?`;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
