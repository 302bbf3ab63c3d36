import { openStore } from "../../runtime/store/store.js";
import { CONNECTOR_ACTS } from "./connector-acts.js";
import { openWorld } from "./gate.js";

// A process that does one act of a connector, which a person has approved. With "answered" it is killed once the
// counterpart has answered and before that is on disk; otherwise it is killed from outside.
const [storeUrl = "", kind = "", port = "", cutOff = ""] = process.argv.slice(2);

const act = kind === "mail" ? CONNECTOR_ACTS.mail : CONNECTOR_ACTS.payment;
const tools = act.tools(Number(port)).map((tool) => ({
  ...tool,
  async run(...given: Parameters<typeof tool.run>) {
    const result = await tool.run(...given);
    if (cutOff === "answered") process.kill(process.pid, "SIGKILL");
    return result;
  },
}));
const world = await openWorld({ store: await openStore(storeUrl), tools });
await world.call(act.tool, act.args, { turnKey: "k" });
