import type { Improvement } from "./improve-starts.js";
import { improveStarts, lengthOf } from "./improve-starts.js";
import { longestRemaining } from "./schedule.js";
import type { Capacities, ScheduleProblem, Work } from "./schedule-problem.js";
import { toScheduleProblem } from "./schedule-problem.js";
import { slackOf } from "./slack-of.js";
import { startInTurn } from "./start-in-turn.js";

/** What there is to do the work with, and whether a better schedule is looked for. */
export interface ScheduleOptions {
  /** Resources not named are unlimited. */
  readonly capacities?: Capacities;
  /** Looks for a schedule that ends earlier than by the engine's own rule. */
  readonly improve?: Improvement;
}

/** One work with its place in time, in minutes from the beginning. */
export interface ScheduledWork {
  readonly id: string;
  readonly startMinutes: number;
  /** Its `waitMinutes` included. */
  readonly finishMinutes: number;
  /** How much later it could begin without delaying the end, when everybody keeps who comes next on their place. */
  readonly slackMinutes: number;
  /** True when any delay of it delays the end. */
  readonly isCritical: boolean;
}

/** When each work is done, and what decides the end. */
export interface Schedule {
  /** From the beginning to the end of the last work. */
  readonly makespanMinutes: number;
  /** In dependency order. */
  readonly works: readonly ScheduledWork[];
  /** Ids of what decides the end, first to last: each begins when the one before it has ended. */
  readonly criticalPath: readonly string[];
}

/**
 * Gives every work its time. Who may begin does so, longest remaining path first, as far as the capacities allow: the
 * rule of the engine's slots, so that a plan is what a run would do. Pure, and the same for the same arguments.
 */
export function planSchedule(works: readonly Work[], options: ScheduleOptions = {}): Schedule {
  const problem = toScheduleProblem(works, options.capacities ?? {});
  const inTurn = startInTurn(problem, prioritiesOf(problem));
  const starts = options.improve ? improveStarts(problem, inTurn, options.improve) : inTurn;
  const { slack, chain } = slackOf(problem, starts);
  const spanOf = (position: number) => (problem.minutes[position] ?? 0) + (problem.waits[position] ?? 0);
  return {
    makespanMinutes: lengthOf(problem, starts),
    works: problem.works.map(({ id }, position) => ({
      id,
      startMinutes: starts[position] ?? 0,
      finishMinutes: (starts[position] ?? 0) + spanOf(position),
      slackMinutes: slack[position] ?? 0,
      isCritical: slack[position] === 0 && spanOf(position) > 0,
    })),
    criticalPath: chain.flatMap((position) => (spanOf(position) > 0 ? (problem.works[position]?.id ?? []) : [])),
  };
}

function prioritiesOf({ works }: ScheduleProblem): readonly number[] {
  const remaining = longestRemaining(
    works.map(({ id, dependsOn, minutes }) => {
      return { id, dependsOn, order: 1, onFailure: "stop" as const, estimatedMinutes: minutes };
    }),
  );
  return works.map(({ id, priority }) => priority ?? remaining.get(id) ?? 0);
}
