import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { PolicyQuestion, PolicyText } from "../../core/policy.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../../tools/define-tool.js";

/** What a tool of the tests declares; it takes a sum, a recipient and tags, and does nothing. */
export type Declared = Partial<
  Pick<ToolDefinition, "name" | "effect" | "reach" | "deletes" | "dataClasses"> & { readonly pays: boolean }
>;

const Input = z.strictObject({
  sum: z.number().default(0),
  to: z.string().default("ada"),
  tags: z.array(z.string()).optional(),
  count: z.int().optional(),
  by: z.strictObject({ day: z.string().nullable() }).optional(),
});

/** A tool that declares this. */
export function declaring({ pays = false, name = "act", effect = "writes", ...declared }: Declared): ToolDefinition {
  return defineTool({
    description: "Acts.",
    input: Input,
    output: z.strictObject({}),
    timeoutMs: 1_000,
    maxCostMicroUsd: 0,
    dedupeKey: ({ to }) => to,
    dedupeScope: "case",
    run: async () => ({}),
    ...declared,
    name,
    effect,
    ...(pays && { amountUsd: ({ sum }: { sum: number }) => sum }),
    // Safe: a tool of a known input is a tool.
  }) as unknown as ToolDefinition;
}

/** A call of the tool, as policies see it. */
export function callOf(
  tool: ToolDefinition,
  args: object = {},
  parts: Partial<PolicyQuestion["place"]> & { agent?: string } = {},
): PolicyQuestion {
  const { agent = "A1", ...place } = parts;
  return {
    tool,
    args: tool.input.parse(args),
    agent: { id: agent, slug: "worker", name: "Worker" },
    place: { missionId: "M900", taskId: "T1", skill: "work", caseId: "C1", ...place },
  };
}

/** A policy of the tests: `forbid` or `permit` when the condition holds. */
export function policy(id: string, effect: "forbid" | "permit", when: string, head = "principal, action, resource") {
  return `@id("${id}")\n@reason("${id} says so")\n${effect} (${head})\nwhen { ${when} };\n`;
}

/** A mission's own policies. */
export function own(...texts: readonly string[]): readonly PolicyText[] {
  return texts.map((text, index) => ({ source: `policies/${index}`, text }));
}

/** An administrator's folder with these policies; drop it afterwards. */
export async function policyFolder(text: string): Promise<{ readonly folder: string; drop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "mission-policies-"));
  await writeFile(join(folder, "house.cedar"), text);
  return { folder, drop: () => rm(folder, { recursive: true }) };
}
