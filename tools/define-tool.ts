import type { z } from "zod";
import type { ToolDefinition } from "../core/tool.js";
import { toolFaults } from "../core/tool-faults.js";

/**
 * Declares a tool; its types flow from the two schemas into `run`. Throws a plain `Error` that names every fault of the
 * declaration at once, such as an effect that does not say how two calls are recognised as the same act: without that
 * nothing could keep it from being done twice.
 */
export function defineTool<Name extends string, Input extends z.ZodType, Output extends z.ZodType>(
  tool: ToolDefinition<Name, Input, Output>,
): ToolDefinition<Name, Input, Output> {
  const faults = toolFaults(tool);
  if (faults.length > 0) throw new Error(`Tool ${String(tool?.name)} cannot be declared so: ${faults.join(" ")}`);
  return tool;
}
