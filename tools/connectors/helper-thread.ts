import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { HelperAnswer } from "./helper-answer.js";
import { helperEntry } from "./helper-entry.js";
import type { StartHelper } from "./helper-pool.js";

/** A thread with an empty environment, which hears and answers by messages alone; what it prints is dropped. */
export function threadHelper(name: string, maxHeapMb: number): StartHelper {
  return (hears) => {
    const worker = new Worker(entryUrl(name), {
      env: {},
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    worker.on("message", (answer: HelperAnswer) => hears.answer(answer));
    worker.on("error", () => hears.ended());
    worker.on("exit", () => hears.ended());
    return {
      send: (question) => worker.postMessage(question),
      kill: () => void worker.terminate(),
      hold: (isHeld) => void (isHeld ? worker.ref() : worker.unref()),
    };
  };
}

/** A thread does not take the loader of TypeScript from its options: in a checkout it registers it first. */
function entryUrl(name: string): URL {
  const { file, isSource } = helperEntry(name);
  const entry = pathToFileURL(file);
  if (!isSource) return entry;
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const program = `import { register } from ${tsx}; register(); await import(${JSON.stringify(entry.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(program)}`);
}
