import { appendFileSync } from "node:fs";
import { openStore } from "../../runtime/store/store.js";
import { mailTool, openWorld } from "./gate.js";

// A process that sends one mail through the gate and is killed at the point named on its command line.
const [storeUrl = "", countFile = "", point = ""] = process.argv.slice(2);

function dieAt(here: string): void {
  if (here === point) process.kill(process.pid, "SIGKILL");
}

const tool = mailTool({
  run: async ({ text }) => {
    dieAt("claimed");
    appendFileSync(countFile, `${text}\n`);
    dieAt("acted");
    return { id: "m1" };
  },
});
const store = await openStore(storeUrl);
const world = await openWorld({ store, tools: [tool] });
await world.call("send_mail", { to: "a@b", text: "hi" }, { turnKey: "k" });
dieAt("told");
await store.close();
