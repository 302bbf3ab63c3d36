/** The public face of the package. Everything a user needs is here; inside the project nobody imports it. */

export type { Decision, DecisionType } from "./core/approval.js";
export type {
  AgentDefinition,
  AgentInput,
  Evidence,
  Finding,
  Playbook,
  PlaybookContext,
  ProposedEffect,
} from "./core/define-agent.js";
export { defineAgent, definePlaybook, giveUp, valueFrom } from "./core/define-agent.js";
export type { ErrorCode } from "./core/errors.js";
export { OrchestratorError } from "./core/errors.js";
export type { EventType, MissionEvent } from "./core/event.js";
export type { AgentCard, Mission, Task } from "./core/mission.js";
export type { Problem, ProblemCode } from "./core/problem.js";
export { formatProblem } from "./core/problem.js";
export type { RunStatus, TaskStatus } from "./core/run.js";
export type { ToolContext, ToolDefinition, ToolReply } from "./core/tool.js";
export type {
  ApprovalView,
  DecideOptions,
  DecideOutcome,
  FinalReport,
  MissionSummary,
  RunOutcome,
  RunSummary,
  StartOptions,
  StatusView,
} from "./core/views.js";
export { limitFor, missionGraph } from "./graphs/mission-graph.js";
export type { OpenOptions } from "./runtime/compose.js";
export { composeOrchestrator as openOrchestrator, loadMission, verifyMission } from "./runtime/compose.js";
export type { LoadedMission } from "./runtime/missions.js";
export type { Orchestrator } from "./runtime/orchestrator.js";
export { defineTool } from "./tools/define-tool.js";
