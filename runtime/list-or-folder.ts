import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { AgentDefinition } from "../core/define-agent.js";
import { OrchestratorError } from "../core/errors.js";
import type { ToolDefinition } from "../core/tool.js";
import { shown } from "./shown.js";

/** Modules, but neither declarations nor tests. */
const MODULE = /(?<!\.d|\.test|\.spec)\.m?[jt]s$/u;

/** What a list or folder should hold, in the words of the options. */
export interface Kind<Item> {
  readonly option: string;
  readonly maker: string;
  readonly isOne: (value: unknown) => value is Item;
}

export const AGENTS: Kind<AgentDefinition> = { option: "agents", maker: "defineAgent", isOne: isAgent };
export const TOOLS: Kind<ToolDefinition> = { option: "tools", maker: "defineTool", isOne: isTool };

/**
 * The list itself, or everything of its kind that the modules of a folder export, by file name, also in lists and as
 * promises, as connectors give them; tests and declarations are passed over. `file_not_found` when there is no such folder; `config_invalid` names the entry that is none of the
 * kind, or the module that cannot be loaded or exports nothing.
 */
export async function listOrFolder<Item>(
  given: string | readonly Item[],
  { option, maker, isOne }: Kind<Item>,
): Promise<readonly Item[]> {
  if (typeof given !== "string") {
    assertList(given, option);
    const wrong = given.findIndex((item) => !isOne(item));
    if (wrong === -1) return given;
    throw new OrchestratorError("config_invalid", `Entry ${wrong + 1} of "${option}" is not what ${maker} returns.`);
  }
  const names = await readdir(given).catch((cause: unknown) => {
    throw new OrchestratorError("file_not_found", `There is no folder ${shown(given)} to take agents or tools from.`, {
      cause,
    });
  });
  const files = names.filter((name) => MODULE.test(name)).sort();
  const found = await Promise.all(files.map((name) => exportsOf(join(given, name), option, maker)));
  return [...new Set(found.flat().filter(isOne))];
}

async function exportsOf(path: string, option: string, maker: string): Promise<readonly unknown[]> {
  const { loadModule } = await import("./load-module.js");
  const module = await loadModule(path, `a module of "${option}"`);
  const exported = (await Promise.all(Object.values(module))).flat();
  if (exported.length > 0) return exported;
  throw new OrchestratorError(
    "config_invalid",
    `${shown(path)} exports nothing. Export what ${maker} returns, or take the file out of the folder.`,
  );
}

/** Callers without types may hand over one thing instead of a list. */
function assertList(given: unknown, option: string): void {
  if (Array.isArray(given)) return;
  throw new OrchestratorError("config_invalid", `"${option}" must be a list, or the path of a folder.`);
}

function isAgent(value: unknown): value is AgentDefinition {
  if (!isObject(value) || !isObject(value["skills"]) || !Array.isArray(value["tools"])) return false;
  return ["agentId", "slug", "name"].every((field) => typeof value[field] === "string");
}

function isTool(value: unknown): value is ToolDefinition {
  if (!isObject(value) || typeof value["name"] !== "string") return false;
  return "effect" in value && isObject(value["input"]) && typeof value["run"] === "function";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
