import type { AgentDefinition } from "./define-agent.js";
import { IdSchema, SlugSchema } from "./mission.js";
import { escapeKey } from "./problem.js";
import type { Subject } from "./verify-subject.js";

/** Words of expressions: a task of this name could not be read. */
const RESERVED_TASK_IDS = new Set(
  (
    "case run blackboard inputs output acc item index true false null in as break const continue else for function if import let loop " +
    "package namespace return var void while has all exists exists_one filter map size"
  ).split(" "),
);
/** Channels and nodes of the graph: LangGraph refuses a node named like a channel, and a name can be drawn once. */
const RESERVED_SLUGS = new Set(
  "case status mission plan tasks blackboard requests review finalReport planner dispatcher approvals reviewer report".split(
    " ",
  ),
);

/** True for a name that graphs or the language itself give a meaning: nothing of an author's can be called so. */
export function isReservedSlug(slug: string): boolean {
  return RESERVED_SLUGS.has(slug) || RESERVED_TASK_IDS.has(slug) || isBuiltIn(slug);
}

/** Why an agent of these names can stand in no graph and no row; nothing when it can. */
export function nameFaultOf({ agentId, slug }: Pick<AgentDefinition, "agentId" | "slug">): string | undefined {
  if (RESERVED_SLUGS.has(slug)) return `agent ${agentId}: the slug "${slug}" is a part of the graph; choose another.`;
  if (!SlugSchema.safeParse(slug).success)
    return `agent ${agentId}: "${slug}" is no slug; lower-case letters, digits and - only, beginning with a letter.`;
  if (!IdSchema.safeParse(agentId).success)
    return `agent ${slug}: "${agentId}" is no id; begin with a letter; letters, digits, _ and - only.`;
  return undefined;
}

/** Ids and slugs: well formed, unique, and not taken by the system. */
export function verifyNames(subject: Subject, agents: readonly AgentDefinition[]): void {
  verifyTaskIds(subject);
  verifyFigureIds(subject);
  verifyAgentNames(subject, agents);
  for (const key of Object.keys(subject.mission.blackboard)) {
    if (isBuiltIn(key))
      subject.report(
        "reserved_name",
        `/blackboard/${escapeKey(key)}`,
        `"${key}" is a name of the language; choose another key.`,
      );
  }
}

function verifyTaskIds({ mission, report }: Subject): void {
  const seen = new Set<string>();
  for (const [index, { id }] of mission.tasks.entries()) {
    const pointer = `/tasks/${index}/task_id`;
    if (RESERVED_TASK_IDS.has(id) || isBuiltIn(id))
      report("reserved_name", pointer, `"${id}" means something else in expressions; choose another task id.`);
    if (seen.has(id)) report("duplicate_id", pointer, `two tasks are called "${id}"; each needs an id of its own.`);
    seen.add(id);
  }
}

/** KPIs and limits share their observations' names. */
function verifyFigureIds({ mission, report }: Subject): void {
  const seen = new Set<string>();
  const check = (id: string, pointer: string) => {
    if (seen.has(id))
      report("duplicate_id", pointer, `"${id}" names a KPI or limit already; each needs an id of its own.`);
    seen.add(id);
  };
  for (const [index, { id }] of mission.kpis.entries()) check(id, `/kpis/${index}/kpi_id`);
  for (const [index, { id }] of mission.limits.entries()) check(id, `/limits/${index}/limit_id`);

  const rules = new Set<string>();
  for (const [index, { id }] of mission.review.entries()) {
    if (rules.has(id)) report("duplicate_id", `/review/${index}/rule_id`, `two review rules are called "${id}".`);
    rules.add(id);
  }
}

/** Agents of the mission, against all that are at hand: a slug is a node's name, an id is what rows name. */
function verifyAgentNames({ mission, report }: Subject, agents: readonly AgentDefinition[]): void {
  for (const { id, slug } of mission.agents) {
    const fault = nameFaultOf({ agentId: id, slug });
    if (fault !== undefined) report("reserved_name", "/agents", fault);
    const namesakes = agents.filter((agent) => agent.agentId === id || agent.slug === slug);
    if (namesakes.length > 1) {
      const who = namesakes.map((agent) => `${agent.agentId} (${agent.slug})`).join(", ");
      report("duplicate_id", "/agents", `agents share an id or slug: ${who}; each needs its own.`);
    }
  }
}

/** Names that every JavaScript object answers to. */
function isBuiltIn(name: string): boolean {
  return name in {};
}
