import type { z } from "zod";
import { z as zod } from "zod";
import type { Json, JsonObject } from "../../core/digest.js";
import { digestOf } from "../../core/digest.js";
import { didYouMean } from "../../core/lookup.js";
import type { ToolDefinition } from "../../core/tool.js";

/** A tool whose arguments and results are JSON by a schema that somebody else wrote. */
export type JsonTool = ToolDefinition<string, z.ZodType<JsonObject>, z.ZodType<Json>>;

/** What a mission's author says about somebody else's tool: everything of a tool but its name, its contracts and its code. */
export type DeclaredEffect = Partial<Omit<JsonTool, "name" | "input" | "output" | "run" | "close">>;

/** The shape of `effects` in a connector's options; what the fields mean is proved by types and by `defineTool`. */
export const DeclaredEffectsSchema = zod.record(
  zod.string(),
  zod.custom<DeclaredEffect>(isObject, "must be an object"),
);

/**
 * The fields of an effect. What nobody declared is taken for irreversible, so that a person is asked, and the same
 * arguments within one case for the same act; `where` it is done is where a person takes it back.
 */
export function effectOf(declared: DeclaredEffect | undefined, assumed: "reads" | "irreversible", where: string) {
  const effect = declared?.effect ?? assumed;
  if (effect === "reads") return { ...declared, effect };
  return {
    dedupeKey: (args: JsonObject): string => digestOf(args),
    dedupeScope: "case" as const,
    remedy: `Take it back at ${where}.`,
    ...declared,
    effect,
  };
}

/** Throws a plain `Error` for a declaration of something that is not there: it would leave what was meant undeclared. */
export function assertDeclared(declared: readonly string[], there: readonly string[], what: string): void {
  const lost = declared.find((name) => !there.includes(name));
  if (lost === undefined) return;
  throw new Error(`"effects" names ${lost}, but there is no such ${what}.${didYouMean(lost, there)}`);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
