import type { OutputContract } from "./contract.js";
import type { AgentDefinition } from "./define-agent.js";
import type { Dependencies } from "./dependencies.js";
import type { JsonObject } from "./digest.js";
import type { Mission, Task } from "./mission.js";
import type { Place, Problem, ProblemCode } from "./problem.js";
import type { ToolDefinition } from "./tool.js";

/** What a mission is proved against. */
export interface VerifyOptions {
  readonly agents: readonly AgentDefinition[];
  readonly tools: readonly ToolDefinition[];
  /** The first sample case; without it no expression is evaluated. */
  readonly sampleCase?: JsonObject;
  /** Where a part of the mission was written. Pointers come in the file's names, tasks by their place in the mission. */
  readonly locate?: (pointer: string) => Place;
}

/** A finding as the checks make it: an error unless told, its pointer still to be located. */
export type Report = (
  code: ProblemCode,
  pointer: string,
  message: string,
  more?: { readonly severity?: Problem["severity"]; readonly column?: number },
) => void;

/** Everything the checks of one mission look at. */
export interface Subject {
  readonly mission: Mission;
  /** By agent id. */
  readonly agents: ReadonlyMap<string, AgentDefinition>;
  readonly tools: ReadonlyMap<string, ToolDefinition>;
  readonly sampleCase: JsonObject | undefined;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly dependencies: Dependencies;
  readonly contractOf: (task: Task) => OutputContract;
  /** Blackboard keys to the tasks that write them. */
  readonly writers: ReadonlyMap<string, readonly string[]>;
  readonly report: Report;
}
