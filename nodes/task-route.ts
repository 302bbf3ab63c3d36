import { TaskFailure } from "../core/errors.js";
import type { Scope } from "../core/expression.js";
import { evaluateBoolean } from "../core/expression.js";
import type { Task } from "../core/mission.js";

/** The one task that the route chooses: exactly one condition must hold, else `otherwise`. Nothing for a task without a route. */
export function chooseRoute(task: Task, scope: Scope): string | undefined {
  if (!task.route) return undefined;
  const matching = task.route.filter((entry) => entry.when !== undefined && evaluateBoolean(entry.when, scope));
  const otherwise = task.route.find((entry) => entry.when === undefined);
  const [chosen = otherwise, ...others] = matching;
  if (chosen && others.length === 0) return chosen.to;
  const found =
    matching.length === 0
      ? "no condition holds and there is no otherwise"
      : `${matching.length} conditions hold: ${matching.map((entry) => entry.when).join(" | ")}`;
  throw new TaskFailure("permanent", `Task ${task.id}: its route needs exactly one way, but ${found}.`, {
    code: "route_unmatched",
  });
}
