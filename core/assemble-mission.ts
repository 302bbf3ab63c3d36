import type { AgentDefinition } from "./define-agent.js";
import { inDependencyOrder } from "./dependencies.js";
import type { JsonObject } from "./digest.js";
import { didYouMean } from "./lookup.js";
import type { AgentCard, Mission, MissionFile, Task, TaskFile } from "./mission.js";
import { toTask } from "./mission.js";
import { contractsOf } from "./mission-version.js";
import type { PolicyText } from "./policy.js";
import type { Problem } from "./problem.js";
import { escapeKey } from "./problem.js";

/** Stands last in every row where it is on the roster; does any task in a lesser way. */
const GENERALIST_ID = "A0";
const ANY_SKILL = "*";

/** A mission made from its file and the agents at hand, with what only the file can show to be wrong. */
export interface AssembledMission {
  readonly mission: Mission;
  /** For each task of the mission, its place in the file's list. */
  readonly fileIndexes: readonly number[];
  /** Pointers are those of the file. */
  readonly problems: readonly Problem[];
}

export interface AssembleOptions {
  /** Tasks whose flags come from the dataset, and so may not be loosened. */
  readonly datasetTasks?: readonly string[];
  /** Names and descriptions that the dataset's roster gives to agents, by id; they win over the code's. */
  readonly rosterNames?: ReadonlyMap<string, { readonly name: string; readonly description: string }>;
  /** The texts that the file's policies are. */
  readonly policies?: readonly PolicyText[];
}

/**
 * Fills in what a file leaves to defaults: roster, capability rows, order. An explicit roster is kept as it is; without
 * one it is the capable agents of the tasks and the generalist. Unknown agents stay in the rows, for `verify` to name.
 */
export function assembleMission(
  file: MissionFile,
  agents: readonly AgentDefinition[],
  options: AssembleOptions = {},
): AssembledMission {
  const roster = rosterOf(file, agents);
  const rows = file.tasks.map((task) => rowOf(task, file, roster.agents));
  const tasks = file.tasks.map((task, index) => toTask(task, rows[index] ?? []));
  const fileIndexes = inDependencyOrder(tasks);
  const sorted = fileIndexes.flatMap((index) => tasks[index] ?? []);
  const used = new Set(rows.flat());
  const cards = roster.agents.filter(({ agentId }) => file.agents !== undefined || used.has(agentId));
  const mission: Mission = {
    id: file.mission_id,
    slug: file.slug,
    name: file.mission_name,
    description: file.description,
    cases: toCases(file),
    kpis: file.kpis.map(({ kpi_id: id, ...kpi }) => ({ id, ...defined(kpi) })),
    limits: file.limits.map(({ limit_id: id, send_back: sendBack, ...limit }) => ({
      id,
      ...defined(limit),
      ...defined({ sendBack }),
    })),
    blackboard: file.blackboard,
    tasks: sorted,
    agents: cards.map((agent) => toAgentCard(agent, sorted, options.rosterNames?.get(agent.agentId))),
    review: file.review.map(({ rule_id: id, send_back: sendBack, ...rule }) => ({ id, sendBack, ...rule })),
    ...(file.constraints.length > 0 && {
      constraints: file.constraints.map(({ constraint_id: id, ...constraint }) => ({ id, ...constraint })),
    }),
    approvals: {
      role: file.approvals.role,
      dueMinutes: file.approvals.due_minutes,
      escalateTo: file.approvals.escalate_to,
    },
    budgetUsd: file.budget_usd,
    maxParallel: file.max_parallel,
    maxReviewRounds: file.max_review_rounds,
    ...(file.deadline_minutes !== undefined && { deadlineMinutes: file.deadline_minutes }),
    ...(file.value && {
      value: { minutesByHand: file.value.minutes_by_hand, rateUsdPerHour: file.value.rate_usd_per_hour },
    }),
    ...(options.policies && options.policies.length > 0 && { policies: options.policies }),
    datasetTasks: options.datasetTasks ?? [],
  };
  return { mission, fileIndexes, problems: [...roster.problems, ...strayRows(file)] };
}

/** An agent as a mission's version stores it; `named` replaces its name and description. */
function toAgentCard(
  agent: AgentDefinition,
  tasks: readonly Task[],
  named?: { readonly name: string; readonly description: string },
): AgentCard {
  return {
    id: agent.agentId,
    slug: agent.slug,
    name: named?.name ?? agent.name,
    description: named?.description ?? agent.description,
    tools: agent.tools,
    maxParallel: agent.maxParallel,
    skills: Object.fromEntries(Object.entries(agent.skills).map(([skill, { version }]) => [skill, version])),
    contracts: contractsOf(agent, tasks),
  };
}

interface Roster {
  readonly agents: readonly AgentDefinition[];
  readonly problems: readonly Problem[];
}

function rosterOf(file: MissionFile, agents: readonly AgentDefinition[]): Roster {
  if (file.agents === undefined) return { agents, problems: [] };
  const found: AgentDefinition[] = [];
  const problems: Problem[] = [];
  for (const [index, name] of file.agents.entries()) {
    const agent = findAgent(name, agents);
    const pointer = `/agents/${index}`;
    if (agent === undefined) {
      const near = didYouMean(
        name,
        agents.flatMap(({ agentId, slug }) => [agentId, slug]),
      );
      problems.push({
        severity: "error",
        code: "unknown_agent",
        pointer,
        message: `no agent is called "${name}".${near}`,
      });
    } else if (found.includes(agent)) {
      problems.push({
        severity: "error",
        code: "duplicate_id",
        pointer,
        message: `agent ${agent.slug} stands twice on the roster.`,
      });
    } else found.push(agent);
  }
  return { agents: found, problems };
}

function rowOf(task: TaskFile, file: MissionFile, roster: readonly AgentDefinition[]): readonly string[] {
  const hasGeneralist = roster.some(({ agentId }) => agentId === GENERALIST_ID);
  const explicit = Object.hasOwn(file.capabilities ?? {}, task.task_id) ? file.capabilities?.[task.task_id] : undefined;
  const row =
    explicit?.map((name) => findAgent(name, roster)?.agentId ?? name) ??
    roster
      .filter(({ skills }) => task.skill !== undefined && Object.hasOwn(skills, task.skill))
      .map(({ agentId }) => agentId);
  const specialists = row.filter((id) => id !== GENERALIST_ID);
  const isNamed =
    row.includes(GENERALIST_ID) || file.agents?.some((name) => findAgent(name, roster)?.agentId === GENERALIST_ID);
  if (specialists.length === 0 && (explicit ? !row.includes(GENERALIST_ID) : !isNamed)) return [];
  return hasGeneralist || row.includes(GENERALIST_ID) ? [...specialists, GENERALIST_ID] : specialists;
}

function strayRows(file: MissionFile): readonly Problem[] {
  const ids = file.tasks.map(({ task_id }) => task_id);
  const strays = Object.keys(file.capabilities ?? {}).filter((id) => !ids.includes(id));
  return strays.map((id) => ({
    severity: "error",
    code: "unknown_task",
    pointer: `/capabilities/${escapeKey(id)}`,
    message: `no task is called "${id}".${didYouMean(id, ids)}`,
  }));
}

function findAgent(name: string, agents: readonly AgentDefinition[]): AgentDefinition | undefined {
  return agents.find(({ agentId, slug }) => agentId === name || slug === name);
}

function toCases({ cases }: MissionFile): Mission["cases"] {
  // Safe: the schema takes only JSON values, and an object of JSON values is a JsonObject.
  const items = cases.items as readonly JsonObject[] | undefined;
  return {
    id: cases.id,
    title: cases.title,
    ...(cases.file !== undefined && { file: cases.file }),
    ...(items && { items }),
    ...(cases.personal && { personal: cases.personal }),
  };
}

/** The object without its undefined fields: plain JSON keeps none. */
function defined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  // Safe: exactly the undefined fields are gone.
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}

/** True for the skill under which an agent serves every task that names it. */
export function servesAnySkill(skill: string): boolean {
  return skill === ANY_SKILL;
}
