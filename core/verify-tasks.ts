import { z } from "zod";
import { servesAnySkill } from "./assemble-mission.js";
import { didYouMean } from "./lookup.js";
import type { Task } from "./mission.js";
import { escapeKey } from "./problem.js";
import { resourceFaultOf } from "./resource.js";
import type { Subject } from "./verify-subject.js";

/** Each task by itself: somebody can do it, its contract can be read, what it asks can be answered. */
export function verifyTasks(subject: Subject): void {
  for (const [index, task] of subject.mission.tasks.entries()) {
    verifyCapable(subject, task, index);
    verifyWrites(subject, task, index);
    verifyActs(subject, task, index);
    verifyApproval(subject, task, index);
    verifyResources(subject, task, index);
    if (task.output) verifySchema(subject, task.output, `/tasks/${index}/output`);
  }
  for (const [key, { schema }] of Object.entries(subject.mission.blackboard)) {
    const pointer = `/blackboard/${escapeKey(key)}`;
    verifySchema(subject, schema, `${pointer}/schema`);
    if (!subject.writers.has(key))
      subject.report("unknown_key", pointer, `no task writes "${key}".`, { severity: "warning" });
  }
  verifyWriters(subject);
}

function verifyCapable(subject: Subject, task: Task, index: number): void {
  const { mission, agents, report } = subject;
  const row = `/capabilities/${escapeKey(task.id)}`;
  if (task.skill === "") {
    report("skill_missing", `/tasks/${index}/skill`, `${task.id} names no skill; say which skill does it.`);
    return;
  }
  if (task.agents.length === 0) {
    const skills = [...agents.values()]
      .flatMap((agent) => Object.keys(agent.skills))
      .filter((skill) => !servesAnySkill(skill));
    report(
      "no_capable_agent",
      row,
      `nobody can do ${task.id}: no agent of its row has the skill "${task.skill}".${didYouMean(task.skill, skills)}`,
    );
  }
  for (const id of task.agents) {
    const agent = agents.get(id);
    if (!agent)
      report(
        "unknown_agent",
        row,
        `${task.id} names agent "${id}", which nobody is called.${didYouMean(id, agents.keys())}`,
      );
    else if (!mission.agents.some((card) => card.id === id))
      report("agent_not_on_roster", row, `${task.id} names agent ${id}, who is not on the mission's roster.`);
    else if (!Object.keys(agent.skills).some((skill) => skill === task.skill || servesAnySkill(skill))) {
      report(
        "skill_unknown",
        row,
        `agent ${id} is named for ${task.id} but has no skill "${task.skill}".${didYouMean(task.skill, Object.keys(agent.skills))}`,
      );
    }
  }
}

function verifyWrites({ mission, contractOf, report }: Subject, task: Task, index: number): void {
  for (const [at, key] of task.writes.entries()) {
    const pointer = `/tasks/${index}/writes/${at}`;
    if (!Object.hasOwn(mission.blackboard, key)) {
      report(
        "unknown_key",
        pointer,
        `"${key}" is not declared under blackboard.${didYouMean(key, Object.keys(mission.blackboard))}`,
      );
    }
    const contract = contractOf(task);
    if (contract.rulingOn([key]) === "lacks") {
      report(
        "writes_no_field",
        pointer,
        `the result of ${task.id} has no field "${key}" to write.${didYouMean(key, contract.fields)}`,
      );
    }
  }
}

/** An act belongs to one result that a person sees; the results of items are collected before anybody sees them. */
function verifyActs({ agents, report }: Subject, task: Task, index: number): void {
  if (!task.forEach) return;
  const proposing = task.agents.find((id) => (agents.get(id)?.skills[task.skill]?.proposes ?? []).length > 0);
  if (proposing === undefined) return;
  const message = `${task.id} does "${task.skill}" for each item, but the skill of ${proposing} proposes acts, which would never be done; propose them in a task without for_each.`;
  report("proposes_each", `/tasks/${index}/for_each`, message);
}

/** Two tasks that write a key which takes one value: an error when both surely run, a warning when they may. */
function verifyWriters(subject: Subject): void {
  const { mission, writers, tasks, report } = subject;
  for (const [key, ids] of writers) {
    if (ids.length < 2 || mission.blackboard[key]?.merge !== "once") continue;
    for (const [at, second] of ids.entries()) {
      for (const first of ids.slice(0, at)) {
        const one = tasks.get(first);
        const other = tasks.get(second);
        if (!one || !other || excludeEachOther(subject, one, other)) continue;
        const severity = one.when !== undefined || other.when !== undefined ? "warning" : "error";
        const index = mission.tasks.indexOf(other);
        const message = `${first} and ${second} both write "${key}", which takes one value (merge "once"); let one write it, or choose latest, append, union or max.`;
        report("board_conflict", `/tasks/${index}/writes`, message, { severity });
      }
    }
  }
}

/** True when at most one of the two gives a result: another way of one route, or the stand-in of the other. */
function excludeEachOther({ mission }: Subject, one: Task, other: Task): boolean {
  const standsIn = (task: Task, ward: Task) => typeof ward.onFailure === "object" && ward.onFailure.task === task.id;
  if (standsIn(one, other) || standsIn(other, one)) return true;
  return mission.tasks.some(({ route }) => [one, other].every((task) => route?.some(({ to }) => to === task.id)));
}

function verifyApproval({ mission, report }: Subject, task: Task, index: number): void {
  const pointer = `/tasks/${index}/approval`;
  if (task.approval.role?.trim() === "")
    report("role_empty", `${pointer}/role`, `${task.id} asks a role without a name: nobody could answer.`);
  if (!mission.datasetTasks.includes(task.id)) return;
  for (const field of ["unless", "sample"] as const) {
    if (task.approval[field] === undefined) continue;
    report(
      "approval_loosened",
      `${pointer}/${field}`,
      `${task.id} comes from the dataset, whose flags mean always: "${field}" may not loosen them.`,
    );
  }
}

function verifyResources({ report }: Subject, task: Task, index: number): void {
  for (const [at, resource] of (task.resources ?? []).entries()) {
    const fault = resourceFaultOf(resource);
    if (fault !== undefined) report("resource_invalid", `/tasks/${index}/resources/${at}`, fault);
  }
}

function verifySchema({ report }: Subject, schema: unknown, pointer: string): void {
  try {
    // Safe: the shape was parsed as a JSON object, and fromJSONSchema refuses what is no schema.
    z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch (error) {
    report(
      "schema_unreadable",
      pointer,
      `this JSON Schema cannot be used: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}
