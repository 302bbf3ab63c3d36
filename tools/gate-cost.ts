import type { Json } from "../core/digest.js";
import { shapeOf } from "../core/shape.js";
import type { ToolDefinition, ToolReply } from "../core/tool.js";

/**
 * What a call cost in µ$ whose code ran: as its tool says of an answer, else the most that it may cost. What cannot be
 * told, or is no sum of money, counts as the most: nothing is spent unseen.
 */
export function costOf(tool: ToolDefinition | undefined, args: Json, reply: ToolReply): number {
  if (!tool) return 0;
  const { costMicroUsd, maxCostMicroUsd } = tool;
  if (!costMicroUsd || !reply.ok) return maxCostMicroUsd;
  try {
    const parsed = shapeOf(tool.input, args);
    const cost = parsed.ok ? costMicroUsd(parsed.value, reply.value) : Number.NaN;
    return Number.isFinite(cost) && cost >= 0 ? Math.ceil(cost) : maxCostMicroUsd;
  } catch {
    return maxCostMicroUsd;
  }
}
