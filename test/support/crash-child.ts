/** A process that works on a folder and kills itself where it is told to: `<what to do as JSON>`. */
import type { ChildTask } from "./crash-process.js";
import { SCENARIOS } from "./crash-scenarios.js";
import { driveToEnd, openCrashWorld } from "./crash-world.js";
import { SAGAS } from "./saga-scenarios.js";

const task = JSON.parse(process.argv[2] ?? "{}") as ChildTask; // safe: written by `runChild`
const found = [...SCENARIOS, ...SAGAS].find(({ name }) => name === task.scenario);
if (!found) throw new Error(`There is no scenario "${task.scenario}".`);
const scenario = { ...found, ...(task.counterpart !== undefined && { counterpart: task.counterpart }) };

let commits = 0;
let acts = 0;
let isOpen = false;
const dieWhen = (isTime: boolean): void => {
  if (isTime) process.kill(process.pid, "SIGKILL");
};
const world = await openCrashWorld({
  folder: task.folder,
  scenario,
  afterCommit: () => {
    if (isOpen) commits += 1;
    dieWhen(isOpen && commits === task.killAtCommit);
  },
  atAct: () => {
    acts += 1;
    dieWhen(acts === task.killAtAct);
  },
});
isOpen = true;
world.parts.hub.listen(({ type }) => dieWhen(type === task.killAtEvent));
if (task.command === "drive") await driveToEnd(world, scenario);
if (task.command === "start") await world.orchestrator.start(scenario.mission);
if (task.command === "decide") {
  const [request] = await world.parts.store.approvals.list({ status: ["pending"] });
  await world.orchestrator.decide(request?.approvalId ?? "", { decision: { type: "approve" }, by: "Pat" });
}
await world.close();
