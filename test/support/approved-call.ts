import type { Json } from "../../core/digest.js";
import type { ToolCall } from "../../core/session.js";
import type { ToolReply } from "../../core/tool.js";
import type { World } from "./gate.js";

/** A call that needs a person's word, with that word for exactly it. */
export async function approvedCall(
  world: World,
  tool: string,
  args: Json,
  parts: Partial<ToolCall> = { turnKey: "k" },
): Promise<ToolReply> {
  await world.session.decide(await world.asked(tool, args, parts), { type: "approve" });
  return world.call(tool, args, parts);
}
