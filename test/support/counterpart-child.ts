import { startSandboxProvider } from "../../tools/connectors/sandbox-provider.js";
import { startMailServer } from "./mail-server.js";

// A counterpart of a connector, in a process of its own, which keeps its own count. Its first act is held for ever: "before"
// it is done, or "after". It says line by line: its port, each act that came, each that was done, and how many payments stand.
const [kind = "", cutOff = ""] = process.argv.slice(2);
let acts = 0;

function say(word: string, value: string | number): void {
  process.stdout.write(`${JSON.stringify({ word, value })}\n`);
}

/** Whether the act that came now is held at this point. */
function isHeld(point: string): boolean {
  return acts === 1 && point === cutOff;
}

if (kind === "mail") {
  const { port } = await startMailServer({
    onMailFrom(_address, _session, answer) {
      acts += 1;
      say("came", acts);
      if (!isHeld("before")) answer();
    },
    judge({ raw }) {
      say("done", /^Message-ID:\s*(\S+)/imu.exec(raw)?.[1] ?? "");
      return isHeld("after") ? "hang" : undefined;
    },
  });
  say("port", port);
} else {
  const sandbox = await startSandboxProvider({
    onAct(_path, progress) {
      if (progress === "came") acts += 1;
      say(progress, sandbox.kept.payments.at(-1)?.key ?? "");
      if (progress === "done") say("standing", sandbox.kept.payments.length);
    },
  });
  if (cutOff !== "answered") sandbox.trouble({ kind: "hang", after: cutOff === "after" ? "act" : "nothing" });
  say("port", Number(new URL(sandbox.url).port));
}
