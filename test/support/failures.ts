import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentDefinition, Playbook } from "../../core/define-agent.js";
import type { JsonObject } from "../../core/digest.js";
import type { StatusView } from "../../core/views.js";
import type { OpenOptions } from "../../runtime/compose.js";
import type { MissionParts } from "./missions.js";
import { fakeAgent, fakePlaybook, missionDocument } from "./missions.js";
import type { Bench } from "./planted-faults.js";
import { createBenches } from "./planted-faults.js";

/** What a skill does in a test; what it returns is its result. */
export type Act = Playbook["run"];

/** An agent of a test, its skills by name. A skill is what it does, or a playbook's parts. */
export function actor(id: string, skills: Readonly<Record<string, Act | Partial<Playbook>>>): AgentDefinition {
  const playbooks = Object.entries(skills).map(([skill, act]) =>
    fakePlaybook({ skill, ...(typeof act === "function" ? { run: act } : act) }),
  );
  return fakeAgent(id, `agent-${id.toLowerCase()}`, playbooks);
}

export interface TrialOptions extends Omit<OpenOptions, "store"> {
  /** The store of an earlier trial, which must be closed, or a copy of it. */
  readonly file?: string;
}

/** Starts one mission made of these tasks with these agents, in a store and a data folder of its own. */
export interface Trials {
  open(agents: readonly AgentDefinition[], parts: MissionParts, options?: TrialOptions): Promise<Bench>;
  /** Opens, starts, and gives what it came to. */
  start(agents: readonly AgentDefinition[], parts: MissionParts): Promise<Trial>;
  drop(): Promise<void>;
}

export interface Trial extends Bench {
  readonly run: string;
  readonly status: StatusView;
}

/** For the tests of one file. */
export function createTrials(): Trials {
  const folder = mkdtempSync(join(tmpdir(), "mission-trials-"));
  const benches = createBenches();
  const open: Trials["open"] = (agents, parts, { file, ...options } = {}) =>
    benches.open(
      {
        data: folder,
        agents,
        missions: [
          // safe: the document is written as JSON
          missionDocument({ agents: agents.map(({ agentId }) => agentId), ...parts }) as JsonObject,
        ],
        ...options,
      },
      file,
    );
  return {
    open,
    async start(agents, parts) {
      const bench = await open(agents, parts);
      const { run_id: run } = await bench.orchestrator.start("test-mission");
      return { ...bench, run, status: await bench.orchestrator.status(run) };
    },
    async drop() {
      await benches.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Tasks as `status`, `status:attempts` or `status:attempts:error`; one attempt is not said. */
export function endsOf({ tasks }: StatusView): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tasks).map(([id, { status, attempts, error_code: error }]) => [
      id,
      [status, ...(attempts > 1 || error !== null ? [attempts] : []), ...(error !== null ? [error] : [])].join(":"),
    ]),
  );
}

/** A promise that the test resolves. */
export function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
