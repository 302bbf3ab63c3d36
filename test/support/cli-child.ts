import { call } from "../../apps/cli/call.js";
import type { Host } from "../../apps/cli/io.js";
import { openFor } from "../../apps/cli/open-orchestrator.js";

// One process for many calls of the command line, one after the other: starting a process takes longer than looking.
// safe: only `runMany` starts this, with a list of argument lists
const calls = JSON.parse(process.argv[2] ?? "[]") as readonly (readonly string[])[];
const outs: string[] = [];
for (const args of calls) {
  const out: string[] = [];
  const host: Host = {
    out: (text) => void out.push(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: false,
    hasColors: false,
    columns: 100,
    rows: 24,
    command: "mission",
    folder: process.cwd(),
    now: () => new Date(),
    storeOfEnvironment: async () => undefined,
    open: (store) => openFor(store),
    onInterrupt: () => () => undefined,
    person: async () => {
      throw new Error("Nobody is here.");
    },
  };
  await call([...args], host, "0.0.0");
  outs.push(out.join(""));
}
process.stdout.write(JSON.stringify(outs));
