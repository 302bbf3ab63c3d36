import type { AgentDefinition, Playbook } from "../core/define-agent.js";
import { OrchestratorError } from "../core/errors.js";
import type { Mission, MissionFile } from "../core/mission.js";
import type { Playbooks } from "../core/session.js";
import type { ToolDefinition } from "../core/tool.js";
import { nameFaultOf } from "../core/verify-names.js";
import type { ToolShelf } from "../tools/gate-call.js";
import { AGENTS, listOrFolder, TOOLS } from "./list-or-folder.js";
import type { MissionConfig } from "./mission-config.js";

type AgentName = Pick<AgentDefinition, "agentId" | "slug">;

/** Our agents by name, in the order of `runtime/ours.ts`, whose code is loaded only when a mission needs it. */
export const OUR_AGENT_NAMES: readonly AgentName[] = [
  { agentId: "A1", slug: "data-collection-agent" },
  { agentId: "A2", slug: "document-verification-agent" },
  { agentId: "A3", slug: "scheduling-agent" },
  { agentId: "A4", slug: "sales-analysis-agent" },
  { agentId: "A5", slug: "support-resolution-agent" },
  { agentId: "A9", slug: "workbench" },
  { agentId: "A0", slug: "generalist" },
];

/** What missions are put together from and proved with. */
export interface Shelf {
  readonly agents: readonly AgentDefinition[];
  readonly tools: readonly ToolDefinition[];
}

/** What stands in a tool's place, under the same name and contract. */
export type ToolFor = (tool: ToolDefinition, isOurs: boolean) => ToolDefinition;

/**
 * The agents and tools that were given, and ours behind them. Ours are loaded once something needs them: a mission that
 * leaves its roster open or names one of them, a tool that was not given, or a fault, whose message tells of them.
 */
export class Library implements Playbooks, ToolShelf {
  readonly given: Shelf;
  readonly #toolFor: ToolFor;
  readonly #agents: Map<string, AgentDefinition>;
  readonly #tools: Map<string, ToolDefinition>;
  #all: Promise<Shelf> | undefined;

  /** `config_invalid` when two agents or two tools share a name, or an agent's cannot stand in a graph. */
  constructor(given: Shelf, toolFor: ToolFor = (tool) => tool) {
    assertNames(given);
    this.given = given;
    this.#toolFor = toolFor;
    this.#agents = new Map(given.agents.map((agent) => [agent.agentId, agent]));
    this.#tools = new Map(given.tools.map((tool) => [tool.name, toolFor(tool, false)]));
  }

  /** The playbook of an agent that is loaded. */
  find(agentId: string, skill: string): Playbook | undefined {
    const skills = this.#agents.get(agentId)?.skills;
    return skills?.[skill] ?? skills?.["*"];
  }

  /** A tool that is loaded, or what stands in its place. */
  tool(name: string): ToolDefinition | undefined {
    return this.#tools.get(name);
  }

  /** As `tool`, after loading ours when none of that name was given. */
  async findTool(name: string): Promise<ToolDefinition | undefined> {
    if (!this.#tools.has(name)) await this.all();
    return this.tool(name);
  }

  /** True when the roster is said and none but given agents stand on it. */
  givesRosterOf({ agents }: Pick<MissionFile, "agents">): boolean {
    return agents?.every((name) => namedBy(name, this.given.agents) && !namedBy(name, OUR_AGENT_NAMES)) ?? false;
  }

  /** Loads what a run of the mission looks for by `find` and `tool`. */
  async loadFor({ agents }: Pick<Mission, "agents">): Promise<void> {
    const isAtHand = agents.every(
      ({ id, tools }) => this.#agents.has(id) && tools.every((name) => this.#tools.has(name)),
    );
    if (!isAtHand) await this.all();
  }

  /** Everything there is, ours loaded; a given agent with the id of one of ours, or tool of its name, stands in its place. */
  all(): Promise<Shelf> {
    this.#all ??= this.#load();
    return this.#all;
  }

  /** Lets go of what the given tools keep open; a call after that opens it anew. */
  async close(): Promise<void> {
    await Promise.allSettled(this.given.tools.map((tool) => tool.close?.()));
  }

  async #load(): Promise<Shelf> {
    const { ours } = await import("./ours.js");
    const agents = withOurs(this.given.agents, ours.agents);
    for (const agent of agents) this.#agents.set(agent.agentId, agent);
    for (const tool of ours.tools) {
      if (!this.#tools.has(tool.name)) this.#tools.set(tool.name, this.#toolFor(tool, true));
    }
    return { agents, tools: [...ours.tools, ...this.given.tools] };
  }
}

/** The agents and tools of a configuration, from lists or folders. `config_invalid` and `file_not_found` as these say. */
export async function openLibrary(
  options: Pick<MissionConfig, "agents" | "tools">,
  toolFor?: ToolFor,
): Promise<Library> {
  const [agents, tools] = await Promise.all([
    listOrFolder(options.agents ?? [], AGENTS),
    listOrFolder(options.tools ?? [], TOOLS),
  ]);
  return new Library({ agents, tools }, toolFor);
}

function namedBy(name: string, agents: readonly AgentName[]): boolean {
  return agents.some(({ agentId, slug }) => agentId === name || slug === name);
}

/** Ours and the given ones, the generalist last; a given one with the id of one of ours stands in its place. */
function withOurs<Name extends AgentName>(given: readonly Name[], ours: readonly Name[]): readonly Name[] {
  const replaced = ours.map((own) => given.find(({ agentId }) => agentId === own.agentId) ?? own);
  const others = given.filter((agent) => !replaced.includes(agent));
  return [...replaced.slice(0, -1), ...others, ...replaced.slice(-1)];
}

function assertNames({ agents, tools }: Shelf): void {
  assertOneOfEach(
    "tools",
    tools.map(({ name }) => ({ name, shownAs: name })),
  );
  const fault = agents.map(nameFaultOf).find((found) => found !== undefined);
  if (fault !== undefined) throw new OrchestratorError("config_invalid", `"agents" cannot be used: ${fault}`);
  assertOneOfEach(
    "agents",
    agents.map((agent) => ({ name: agent.agentId, shownAs: shownAgent(agent) })),
  );
  assertOneOfEach(
    "agents",
    withOurs<AgentName>(agents, OUR_AGENT_NAMES).map((agent) => ({ name: agent.slug, shownAs: shownAgent(agent) })),
  );
}

function shownAgent({ agentId, slug }: AgentName): string {
  return `${agentId} (${slug})`;
}

/** Of two with one name the second would hide the first. */
function assertOneOfEach(option: string, all: readonly { readonly name: string; readonly shownAs: string }[]): void {
  const known = new Map<string, string>();
  for (const { name, shownAs } of all) {
    const namesake = known.get(name);
    if (namesake !== undefined)
      throw new OrchestratorError(
        "config_invalid",
        `"${option}" cannot be used: ${namesake} and ${shownAs} share the name "${name}"; each needs its own.`,
      );
    known.set(name, shownAs);
  }
}
