import type { z } from "zod";
import type { ToolDefinition } from "../core/tool.js";

/**
 * Declares a tool; its types flow from the two schemas into `run`. Throws a plain `Error` when an effect does not
 * say how two calls are recognised as the same act: without that nothing could keep it from being done twice.
 */
export function defineTool<Name extends string, Input extends z.ZodType, Output extends z.ZodType>(
  tool: ToolDefinition<Name, Input, Output>,
): ToolDefinition<Name, Input, Output> {
  if (tool.effect !== "reads" && (tool.dedupeKey === undefined || tool.dedupeScope === undefined)) {
    throw new Error(`Tool ${tool.name} has an effect: it must declare dedupeKey and dedupeScope.`);
  }
  return tool;
}
