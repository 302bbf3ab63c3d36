import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Essence } from "./crash-essence.js";
import { essenceOf, ownTablesOf } from "./crash-essence.js";
import { driveExternally } from "./crash-external.js";
import type { Scenario } from "./crash-scenarios.js";
import type { CrashWorldOptions } from "./crash-world.js";
import { driveToEnd, inPool, openCrashWorld, scratchFolder } from "./crash-world.js";

const AT_ONCE = 4;
/** No scenario has as many commits: a run that never ends must not fill the disk with its copies. */
const MAX_COPIES = 500;
/** Prime to every number of copies: another moment of the second process each time. */
const STRIDE = 7919;

/** How a run ended, and where the processes before were killed. */
export interface End {
  readonly killed: string;
  readonly essence: Essence;
  readonly tables: readonly unknown[];
  /** What was done outside, in the order in which it was. */
  readonly history: readonly string[];
  /** How often somebody was asked whether an act had happened. */
  readonly doubts: number;
}

/** A folder that a process is opened on, and where the one before it was killed. */
interface Copy {
  readonly folder: string;
  readonly label: string;
  readonly atMs: number;
}

export interface Sweep {
  /** The run that nobody interrupted. */
  readonly expected: End;
  readonly ends: readonly End[];
}

/**
 * Runs the scenario and copies store and outside after every commit and around every act: what SIGKILL would leave
 * there. Every copy, or `limit` of them spread evenly, is then resumed and driven to its end by the same people.
 * With `twice`, resumed processes are killed once more, each at another moment of its way.
 */
export async function sweep(
  scenario: Scenario,
  options: { readonly limit?: number; readonly twice?: boolean } = {},
): Promise<Sweep> {
  const base = scratchFolder();
  try {
    const copies: Copy[] = [];
    const expected = await runThrough(
      scenario,
      { folder: join(base, "whole"), atMs: 0, label: "never" },
      { to: copies, isWanted: () => copies.length < MAX_COPIES },
    );
    const chosen = spread(copies, options.limit ?? copies.length);
    const ends = await inPool(chosen, AT_ONCE, async (copy, index) => {
      const again: Copy[] = [];
      const isAgain = (moment: number): boolean => moment === (index * STRIDE) % copies.length;
      const end = await runThrough(scenario, copy, options.twice ? { to: again, isWanted: isAgain } : undefined);
      const label = (second: Copy): string => `${copy.label}, then ${second.label}`;
      const more = await Promise.all(again.map((second) => runThrough(scenario, { ...second, label: label(second) })));
      for (const { folder } of [copy, ...again]) rmSync(folder, { recursive: true });
      return [end, ...more];
    });
    return { expected, ends: ends.flat() };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

/** Where copies of a run go, and at which of its moments one is made. */
interface Copies {
  readonly to: Copy[];
  isWanted(moment: number, what: string): boolean;
}

/** Opens the folder as a new process would, goes on to the end, and tells how it ended. */
export async function runThrough(scenario: Scenario, copy: Copy, copies?: Copies): Promise<End> {
  const { folder, atMs, label } = copy;
  mkdirSync(folder, { recursive: true });
  const began = performance.now();
  let moments = 0;
  const snap = (what: string): void => {
    moments += 1;
    if (!copies?.isWanted(moments, what)) return;
    const to = `${folder}-${moments}`;
    copyStore(folder, to);
    copies.to.push({
      folder: to,
      label: `${what} ${moments}`,
      atMs: scenario.isTimed ? atMs + performance.now() - began : 0,
    });
  };
  forgetOwners();
  const hooks: Partial<CrashWorldOptions> = {
    afterCommit: () => snap("after commit"),
    atAct: (when, tool, to) => snap(`${when} ${tool} ${to}, at`),
  };
  const world = await openCrashWorld({ folder, scenario, beginsAtMs: atMs, isHasty: true, ...hooks });
  try {
    await (scenario.by === "script" ? driveExternally(world, scenario) : driveToEnd(world, scenario));
    const essence = await essenceOf(world);
    const requests = await world.parts.store.approvals.list();
    await world.close();
    const doubts = requests.filter(({ kind }) => kind === "in_doubt").length;
    const history = world.outside.acts().map(({ tool, to }) => `${tool} ${to}`);
    return { killed: label, essence, tables: ownTablesOf(folder), history, doubts };
  } catch (error) {
    await world.close().catch(() => undefined);
    throw new Error(`${scenario.name}, killed ${label}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Database, write-ahead log and outside; the index of the log is lost, as it is with the last process. */
function copyStore(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of ["missions.db", "missions.db-wal", "outside.txt"]) {
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
}

/** Makes the store take every earlier owner of this process for dead: the same process id, but no such owner any more. */
function forgetOwners(): void {
  // Safe: the registry is a set of names on the process; a killed process loses it too.
  (Reflect.get(globalThis, Symbol.for("mission-orchestrator.owners")) as Set<string> | undefined)?.clear();
}

function spread<Item>(items: readonly Item[], limit: number): readonly Item[] {
  if (items.length <= limit) return items;
  const step = items.length / limit;
  return Array.from({ length: limit }, (_, index) => items[Math.floor(index * step)]).filter(
    (item) => item !== undefined,
  );
}
