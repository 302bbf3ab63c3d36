import type { ActionType, SchemaJson, TypeOfAttribute } from "@cedar-policy/cedar-wasm/nodejs";
import { jsonSchemaOf } from "../../core/contract.js";
import type { ToolDefinition } from "../../core/tool.js";
import type { Held } from "./held.js";
import { heldBy, toCedarType } from "./held.js";

const TEXT: TypeOfAttribute<string> = { type: "String" };
const TRUTH: TypeOfAttribute<string> = { type: "Boolean" };
const NO_ARGUMENTS: Held = { kind: "record", fields: new Map() };

/** What policies can hold of a tool's arguments, as its `run` gets them. */
export function heldArguments(tool: ToolDefinition): Held {
  const held = heldBy(jsonSchemaOf(tool.input, "output"));
  return held?.kind === "record" ? held : NO_ARGUMENTS;
}

/** What a policy may speak of: agents, tasks and missions, and for each tool the call of it. Policies are checked against it. */
export function callSchema(tools: readonly ToolDefinition[]): SchemaJson<string> {
  const actions = tools.map((tool): [string, ActionType<string>] => [tool.name, callOf(tool)]);
  const agent = { shape: { type: "Record" as const, attributes: { slug: TEXT, name: TEXT } } };
  return {
    "": {
      entityTypes: { Agent: agent, Task: { memberOfTypes: ["Mission"] }, Mission: {} },
      actions: Object.fromEntries(actions),
    },
  };
}

function callOf(tool: ToolDefinition): ActionType<string> {
  const attributes: Record<string, TypeOfAttribute<string>> = {
    effect: TEXT,
    reach: TEXT,
    deletes: TRUTH,
    approved: TRUTH,
    amountUsd: { type: "Extension", name: "decimal", required: false },
    dataClasses: { type: "Set", element: TEXT },
    args: toCedarType(heldArguments(tool)),
    task: { type: "Record", attributes: { id: TEXT, skill: TEXT } },
    case: { type: "Record", attributes: { id: TEXT } },
  };
  return {
    appliesTo: { principalTypes: ["Agent"], resourceTypes: ["Task"], context: { type: "Record", attributes } },
  };
}
