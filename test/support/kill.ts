import { z } from "zod";
import type { AgentDefinition, PlaybookContext } from "../../core/define-agent.js";
import { valueFrom } from "../../core/define-agent.js";
import type { ToolContext } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";
import { fakeAgent, fakePlaybook } from "./missions.js";

const Acted = z.strictObject({ name: z.string() });

/** A tool that does one act for each name, in our own tables as far as policy goes. What it does is the test's. */
export function actTool(
  name: string,
  run: (act: string, context: ToolContext) => Promise<void>,
  parts: { readonly reconcile?: (act: string) => Promise<boolean>; readonly reach?: "own" | "outside" } = {},
) {
  const { reconcile, reach = "own" } = parts;
  return defineTool({
    name,
    description: "Does something once.",
    input: Acted,
    output: Acted,
    effect: "writes",
    reach,
    dedupeKey: (args) => args.name,
    dedupeScope: "run",
    timeoutMs: 30_000,
    maxCostMicroUsd: 0,
    async run(args, context) {
      await run(args.name, context);
      return args;
    },
    ...(reconcile && {
      async reconcile(_key: string, args: z.output<typeof Acted>) {
        const isDone = await reconcile(args.name);
        return isDone ? { outcome: "done" as const, result: args } : { outcome: "not_done" as const };
      },
    }),
  });
}

/** An agent whose skill of the same name calls a tool once for each act, in order, and gives up when one is refused. */
export function actingAgent(id: string, skill: string, tool: string, acts: readonly string[]): AgentDefinition {
  const run = async (context: PlaybookContext) => {
    for (const name of acts) valueFrom(await context.call(tool, { name }));
    return { acts };
  };
  return fakeAgent(id, skill, [fakePlaybook({ skill, tools: [tool], run: run as never })], { tools: [tool] });
}

/** A promise with its ends in the test's hands. */
export function deferred(): { readonly done: Promise<void>; readonly finish: () => void } {
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { done, finish };
}

/** A tool's code that lasts until the test lets it go, or its signal fires: then it stops without having acted. */
export async function untilLetGo(gate: Promise<void>, signal: AbortSignal): Promise<void> {
  await Promise.race([
    gate,
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    }),
  ]);
}
