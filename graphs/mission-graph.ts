import type { InteropZodObject } from "@langchain/core/utils/types";
import type { GraphNode } from "@langchain/langgraph";
import { END, START, StateGraph } from "@langchain/langgraph";
import { Blackboard, MissionContext, MissionInput, MissionOutput } from "../core/blackboard.js";
import type { Mission } from "../core/mission.js";
import type { NodeDeps } from "../core/session.js";
import { createApprovals } from "../nodes/approvals.js";
import { createDispatcher } from "../nodes/dispatcher.js";
import { createPlanner } from "../nodes/planner.js";
import { createReport } from "../nodes/report.js";
import { createReviewer } from "../nodes/reviewer.js";
import { Slots } from "../nodes/slots.js";
import { createSpecialist } from "../nodes/specialist.js";
import { Waves } from "../nodes/wave.js";

/** Widened, since LangGraph's types would demand every field of a context whose fields are all optional. */
const CONTEXT: InteropZodObject = MissionContext;

const PASSES_PER_TASK = 20;
const PASSES_AT_LEAST = 100;

/** Draws a mission: the dispatcher in the middle, one node for each specialist of its roster around it. */
export function missionGraph(mission: Mission, deps: NodeDeps & { readonly slots?: Slots; readonly waves?: Waves }) {
  const all = { ...deps, slots: deps.slots ?? new Slots(), waves: deps.waves ?? new Waves() };
  const specialists = mission.agents.map((agent): [string, GraphNode<typeof Blackboard>] => [
    agent.slug,
    createSpecialist(mission, all),
  ]);
  const names = specialists.map(([name]) => name);

  const graph = new StateGraph(Blackboard, { input: MissionInput, output: MissionOutput, context: CONTEXT })
    .addNode("planner", createPlanner(mission, all), { ends: [...names, "approvals", "reviewer", "report"] })
    .addNode("dispatcher", createDispatcher(mission, all), { ends: [...names, "approvals", "reviewer", "report"] })
    .addNode(specialists)
    .addNode("approvals", createApprovals(mission, all))
    .addNode("reviewer", createReviewer(mission, all), { ends: ["dispatcher", "report"] })
    .addNode("report", createReport(mission, all))
    .addEdge(START, "planner")
    .addEdge("report", END);
  for (const name of [...names, "approvals"]) graph.addEdge(name, "dispatcher"); // a list would be a join of all
  return graph;
}

/**
 * LangGraph's limit on supersteps for a mission: loops are bounded in our own state, so this one is out of the way. A
 * parent graph hands its own limit (25 unless told) to what it holds: invoke a parent with this one.
 */
export function limitFor(mission: Mission): number {
  return PASSES_AT_LEAST + PASSES_PER_TASK * mission.tasks.length * (1 + mission.maxReviewRounds);
}
