import { call } from "../../apps/cli/call.js";
import type { Host } from "../../apps/cli/io.js";
import { openFor } from "../../apps/cli/open-orchestrator.js";

// One process for many calls of the command line, one after the other: starting a process takes longer than looking.
// safe: only `callMany` starts this, with a list of argument lists
const calls = JSON.parse(process.argv[2] ?? "[]") as readonly (readonly string[])[];
const ended: { code: number; out: string; err: string }[] = [];
for (const args of calls) {
  const [out, err]: [string[], string[]] = [[], []];
  const host: Host = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
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
    isHeard: () => true,
    onUnheard: () => () => undefined,
    person: async () => {
      throw new Error("Nobody is here.");
    },
  };
  const code = await call([...args], host, "0.0.0");
  ended.push({ code, out: out.join(""), err: err.join("") });
}
process.stdout.write(JSON.stringify(ended));
