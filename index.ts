/** The public face of the package. Everything a user needs is here; inside the project nobody imports it. */

export type { Decision, DecisionType } from "./core/approval.js";
export type {
  AgentDefinition,
  AgentInput,
  CallOptions,
  Evidence,
  Feedback,
  Finding,
  Playbook,
  PlaybookContext,
  ProposedEffect,
  Question,
} from "./core/define-agent.js";
export { defineAgent, definePlaybook, giveUp, valueFrom } from "./core/define-agent.js";
export type { Json, JsonObject } from "./core/digest.js";
export type { ErrorCode } from "./core/errors.js";
export { OrchestratorError } from "./core/errors.js";
export type { EventType, MissionEvent } from "./core/event.js";
export type { KillActView, KillApi, KillListView, KillOptions, KillOutcome, KillView } from "./core/kill-views.js";
export type { AgentCard, Mission, MissionFile, Task } from "./core/mission.js";
export type { Schedule, ScheduledWork, ScheduleOptions } from "./core/plan-schedule.js";
export { planSchedule } from "./core/plan-schedule.js";
export type { Problem, ProblemCode } from "./core/problem.js";
export { formatProblem } from "./core/problem.js";
export { reportMarkdown } from "./core/report.js";
export { reportHtml } from "./core/report-html.js";
export type { RunStatus, TaskStatus } from "./core/run.js";
export type { Capacities, Work } from "./core/schedule-problem.js";
export type { Secret } from "./core/secret.js";
export { secret } from "./core/secret.js";
export type { DedupeScope, Effect, Reconciled, ToolContext, ToolDefinition, ToolReply } from "./core/tool.js";
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
export {
  composeForStudio,
  composeOrchestrator as openOrchestrator,
  loadMission,
  verifyMission,
} from "./runtime/compose.js";
export type { MissionConfig } from "./runtime/mission-config.js";
export { defineConfig, loadConfig } from "./runtime/mission-config.js";
export type { LoadedMission } from "./runtime/missions.js";
export type { Orchestrator } from "./runtime/orchestrator.js";
export type { IcsCalendarOptions } from "./tools/connectors/calendar.js";
export { icsCalendar } from "./tools/connectors/calendar.js";
export type { CodeToolsOptions } from "./tools/connectors/code.js";
export { codeTools } from "./tools/connectors/code.js";
export type { ConverterOptions } from "./tools/connectors/converters.js";
export { converters } from "./tools/connectors/converters.js";
export type { DeclaredEffect } from "./tools/connectors/declared-effect.js";
export type { FolderOptions } from "./tools/connectors/files.js";
export { folder } from "./tools/connectors/files.js";
export type { FromLangChainTool, LangChainTool } from "./tools/connectors/from-langchain-tool.js";
export { fromLangChainTool } from "./tools/connectors/from-langchain-tool.js";
export type { HttpClient, HttpClientOptions, HttpRequest, HttpResponse } from "./tools/connectors/http-client.js";
export { createHttpClient } from "./tools/connectors/http-client.js";
export { HttpError } from "./tools/connectors/http-error.js";
export type { SmtpMailOptions } from "./tools/connectors/mail.js";
export { smtpMail } from "./tools/connectors/mail.js";
export type { MailedInvitationsOptions } from "./tools/connectors/mailed-invitations.js";
export { mailedInvitations } from "./tools/connectors/mailed-invitations.js";
export type { McpOptions, McpServerOptions } from "./tools/connectors/mcp.js";
export { mcpTools } from "./tools/connectors/mcp.js";
export type { McpServerSpec } from "./tools/connectors/mcp-transport.js";
export type { OpenApiOptions } from "./tools/connectors/openapi.js";
export { openApiTools } from "./tools/connectors/openapi.js";
export type { PaymentsOptions } from "./tools/connectors/payments.js";
export { payments } from "./tools/connectors/payments.js";
export type { SandboxOptions, SandboxProvider, SandboxTrouble } from "./tools/connectors/sandbox-provider.js";
export { startSandboxProvider } from "./tools/connectors/sandbox-provider.js";
export type { SmsOptions } from "./tools/connectors/sms.js";
export { sms } from "./tools/connectors/sms.js";
export type { SqlDatabaseOptions } from "./tools/connectors/sql.js";
export { sqlDatabase } from "./tools/connectors/sql.js";
export type { WebSearchOptions } from "./tools/connectors/web-search.js";
export { webSearch } from "./tools/connectors/web-search.js";
export { defineTool } from "./tools/define-tool.js";
