import type { Json } from "../../core/digest.js";
import type { PolicyCheckView } from "../../core/policy-view.js";
import { inWords } from "../../core/words.js";
import { EXIT, usage } from "./failures.js";
import type { Io } from "./io.js";
import { table } from "./table.js";

export interface PolicyCheckFlags {
  readonly args?: string;
  readonly agent?: string;
  readonly mission?: string;
  readonly task?: string;
  readonly case?: string;
}

const EXITS = { auto: EXIT.done, ask: EXIT.notEnded, forbidden: EXIT.failed } as const;
const MEANING = {
  auto: "goes through: nobody is asked",
  ask: "a person is asked first",
  forbidden: "refused",
} as const;

/** `mission policy check`: how a call would be ruled on, and by which policy; nothing is called. 3 when a person would be asked, 1 when it is forbidden. */
export async function policyCheck(io: Io, tool: string, flags: PolicyCheckFlags): Promise<number> {
  const { args: text = "{}", case: caseId, ...named } = flags;
  const args = argumentsOf(text);
  const { loadConfig } = await import("../../runtime/mission-config.js");
  const { checkPolicyOf } = await import("../../runtime/compose.js");
  const view = await checkPolicyOf(await loadConfig(), {
    tool,
    args,
    ...named,
    ...(caseId !== undefined && { caseId }),
  });
  io.print(view, () => policyText(io, view));
  return EXITS[view.outcome];
}

function argumentsOf(text: string): Json {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usage(`--args takes JSON, such as '{"to":"ada"}': ${error instanceof Error ? error.message : String(error)}`);
  }
}

function policyText(io: Io, view: PolicyCheckView): string {
  const { paint } = io;
  const colour = { auto: paint.green, ask: paint.yellow, forbidden: paint.red }[view.outcome];
  const rows = [
    ["Ruling", colour(`${view.outcome}: ${MEANING[view.outcome]}`)],
    ["Because", view.reason],
    ["Policy", view.policy],
    ["In", view.file ?? "the system itself"],
    ["Call", `${inWords(view.tool)} by ${view.agent_name} (${view.agent_id})`],
    ["Mission", view.mission_id ?? "any"],
  ];
  const note = view.is_held
    ? []
    : [`${view.agent_name} does not hold ${view.tool}: the gate refuses the call before it asks policy.`];
  return [table(io, ["Question", "Answer"], rows), ...note].join("\n");
}
