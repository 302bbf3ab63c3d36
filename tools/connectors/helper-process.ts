import { fork } from "node:child_process";
import type { HelperAnswer } from "./helper-answer.js";
import { helperEntry } from "./helper-entry.js";
import type { StartHelper } from "./helper-pool.js";

/** A child process with an empty environment, which hears and answers over IPC alone. It is killed with SIGKILL. */
export function processHelper(name: string, maxHeapMb: number): StartHelper {
  return (hears) => {
    const { file, isSource } = helperEntry(name);
    const loader = isSource ? ["--import", import.meta.resolve("tsx")] : [];
    const child = fork(file, [], {
      env: {},
      execArgv: [...loader, `--max-old-space-size=${maxHeapMb}`],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    // Safe: the child is our own program and says nothing else.
    child.on("message", (answer) => hears.answer(answer as HelperAnswer));
    child.on("error", () => hears.ended());
    child.on("exit", () => hears.ended());
    return {
      send: (question) => void (child.connected && child.send(question, () => {})),
      kill: () => void child.kill("SIGKILL"),
      hold(isHeld) {
        if (isHeld) child.ref();
        else child.unref();
        if (isHeld) child.channel?.ref();
        else child.channel?.unref();
      },
    };
  };
}
