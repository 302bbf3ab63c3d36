import type { SimulationProgress } from "../../core/simulation.js";
import type { SimulationView } from "../../core/simulation-view.js";
import { cut, percentText, spanText } from "../../core/words.js";
import { EXIT, numberOf } from "./failures.js";
import type { Io } from "./io.js";
import { forTerminal } from "./paint.js";
import { table } from "./table.js";
import { count, minutesText, pathText, wrap } from "./text.js";

export interface SimulateFlags {
  readonly timeScale: string;
  readonly agents?: string;
}

/** How often the line about the progress changes. */
const PROGRESS_MS = 100;
const TICK_MS = 500;
/** A step back to the line's beginning, and clearing it. */
const CLEAR = "\r\u001b[2K";

/** `mission simulate`: the real engine, whose agents only take their time. 0 when the run completed, 3 when it was stopped. */
export async function simulate(io: Io, mission: string, flags: SimulateFlags): Promise<number> {
  const timeScale = numberOf("--time-scale", flags.timeScale);
  const agents = flags.agents === undefined ? undefined : numberOf("--agents", flags.agents);
  const orchestrator = await io.open();
  const stop = new AbortController();
  const unlisten = io.host.onInterrupt(() => stop.abort());
  if (io.isStopping) stop.abort();
  const line = progressLine(io);
  try {
    const view = await orchestrator.insight.simulate(mission, {
      timeScale,
      ...(agents !== undefined && { agents }),
      signal: stop.signal,
      onProgress: line.show,
    });
    line.clear();
    io.print(view, () => simulationText(io, view, mission));
    if (view.status === "stopped") return EXIT.notEnded;
    return view.status === "completed" ? EXIT.done : EXIT.failed;
  } finally {
    line.clear();
    unlisten();
  }
}

/** One line that changes in place while somebody watches; elsewhere nothing, so that a log stays short. */
function progressLine(io: Io): { show: (progress: SimulationProgress) => void; clear: () => void } {
  if (!io.host.isTerminal || io.json) return { show: () => undefined, clear: () => undefined };
  const now = () => io.host.now().getTime();
  let newest: { readonly progress: SimulationProgress; readonly at: number } | undefined;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const draw = () => {
    if (!newest || now() - drawnAt < PROGRESS_MS) return;
    drawnAt = now();
    const elapsed = newest.progress.elapsed_ms + drawnAt - newest.at;
    const text = cut(progressText({ ...newest.progress, elapsed_ms: elapsed }), io.host.columns - 1);
    io.host.out(`${CLEAR}${forTerminal(io.paint.dim(text))}`);
  };
  // Time passes also while no task begins or ends.
  const ticking = setInterval(draw, TICK_MS);
  return {
    show(progress) {
      newest = { progress, at: now() };
      draw();
    },
    clear() {
      clearInterval(ticking);
      if (newest) io.host.out(CLEAR);
      newest = undefined;
    },
  };
}

function progressText({ done, total, at_work: atWork, elapsed_ms, expected_ms }: SimulationProgress): string {
  const time = `${spanText(elapsed_ms)} of about ${spanText(expected_ms)}`;
  const work = atWork.length === 0 ? "" : `, at work: ${atWork.slice(0, 3).join("; ")}${atWork.length > 3 ? " …" : ""}`;
  return `${done} of ${count(total, "task")} done, ${time}${work}`;
}

function simulationText(io: Io, view: SimulationView, wanted: string): string {
  const { paint } = io;
  return [
    `${paint.bold(view.mission)}  simulated, ${headWord(io, view)}`,
    paint.dim(`Time scale ${view.time_scale}. Times in the table are the mission's own: real time ÷ time scale.`),
    "",
    taskTable(io, view),
    "",
    ...summaryLines(io, view),
    "",
    utilisationTable(io, view),
    ...noteLines(io, view, wanted),
  ].join("\n");
}

function headWord({ paint }: Io, { status, failure }: SimulationView): string {
  if (status === "completed") return paint.green("completed");
  return status === "failed" ? paint.red(`failed: ${failure ?? "no reason"}`) : paint.yellow("stopped before its end");
}

function taskTable(io: Io, view: SimulationView): string {
  const own = (ms: number | null) => (ms === null ? "" : minutesText(ms / 60_000 / view.time_scale));
  const rows = view.tasks.map((task) => [
    task.title,
    task.task_id,
    minutesText(task.estimate_minutes),
    own(task.planned_start_ms),
    own(task.planned_finish_ms),
    own(task.start_ms),
    own(task.finish_ms),
    task.is_critical ? io.paint.red("●") : "",
  ]);
  return table(io, ["Task", "Id", "Estimate", "Start planned", "End planned", "Start", "End", "Critical"], rows);
}

function summaryLines({ paint }: Io, view: SimulationView): string[] {
  const { makespan_ms, makespan_minutes, planned_makespan_ms, planned_makespan_minutes, ratio } = view;
  const slots = view.agents === null ? "no limit" : count(view.agents, "task");
  const isEmpty = view.critical_path_minutes === 0;
  const isLimited = view.agents !== null && !isEmpty;
  const path = `${minutesText(view.critical_path_minutes)}, here ${spanText(view.critical_path_ms)}: ${pathText(view.critical_path)}`;
  return [
    `At once          ${slots}`,
    `Planned          ${minutesText(planned_makespan_minutes)}${isEmpty ? ", no estimates" : `, here ${spanText(planned_makespan_ms)}`}`,
    ...(isLimited ? [`Planned path     ${pathText(view.planned_path)} (● in the table)`] : []),
    `Simulated        ${paint.bold(minutesText(makespan_minutes))}, here ${spanText(makespan_ms)}`,
    `Critical path    ${isEmpty ? "no estimates" : `${path}${isLimited ? " (without a limit)" : ""}`}`,
    `Makespan ÷ critical path  ${ratio === null ? (isEmpty ? "none: no estimates" : "none: it did not end") : paint.bold(ratio.toFixed(3))}`,
    ...(isLimited && ratio !== null
      ? [`Makespan ÷ planned        ${paint.bold((makespan_minutes / planned_makespan_minutes).toFixed(3))}`]
      : []),
  ];
}

function utilisationTable(io: Io, { utilisation, utilisation_of_all: all }: SimulationView): string {
  const percent = (share: number | null) => (share === null ? "" : percentText(share));
  const rows = utilisation.map(({ agent_name, tasks, busy_ms, share }) => [
    agent_name,
    String(tasks),
    spanText(busy_ms),
    percent(share),
  ]);
  const total = all === null ? [] : [["all places", "", "", percent(all)]];
  return table(io, ["Agent", "Tasks", "At work", "Of the time"], [...rows, ...total]);
}

function noteLines(io: Io, { assumptions, problems }: SimulationView, wanted: string): string[] {
  const broken = `For real it cannot run yet, for ${count(problems, "error")}: see "${io.hint(`verify ${wanted}`)}".`;
  const notes = [...assumptions, ...(problems > 0 ? [broken] : [])];
  return notes.length === 0 ? [] : ["", ...notes.flatMap((note) => wrap(note, io.host.columns))];
}
