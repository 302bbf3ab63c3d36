/** A process of its own that runs the mission of `kill-process.ts`, resumes it or switches: `<folder> <url> <command> [arguments]`. */
import { appendFileSync, existsSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { composeOrchestrator } from "../../runtime/compose.js";
import { actingAgent, actTool, untilLetGo } from "./kill.js";
import { missionDocument } from "./missions.js";

const LOOK_MS = 5;
const ACTS = Array.from({ length: 150 }, (_, index) => `act-${index}`);

const [, , folder = "", url = "", command = "", ...rest] = process.argv;
/** Told to whoever starts: the act that lasts until the test has switched, or its signal fires. It is done all the same. */
const lastAct = command === "start" ? rest[0] : undefined;
const done = join(folder, "acts");
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`);
const acts = (): readonly string[] => (existsSync(done) ? readFileSync(done, "utf8").split("\n").filter(Boolean) : []);

/** Resolves once the test has written the file. */
async function written(name: string, signal: AbortSignal): Promise<void> {
  while (!existsSync(join(folder, name)) && !signal.aborted) await new Promise((go) => setTimeout(go, LOOK_MS));
}

/** The outside: each act is a line that nobody takes back. The held one lasts until the test lets it go or it is stopped. */
const tool = actTool(
  "do_act",
  async (name, { signal }) => {
    if (name === "act-3") {
      say({ held: name });
      const told = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      void told.then(() => say({ aborted: name, atMs: Date.now() }));
      await untilLetGo(written("let-go", signal), signal);
    }
    appendFileSync(done, `${name}\n`);
    if (name === lastAct) await written("switched", signal);
    // Slow enough that switches fall between acts.
    await new Promise((go) => setTimeout(go, LOOK_MS));
  },
  { reconcile: async (name) => acts().includes(name) },
);

const orchestrator = await composeOrchestrator({
  store: url,
  data: join(folder, "data"),
  agents: [actingAgent("A1", "act", "do_act", ACTS)],
  tools: [tool],
  // Safe: a mission document is plain JSON.
  missions: [missionDocument({ tasks: [{ task_id: "T", skill: "act" }] }) as never],
});

async function obey(): Promise<unknown> {
  if (command === "start") return orchestrator.start("test-mission", { onRun: (runId) => say({ runId }) });
  if (command === "resume") return orchestrator.resume();
  const [turned, ...targets] = rest;
  const outcomes = [];
  for (const target of targets) {
    const options = { ...JSON.parse(target), by: `process ${process.pid}`, reason: "A test." };
    outcomes.push(await (turned === "off" ? orchestrator.kill.off(options) : orchestrator.kill.on(options)));
  }
  return outcomes;
}

say({ ready: true });
const outcome = await obey();
say({ outcome, atMs: Date.now() });
await orchestrator.close();
