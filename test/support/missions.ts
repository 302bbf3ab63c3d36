import { z } from "zod";
import { assembleMission } from "../../core/assemble-mission.js";
import type { AgentDefinition, Playbook } from "../../core/define-agent.js";
import { defineAgent, definePlaybook } from "../../core/define-agent.js";
import type { Mission, MissionFile, TaskFileSchema } from "../../core/mission.js";
import { MissionFileSchema } from "../../core/mission.js";
import type { ToolDefinition } from "../../core/tool.js";

/** A task as tests write it: only the id is needed; skill `work`, one minute, no approval. */
export type TaskParts = Partial<z.input<typeof TaskFileSchema>> & { readonly task_id: string };
/** A mission as tests write it: only the tasks are needed. */
export type MissionParts = Partial<Omit<z.input<typeof MissionFileSchema>, "tasks">> & {
  readonly tasks: readonly TaskParts[];
};

/** The mission document as a person would write it, with every default of the tests filled in. */
export function missionDocument(parts: MissionParts): z.input<typeof MissionFileSchema> {
  return {
    mission_id: "M900",
    slug: "test-mission",
    mission_name: "A mission of the tests",
    description: "Does what the test needs.",
    cases: { id: "case_id", title: "case.case_id", items: [{ case_id: "C1" }] },
    ...parts,
    tasks: parts.tasks.map((task, index) => ({
      task: `Do ${task.task_id}`,
      order: index + 1,
      skill: "work",
      estimated_duration_minutes: 1,
      requires_human_approval: false,
      ...task,
    })),
  };
}

/** As `missionDocument`, parsed; throws when the shape is wrong. */
export function missionFileOf(parts: MissionParts): MissionFile {
  return MissionFileSchema.parse(missionDocument(parts));
}

/** A whole mission, ready to run. Without agents one worker `A1` does every skill that its tasks name, and returns `{}`. */
export function missionOf(parts: MissionParts, agents: readonly AgentDefinition[] = agentsFor(parts)): Mission {
  return assembleMission(missionFileOf(parts), agents).mission;
}

/** The worker that `missionOf` uses when it is given no agents. */
export function agentsFor(parts: MissionParts): readonly AgentDefinition[] {
  const skills = new Set(parts.tasks.map(({ skill }) => skill ?? "work"));
  return [
    fakeAgent(
      "A1",
      "worker",
      [...skills].map((skill) => fakePlaybook({ skill })),
    ),
  ];
}

/** An agent of the given playbooks. */
export function fakeAgent(
  agentId: string,
  slug: string,
  playbooks: readonly Playbook[] = [fakePlaybook()],
  parts: Partial<Omit<AgentDefinition, "skills">> = {},
): AgentDefinition {
  const skills = Object.fromEntries(playbooks.map((playbook) => [playbook.skill, playbook]));
  return defineAgent({
    agentId,
    slug,
    name: slug,
    description: `Works in tests as ${slug}.`,
    tools: [],
    ...parts,
    skills,
  });
}

/** A playbook of the skill `work` that takes anything and returns `{}`. */
export function fakePlaybook(parts: Partial<Playbook> = {}): Playbook {
  return definePlaybook<z.ZodType, z.ZodType>({
    skill: "work",
    version: "1",
    input: z.looseObject({}),
    output: z.looseObject({}),
    tools: [],
    run: async () => ({}),
    ...parts,
  });
}

/** A library of these alone: none of ours stand behind them. */
export function libraryOf(agents: readonly AgentDefinition[], tools: readonly ToolDefinition[] = []) {
  const given = { agents, tools };
  return { given, givesRosterOf: () => false, all: async () => given };
}
