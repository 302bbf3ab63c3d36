import { openEngine } from "./engine.js";
import type { TaskParts } from "./missions.js";
import { fakeAgent, fakePlaybook } from "./missions.js";

/** What the process says of one run, as one line of JSON. */
export interface GrowthReport {
  readonly status: string;
  readonly done: number;
  readonly ms: number;
  readonly bytes: number;
  readonly maxRssBytes: number;
}

/** `star`: one task, then all the others side by side, then one that needs them all. `chain`: one after the other. */
function tasksOf(shape: string, count: number): readonly TaskParts[] {
  const ids = Array.from({ length: count }, (_, index) => `T${index}`);
  const [first = "", ...rest] = ids;
  const middle = rest.slice(0, -1);
  if (shape === "chain") return ids.map((task_id, at) => ({ task_id, depends_on: ids.slice(Math.max(0, at - 1), at) }));
  return [
    { task_id: first },
    ...middle.map((task_id) => ({ task_id, depends_on: [first] })),
    { task_id: rest.at(-1) ?? "", depends_on: middle },
  ];
}

const [shape = "star", count = "3000"] = process.argv.slice(2);
const worker = fakeAgent("A91", "worker", [fakePlaybook({ run: async () => ({ ok: true }) })]);
const tasks = tasksOf(shape, Number(count)).map((task) => ({ ...task, inputs: {} }));
const engine = await openEngine({ missions: [{ tasks, agents: ["A91"] }], agents: [worker] });
const begun = performance.now();
const run = await engine.orchestrator.start("test-mission");
const ms = Math.round(performance.now() - begun);
const status = await engine.orchestrator.status(run.run_id);
const report: GrowthReport = {
  status: run.status,
  done: Object.values(status.tasks).filter((task) => task.status === "done").length,
  ms,
  bytes: await engine.bytesKept(),
  maxRssBytes: process.resourceUsage().maxRSS * 1024,
};
await engine.drop();
process.stdout.write(`${JSON.stringify(report)}\n`);
