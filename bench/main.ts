/** `npm run bench`: what the engine costs for each task, beside doing the same work without an engine. Takes half a minute. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { median } from "simple-statistics";
import type { BenchMission } from "./engine.js";
import { createEngine } from "./engine.js";
import type { Runner } from "./floor.js";
import { openFloor, plainPromises } from "./floor.js";
import { GATE_KINDS, gateCosts } from "./gate.js";
import { chain, criticalPathMs, diamond, taskBody, uneven, wide } from "./shapes.js";

const ROUNDS = 5;
/** Missions, what they are called, and how many runs make one measurement. */
const COSTS = [
  { name: "8 tasks, a diamond", mission: diamond(), runs: 10 },
  { name: "1 → 100 → 1", mission: wide(100), runs: 1 },
  { name: "a chain of 200", mission: chain(200), runs: 1 },
];
const SEEDS = [11, 12, 13];
const GATE_CALLS = 500;
const GATE_BAR_MS = 1;

let cases = 0;

/** Milliseconds for one run of the mission, from so many one after the other. */
async function timed(run: Runner, mission: BenchMission, runs: number): Promise<number> {
  const begun = performance.now();
  for (let index = 0; index < runs; index += 1) {
    cases += 1;
    await run(mission, `C${cases}`);
  }
  return (performance.now() - begun) / runs;
}

const folder = mkdtempSync(join(tmpdir(), "mission-bench-"));
let commits = 0;
const engine = createEngine({ taskBody, afterCommit: () => (commits += 1) });
const dir = join(folder, "engine");
mkdirSync(dir);
const session = await engine.open({ dir });
const floor = openFloor(folder, taskBody);
const ours: Runner = async (mission, caseId) => void (await session.run(await prepared(mission), caseId));
const plain = plainPromises(taskBody);
const handles = new Map<string, Promise<string>>();

function prepared(mission: BenchMission): Promise<string> {
  const handle = handles.get(mission.id) ?? session.prepare(mission);
  handles.set(mission.id, handle);
  return handle;
}

console.log(
  `What the engine costs, on Node ${process.version} with ${availableParallelism()} cores; medians of ${ROUNDS} rounds.\n`,
);

const costs = new Table({
  head: ["mission", "ms a task", "without an engine", "with an insert a task", "commits a task", "bytes kept a task"],
  style: { head: [], border: [] },
  colAligns: ["left", "right", "right", "right", "right", "right"],
});
for (const { name, mission, runs } of COSTS) costs.push(await costOf(name, mission, runs));
console.log(costs.toString());
console.log(
  "\nms a task: a whole run through `start`, divided by its tasks, whose bodies take no time. Beside it the same bodies as\n" +
    "plain promises that keep nothing, and as plain promises with one SQLite insert for each task at synchronous=FULL, the\n" +
    "least that something durable costs. The engine's commits hold results, rows, chained events and checkpoints.\n",
);

const spans = new Table({
  head: ["uneven graph", "critical path", "makespan", "ratio"],
  style: { head: [], border: [] },
});
for (const seed of SEEDS) spans.push(await spanOf(uneven(seed)));
console.log(spans.toString());
console.log(
  "\nThirty tasks of 5 to 100 ms, unlimited places. No engine can be faster than the critical path: 1.000 would be it.\n" +
    "bench/README.md compares with LangGraph graphs written by hand.",
);

console.log("\nThe gate, a call of a tool that does nothing:");
for (const kind of GATE_KINDS) {
  const costs = await gateCosts(folder, kind, GATE_CALLS);
  console.log(`  ${kind.name}: median ${median([...costs]).toFixed(3)} ms of ${costs.length} calls`);
}
console.log(
  `Arguments, policy, deadline, turn and chained event, each durable in SQLite before the next call begins; a write is\n` +
    `claimed durably first. The bar, for a read: under ${GATE_BAR_MS} ms.`,
);

await session.close();
floor.close();
rmSync(folder, { recursive: true, force: true });

async function costOf(name: string, mission: BenchMission, runs: number): Promise<string[]> {
  const engines = [ours, plain, floor.run];
  for (const run of engines) await timed(run, mission, runs);
  const times: number[][] = engines.map(() => []);
  let made = 0;
  const before = await session.bytes();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const at of engines.keys()) {
      const index = (at + round) % engines.length;
      const run = engines[index] ?? plain;
      commits = 0;
      times[index]?.push(await timed(run, mission, runs));
      if (run === ours) made += commits;
    }
  }
  const kept = (await session.bytes()) - before;
  const tasks = mission.tasks.length;
  const done = ROUNDS * runs * tasks;
  const perTask = times.map((list) => (median(list) / tasks).toFixed(3));
  return [name, ...perTask, (made / done).toFixed(2), Math.round(kept / done).toLocaleString("en-US")];
}

async function spanOf(mission: BenchMission): Promise<string[]> {
  const path = criticalPathMs(mission);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push(await timed(ours, mission, 1));
  const makespan = median(times);
  return [mission.id, `${path} ms`, `${Math.round(makespan)} ms`, (makespan / path).toFixed(3)];
}
