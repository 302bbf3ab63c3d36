import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const NAME = "shared/data";

/**
 * A folder of the data that is not part of the project: below `SHARED_DATA`, else below a `shared/data` beside the
 * checkout or further up. Undefined where it is not there, as with most who have the checkout alone.
 */
export function sharedData(folder: string): string | undefined {
  const named = process.env["SHARED_DATA"];
  const roots = [
    ...(named === undefined ? [] : [named]),
    ...above(import.meta.dirname).map((path) => join(path, NAME)),
  ];
  return roots.map((root) => join(root, folder)).find((path) => existsSync(path));
}

function above(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [parent, ...above(parent)];
}

/** A folder of `test/data`: small ones of our own, which every checkout has. */
export function ownData(folder: "projects" | "traces"): string {
  return join(import.meta.dirname, "../data", folder);
}

/** One instance of a project scheduling library, with the best makespan known for it. */
export interface BenchmarkInstance {
  readonly name: string;
  readonly works: readonly { id: string; minutes: number; dependsOn: string[]; demands: Record<string, number> }[];
  readonly capacities: Readonly<Record<string, number>>;
  readonly bestKnown: number;
}

/** Every `.rcp` file (Patterson's format) of a folder, with the best known makespans of the table beside them. */
export function readInstances(folder: string): readonly BenchmarkInstance[] {
  const files = readdirSync(folder);
  const best = new Map<string, number>();
  for (const file of files.filter((name) => name.endsWith(".csv"))) {
    for (const cells of readFileSync(join(folder, file), "utf8")
      .split("\n")
      .map((line) => line.split(";"))) {
      const [, name = "", , , , , , upperBound] = cells;
      if (/^j\d/u.test(name)) best.set(name.replace(".sm", ""), Number(upperBound));
    }
  }
  return files
    .filter((name) => name.endsWith(".rcp"))
    .map((file) => {
      const [, set, number] = /^(j\d+_\d+)_(\d+)/u.exec(file) ?? [];
      const bestKnown = best.get(`${set?.replace("_", "")}_${number}`);
      if (bestKnown === undefined) throw new Error(`${file} has no best known makespan.`);
      return { name: file, ...readPatterson(readFileSync(join(folder, file), "utf8")), bestKnown };
    });
}

function readPatterson(text: string): Pick<BenchmarkInstance, "works" | "capacities"> {
  const numbers = text.trim().split(/\s+/u).map(Number);
  const next = () => numbers.shift() ?? Number.NaN;
  const count = next();
  const resources = Array.from({ length: next() }, (_, index) => `R${index + 1}`);
  const capacities = Object.fromEntries(resources.map((name) => [name, next()]));
  const works = Array.from({ length: count }, (_, index) => {
    const minutes = next();
    const demands = Object.fromEntries(resources.map((name) => [name, next()]));
    const users = Array.from({ length: next() }, () => next() - 1);
    return { id: `J${index + 1}`, minutes, demands, users, dependsOn: [] as string[] };
  });
  for (const { id, users } of works) for (const user of users) works[user]?.dependsOn.push(id);
  return { works: works.map(({ users: _, ...work }) => work), capacities };
}
