import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AgentDefinition } from "../core/define-agent.js";
import { OrchestratorError } from "../core/errors.js";
import type { ToolDefinition } from "../core/tool.js";
import { shown } from "./json-file.js";

const MODULE = /(?<!\.d)\.m?[jt]s$/u;

/**
 * The list itself, or everything of its kind that the modules of a folder export, by file name. `file_not_found` when
 * there is no such folder. Modules in TypeScript need a loader, such as `node --import tsx`.
 */
export async function listOrFolder<Item>(
  given: string | readonly Item[],
  isOne: (value: unknown) => value is Item,
): Promise<readonly Item[]> {
  if (typeof given !== "string") return given;
  const names = await readdir(given).catch((cause: unknown) => {
    throw new OrchestratorError("file_not_found", `There is no folder ${shown(given)} to take agents or tools from.`, {
      cause,
    });
  });
  const files = names.filter((name) => MODULE.test(name)).sort();
  const modules = await Promise.all(
    files.map((name): Promise<object> => import(pathToFileURL(resolve(join(given, name))).href)),
  );
  return modules.flatMap((module) => Object.values(module).filter(isOne));
}

/** True for what `defineAgent` returns. */
export function isAgent(value: unknown): value is AgentDefinition {
  return isObject(value) && "agentId" in value && "slug" in value && "skills" in value;
}

/** True for what `defineTool` returns. */
export function isTool(value: unknown): value is ToolDefinition {
  return isObject(value) && "effect" in value && "input" in value && typeof value["run"] === "function";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
