import type { Decision } from "../../core/approval.js";
import type { Json, JsonObject } from "../../core/digest.js";
import { digestOf } from "../../core/digest.js";
import type { Desk } from "./approvals.js";
import type { TaskParts } from "./missions.js";

const EDITED = { text: "written by ann", heard: [] };
const COMMENT = "Shorter, please.";
const NO = "Not needed after all.";

/** Beside which a held task keeps the run alive; its gate comes with the case. */
export const HELD: TaskParts = { task_id: "H", skill: "hold", inputs: { gate: "case.gate" } };

/**
 * A mission with this many approvals at once, each with a task that waits for it, and one task behind all of these. The
 * fourth is refused for good, and the mission goes on without it.
 */
export function missionOfOrders(desk: Desk, count: number, isHeld = false): string {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const tasks: TaskParts[] = [
    ...numbers.map((number) => ({
      task_id: `A${number}`,
      skill: "draft",
      requires_human_approval: true,
      ...(number === 4 && { on_failure: "continue" as const }),
    })),
    ...numbers.map((number) => ({ task_id: `D${number}`, skill: "gather", depends_on: [`A${number}`] })),
    { task_id: "E", skill: "gather", depends_on: numbers.map((number) => `D${number}`) },
    ...(isHeld ? [HELD] : []),
  ];
  const items = [{ case_id: "C1", gate: "" }];
  return desk.mission(`orders-${count}${isHeld ? "-held" : ""}`, tasks, {
    cases: { id: "case_id", title: "case.case_id", items },
  });
}

/** What ann decides: one result stands, one is edited, one is sent back once, one is refused for good. */
export function decisionOn(request: { readonly task_id: string; readonly subject: Json }): Decision {
  if (request.task_id === "A2") return { type: "edit", edited: EDITED };
  if (request.task_id === "A4") return { type: "reject", comment: NO, final: true };
  if (request.task_id !== "A3") return { type: "approve" };
  return wasSentBack(request.subject) ? { type: "approve" } : { type: "reject", comment: COMMENT };
}

/** What every order must end in. */
export function endOfOrders(count: number, isHeld = false): JsonObject {
  const done = (output: Json, attempts = 1): Json => ["done", attempts, digestOf(output), null, null];
  const firsts: Record<string, Json> = {
    A1: done({ text: "draft", heard: [] }),
    A2: done(EDITED),
    A3: done({ text: "draft", heard: [COMMENT] }, 2),
    A4: ["failed", 1, null, "rejected", NO],
  };
  const decided: Record<string, readonly string[]> = {
    A1: ["A1 | task_result | approved | ann | "],
    A2: ["A2 | task_result | edited | ann | "],
    A3: ["A3 | task_result | approved | ann | ", `A3 | task_result | rejected | ann | ${COMMENT}`],
    A4: [`A4 | task_result | rejected | ann | ${NO}`],
  };
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const behind = numbers.map((number) => `D${number}`);
  return {
    status: "completed",
    tasks: {
      ...Object.fromEntries(numbers.map((number) => [`A${number}`, firsts[`A${number}`] ?? null])),
      ...Object.fromEntries(
        numbers.map((number) => [`D${number}`, done({ from: number === 4 ? ["case"] : [`A${number}`, "case"] })]),
      ),
      E: done({ from: [...behind, "case"] }),
      ...(isHeld && { H: done({ released: true }) }),
    },
    blackboard: {},
    decisions: numbers.flatMap((number) => decided[`A${number}`] ?? []).sort(),
    effects: [],
  };
}

function wasSentBack(subject: Json): boolean {
  return (
    typeof subject === "object" && subject !== null && "heard" in subject && JSON.stringify(subject).includes(COMMENT)
  );
}
