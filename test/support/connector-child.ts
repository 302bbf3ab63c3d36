import { writeSync } from "node:fs";
import { openStore } from "../../runtime/store/store.js";
import { CONNECTOR_ACTS } from "./connector-acts.js";
import { openWorld } from "./gate.js";

// A process that does one act of a connector, which a person has approved. With "answered" it is killed once the
// counterpart has answered and before that is on disk; otherwise it is killed from outside. With "stopped before claim",
// "stopped after claim", "stopped before call" (in the tool's code) or "stopped before outcome" it says so, stops itself there, and when it goes on says how its call
// ended. Its lease lasts as long as it is told, and is not renewed.
const [storeUrl = "", kind = "", port = "", cutOff = "", leaseMs = "60000"] = process.argv.slice(2);

function say(word: string, value: string): void {
  writeSync(1, `${JSON.stringify({ word, value })}\n`);
}

let hasStopped = false;
function stopAt(point: string): void {
  if (cutOff !== `stopped ${point}` || hasStopped) return;
  hasStopped = true;
  say("stopped", point);
  process.kill(process.pid, "SIGSTOP");
}

const act = kind === "mail" ? CONNECTOR_ACTS.mail : CONNECTOR_ACTS.payment;
const tools = act.tools(Number(port)).map((tool) => ({
  ...tool,
  dedupeKey(...given: Parameters<NonNullable<typeof tool.dedupeKey>>) {
    stopAt("before claim");
    return tool.dedupeKey?.(...given) ?? "";
  },
  async run(...given: Parameters<typeof tool.run>) {
    stopAt("before call");
    const result = await tool.run(...given);
    stopAt("before outcome");
    if (cutOff === "answered") process.kill(process.pid, "SIGKILL");
    return result;
  },
}));
const store = await openStore(storeUrl, {
  onEvent: ({ type }) => {
    if (type === "effect_claimed") stopAt("after claim");
  },
});
const world = await openWorld({ store, tools, leaseMs: Number(leaseMs) });
await world.call(act.tool, act.args, { turnKey: "k" }).then(
  (reply) => say("ended", reply.ok ? "ok" : reply.code),
  (error: { code?: string }) => say("ended", error.code ?? String(error)),
);
