import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Decision } from "../../core/approval.js";
import type { AgentDefinition, Feedback } from "../../core/define-agent.js";
import type { Json } from "../../core/digest.js";
import type { EventRecord } from "../../core/records.js";
import type { ApprovalView } from "../../core/views.js";
import type { Composition, OpenOptions } from "../../runtime/compose.js";
import { compose } from "../../runtime/compose.js";
import { Orchestrator } from "../../runtime/orchestrator.js";

/** Outputs of skills are looked at and spoiled by path: the fault is the test's, the shape is the skill's. */
// biome-ignore lint/suspicious/noExplicitAny: a fault reaches into the output of any skill; the check under test reads it.
export type Spoil = (output: any) => unknown;

/** A fault in the results of one skill. */
export interface Plant {
  readonly skill: string;
  readonly spoil: Spoil;
  /** Attempts that come out wrong, from the first; later ones are honest. */
  readonly attempts?: number;
  /** Without the skill's own check: as if nobody had thought of this fault in the task. */
  readonly unchecked?: boolean;
}

/** What a playbook was told at the beginning of an attempt. */
export interface Heard {
  readonly skill: string;
  readonly attempt: number;
  readonly feedback: readonly Feedback[];
}

/** The agent with faults planted in its results: its playbooks do their real work, and what they return is spoiled. */
export function withFaults(
  agent: AgentDefinition,
  plants: readonly Plant[],
): { agent: AgentDefinition; heard: readonly Heard[] } {
  const heard: Heard[] = [];
  const skills = Object.entries(agent.skills).map(([skill, { check, ...playbook }]) => {
    const plant = plants.find((each) => each.skill === skill);
    const run: typeof playbook.run = async (context, inputs) => {
      heard.push({ skill, attempt: context.attempt, feedback: context.feedback });
      const honest = await playbook.run(context, inputs);
      return plant && context.attempt <= (plant.attempts ?? 1) ? plant.spoil(structuredClone(honest)) : honest;
    };
    return [skill, { ...playbook, ...(check && !plant?.unchecked && { check }), run }] as const;
  });
  return { agent: { ...agent, skills: Object.fromEntries(skills) }, heard };
}

/** An orchestrator on a store of its own, with the store at hand to look behind the views. */
export interface Bench {
  readonly orchestrator: Orchestrator;
  readonly parts: Composition;
  /** The store's file; another bench may be opened on it once this one is closed. */
  readonly file: string;
  readonly store: Composition["store"];
  events(run: string, type?: EventRecord["type"]): Promise<readonly EventRecord[]>;
}

/** Opens benches for the tests of one file; `drop` closes all of them and takes their folder away. */
export function createBenches(): {
  open(options?: Omit<OpenOptions, "store">, file?: string): Promise<Bench>;
  drop(): Promise<void>;
} {
  const folder = mkdtempSync(join(tmpdir(), "mission-faults-"));
  const opened: Orchestrator[] = [];
  return {
    async open(options = {}, file = join(folder, `${opened.length}.db`)) {
      const parts = await compose({ ...options, store: `sqlite:${file}` });
      const orchestrator = new Orchestrator(parts);
      opened.push(orchestrator);
      return {
        orchestrator,
        parts,
        file,
        store: parts.store,
        async events(run, type) {
          const all = await parts.store.events.of(run);
          return type === undefined ? all : all.filter((event) => event.type === type);
        },
      };
    },
    async drop() {
      await Promise.allSettled(opened.map((orchestrator) => orchestrator.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Answers whatever is asked until the answer is `undefined` for all of it, or nothing is asked. Returns what was asked. */
export async function answerAll(
  { orchestrator }: Bench,
  run: string,
  answer: (request: ApprovalView) => Decision | undefined = ({ kind }) =>
    kind === "task_result" ? { type: "approve" } : undefined,
): Promise<readonly ApprovalView[]> {
  const asked: ApprovalView[] = [];
  for (;;) {
    const open = await orchestrator.approvals({ run });
    const [next] = open.flatMap((request) => {
      const decision = answer(request);
      return decision ? [{ request, decision }] : [];
    });
    if (!next) return asked;
    asked.push(next.request);
    await orchestrator.decide(next.request.approval_id, { decision: next.decision, by: "ann" });
  }
}

/** The feedback that a check's events stand for, in their order. */
export function feedbackOf(events: readonly EventRecord[]): Json {
  return events.map(({ data }) => ({ from: "checks", reason: data["reason"], field: data["field"] }));
}
