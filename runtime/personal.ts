import type { z } from "zod";
import { jsonSchemaOf, whyNoJsonSchema } from "../core/contract.js";
import type { Json, JsonObject } from "../core/digest.js";
import type { EventDraft } from "../core/event.js";
import type { Mission } from "../core/mission.js";
import { Mask, personalAt, personalIn } from "../core/personal.js";
import type { ApprovalRecord, EffectRecord, ResultRecord, RunRecord, Turn } from "../core/records.js";
import type { Playbooks } from "../core/session.js";
import type { ToolDefinition } from "../core/tool.js";
import type { Composition } from "./compose.js";
import { versionsOf } from "./run-views.js";

/** The code behind a run, as far as its contracts mark what is personal. */
export interface Contracts extends Pick<Playbooks, "find"> {
  tool(name: string): Pick<ToolDefinition, "input" | "output"> | undefined;
}

/** What it takes to mask what is told of a stored run. */
export type Masking = Pick<Composition, "store" | "library">;

const NO_CODE: Contracts = { find: () => undefined, tool: () => undefined };

/** What personal values are learnt from. */
interface Learnt {
  readonly results?: readonly Pick<ResultRecord, "taskId" | "output">[];
  readonly turns?: readonly Turn[];
  readonly effects?: readonly EffectRecord[];
  readonly requests?: readonly Pick<ApprovalRecord, "shown">[];
}

/**
 * The mask of one run: it hides what mission, skills and tools mark as personal, by value, in all that is told of the
 * run. Rows keep the real values, since they are the work.
 */
export class PersonalMask extends Mask {
  readonly #mission: Mission;
  readonly #contracts: Contracts;

  constructor(
    mission: Mission,
    { caseData }: Pick<RunRecord, "caseData">,
    contracts: Contracts = NO_CODE,
    rows: Learnt = {},
  ) {
    super();
    this.#mission = mission;
    this.#contracts = contracts;
    this.add(personalAt(mission.cases.personal ?? [], caseData));
    this.learn(rows);
  }

  learn({ results = [], turns = [], effects = [], requests = [] }: Learnt): void {
    for (const { taskId, output } of results) this.#result(taskId, output);
    for (const { name, args, reply, kind } of turns) {
      if (kind !== "tool") continue;
      const told = isObject(reply) ? reply : {};
      this.#call(name, args, told["value"]);
      if (told["editedArgs"] !== undefined) this.#call(name, told["editedArgs"], undefined);
    }
    for (const { tool, args, result } of effects) this.#call(tool, args, result);
    for (const { shown } of requests) {
      if (shown.tool !== undefined) this.#call(shown.tool, shown.subject, undefined);
      for (const { tool, args } of shown.proposed) this.#call(tool, args, undefined);
    }
  }

  /** Events as they may be told. */
  told(events: readonly EventDraft[]): EventDraft[] {
    return events.map((event) => ({ ...event, data: this.json(event.data) }));
  }

  #call(name: string, args: Json, result: Json | undefined): void {
    const tool = this.#contracts.tool(name);
    if (!tool) return;
    this.#learnBy(tool.input, "input", args);
    this.#learnBy(tool.output, "output", result);
  }

  /** A contract that cannot be read as JSON Schema marks nothing: an event that could not be told would stop the run. */
  #learnBy(contract: z.ZodType, io: "input" | "output", value: Json | undefined): void {
    if (value === undefined || whyNoJsonSchema(contract, io) !== undefined) return;
    this.add(personalIn(jsonSchemaOf(contract, io), value));
  }

  #result(taskId: string, output: Json): void {
    const task = this.#mission.tasks.find(({ id }) => id === taskId);
    if (!task) return;
    if (task.output) this.add(personalIn(task.output, output));
    for (const key of task.writes) {
      const { schema } = this.#mission.blackboard[key] ?? {};
      if (schema && isObject(output)) this.add(personalIn(schema, output[key]));
    }
    const ones = task.forEach && isObject(output) && Array.isArray(output["items"]) ? output["items"] : [output];
    for (const agent of task.agents) {
      const contract = this.#contracts.find(agent, task.skill)?.output;
      if (contract) for (const one of ones) this.#learnBy(contract, "output", one);
    }
  }
}

/** A run's title as events tell it: it is made of its case, of which parts may be personal. */
export function titleTold(mission: Mission | undefined, run: Pick<RunRecord, "title" | "caseData">): string {
  return mission ? new PersonalMask(mission, run).text(run.title) : run.title;
}

/** The mask of a stored run, from its rows. */
export async function maskOf({ store, library }: Masking, run: RunRecord, mission: Mission): Promise<PersonalMask> {
  await library.loadFor(mission);
  const { runId } = run;
  const [results, turns, effects, requests] = await Promise.all([
    store.results.of(runId),
    store.journal.of(runId),
    store.effects.of(runId),
    store.approvals.list({ runId }),
  ]);
  return new PersonalMask(mission, run, library, { results, turns, effects, requests });
}

/** Events about a stored run as they may be told. Where its version is gone nobody knows what is personal. */
export async function toldOf(
  parts: Masking,
  runId: string,
  events: readonly EventDraft[],
): Promise<readonly EventDraft[]> {
  const run = await parts.store.runs.find(runId);
  const mission = run && (await versionsOf(parts.store)(run.missionVersion));
  return mission ? (await maskOf(parts, run, mission)).told(events) : events;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
