import { MissionContext } from "../core/blackboard.js";
import { OrchestratorError } from "../core/errors.js";
import type { Invocation } from "../core/session.js";

/**
 * A run is its top-level thread; inside a parent graph the thread and the parent's node that holds the mission, so that
 * two missions in one parent are two runs.
 */
export function runIdOf(invocation: Invocation): string {
  const threadId = invocation.configurable["thread_id"];
  if (typeof threadId !== "string" || threadId === "") {
    throw new OrchestratorError(
      "usage",
      "A mission needs a thread: pass { configurable: { thread_id } } and compile with a checkpointer.",
    );
  }
  const namespace = invocation.configurable["checkpoint_ns"];
  const segments = typeof namespace === "string" && namespace !== "" ? namespace.split("|") : [];
  return segments.length > 1 ? `${threadId}/${segments[0] ?? ""}` : threadId;
}

/** The context with what is missing left out. `usage` when it does not fit. */
export function contextOf(invocation: Invocation): MissionContext {
  const parsed = MissionContext.safeParse(invocation.context ?? {});
  if (parsed.success && (parsed.data.mode === "model" || parsed.data.model !== undefined)) {
    throw new OrchestratorError(
      "usage",
      'No agent here works with a model: every skill is a playbook. Leave "model" out of the context, and "mode" at auto or playbook.',
    );
  }
  if (parsed.success) return parsed.data;
  throw new OrchestratorError(
    "usage",
    `The context does not fit: ${parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`,
  );
}
