import type { MissionConfig } from "mission-orchestrator";

/** What the command line, the tests and Studio work with in this folder. Paths are relative to this file. */
export default { data: "data", agents: "agents", tools: "tools" } satisfies MissionConfig;
