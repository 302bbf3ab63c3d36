import { CallbackManager } from "@langchain/core/callbacks/manager";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import type { ToolCall } from "../core/session.js";
import type { ToolDefinition } from "../core/tool.js";
import { stoppable, workOf } from "./gate-kill.js";
import type { Ran } from "./gate-run.js";
import { failureOf, outputOf, runWithin } from "./gate-run.js";

type ToolRun = Awaited<ReturnType<CallbackManager["handleToolStart"]>>;

/**
 * `runWithin` for the code of a tool, seen by the callbacks of the graph's invocation as a tool run below the agent's
 * node, with its name, its arguments and how it ended; so LangSmith, `streamEvents` and handlers show it. What LangChain
 * runs inside the tool stands below it. The kill switch aborts it. A handler that throws changes nothing about the tool.
 */
export async function runSeen(
  call: ToolCall,
  tool: ToolDefinition,
  parsed: unknown,
  start: (signal: AbortSignal) => Promise<unknown>,
): Promise<Ran> {
  const seen = await begin(call, tool, parsed);
  const work = { ...workOf(call), tool: tool.name };
  const ran = await stoppable(call, work, (callerSignal) =>
    runWithin(tool.timeoutMs, callerSignal, (signal) => (seen ? below(seen, () => start(signal)) : start(signal))),
  );
  if (seen) await end(seen, tool, ran).catch(() => undefined);
  return ran;
}

async function begin(
  { callbacks, turnKey }: ToolCall,
  tool: ToolDefinition,
  parsed: unknown,
): Promise<ToolRun | undefined> {
  const manager = CallbackManager.configure(callbacks);
  if (!manager || manager.handlers.length === 0) return undefined;
  const shown = { lc: 1, type: "not_implemented" as const, id: ["mission-orchestrator", "tools", tool.name] };
  const input = JSON.stringify(parsed) ?? "null";
  return manager
    .handleToolStart(shown, input, undefined, undefined, undefined, undefined, tool.name, turnKey)
    .catch(() => undefined);
}

function below<Value>(seen: ToolRun, work: () => Promise<Value>): Promise<Value> {
  const config: unknown = AsyncLocalStorageProviderSingleton.getRunnableConfig();
  const around = typeof config === "object" && config !== null ? config : {};
  return AsyncLocalStorageProviderSingleton.runWithConfig({ ...around, callbacks: seen.getChild() }, work);
}

/** An answer other than the tool declares is an error here too: the agent never gets it. */
async function end(seen: ToolRun, tool: ToolDefinition, ran: Ran): Promise<void> {
  if (ran.kind === "aborted") return seen.handleToolError(new Error(`${tool.name} was stopped.`));
  if (ran.kind === "failed") return seen.handleToolError(ran.error);
  if (ran.kind === "timeout") return seen.handleToolError(new Error(failureOf(tool, ran).reason));
  const output = outputOf(tool, ran.value);
  return output.ok ? seen.handleToolEnd(output.value) : seen.handleToolError(new Error(output.refusal.reason));
}
