import { setTimeout as sleep } from "node:timers/promises";
import type { BenchMission, BenchTask, TaskBody } from "./engine.js";

const SEED = 0x2545f491;
const TASK_BYTES = 1_024;
const LINE_BYTES = 500;

function task(id: string, deps: readonly string[] = [], more: Partial<BenchTask> = {}): BenchTask {
  return { id, deps, ms: 0, bytes: TASK_BYTES, ...more };
}

/** Eight tasks of no time in five levels; a person is asked before the task named. */
export function diamond(approvalAt?: string): BenchMission {
  const needs = {
    t1: [],
    t2: ["t1"],
    t3: ["t1"],
    t4: ["t2"],
    t5: ["t2", "t3"],
    t6: ["t3"],
    t7: ["t4", "t5", "t6"],
    t8: ["t7"],
  };
  const tasks = Object.entries(needs).map(([id, deps]) => task(id, deps, { approval: id === approvalAt }));
  return { id: approvalAt === undefined ? "diamond" : "diamond-approval", tasks };
}

/** Two branches that end in another order than they are written, then a task that a person is asked about. */
export function crossed(): BenchMission {
  const branch = (name: string, ms: number) => [
    task(name, [], { ms }),
    task(`${name}2`, [name], { ms: 5 }),
    task(`${name}3`, [`${name}2`], { ms: 5 }),
  ];
  const gate = task("gate", ["a3", "b3"], { approval: true });
  return { id: "crossed", tasks: [...branch("a", 120), ...branch("b", 5), gate, task("end", ["gate"])] };
}

/** One task, then so many side by side, then one that needs them all. */
export function wide(count: number): BenchMission {
  const middle = Array.from({ length: count }, (_, index) => `w${index}`);
  return { id: `wide-${count}`, tasks: [task("src"), ...middle.map((id) => task(id, ["src"])), task("sink", middle)] };
}

/** So many tasks one after the other, each with a short line. */
export function chain(count: number): BenchMission {
  const tasks = Array.from({ length: count }, (_, index) =>
    task(`c${index}`, index > 0 ? [`c${index - 1}`] : [], { bytes: LINE_BYTES }),
  );
  return { id: `chain-${count}`, tasks };
}

/** Thirty tasks of 5 to 100 ms that need up to three earlier ones; the same for the same seed. */
export function uneven(seed: number): BenchMission {
  const draw = drawer(seed);
  const tasks = Array.from({ length: 30 }, (_, index) => {
    const needs = Array.from({ length: index < 3 ? 0 : 1 + draw(3) }, () => `u${Math.max(0, index - 1 - draw(8))}`);
    return task(`u${index}`, [...new Set(needs)], { ms: 5 + draw(96) });
  });
  return { id: `uneven-${seed}`, tasks };
}

/** The longest way through the mission, in milliseconds: no engine can be faster. */
export function criticalPathMs({ tasks }: BenchMission): number {
  const ends = new Map<string, number>();
  for (const { id, deps, ms } of tasks) ends.set(id, ms + Math.max(0, ...deps.map((dep) => ends.get(dep) ?? 0)));
  return Math.max(...ends.values());
}

/** The work of every task: nothing, or a sleep, and then a text that no store can press together. */
export const taskBody: TaskBody = async ({ id, ms, bytes }) => {
  if (ms > 0) await sleep(ms);
  const empty = { id, ok: true, text: "" };
  return { ...empty, text: noise(Math.max(0, bytes - JSON.stringify(empty).length)) };
};

const noises = new Map<number, string>();

function noise(length: number): string {
  const known = noises.get(length);
  if (known !== undefined) return known;
  const draw = drawer(SEED);
  let text = "";
  while (text.length < length) text += draw(2 ** 31).toString(36);
  noises.set(length, text.slice(0, length));
  return text.slice(0, length);
}

/** Whole numbers from 0 below the limit given, by xorshift: the same row of them for the same seed. */
function drawer(seed: number): (limit: number) => number {
  let state = seed | 0 || SEED;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}
