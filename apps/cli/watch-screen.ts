import type { ProgressView, TaskProgressView } from "../../core/progress.js";
import { inWords, listInWords, spanText, usd } from "../../core/words.js";
import type { Io } from "./io.js";
import { killLines } from "./kill.js";
import { decideHint } from "./outcome-text.js";
import { forTerminal, unpainted } from "./paint.js";
import { statusWord } from "./status-word.js";
import { count, distance } from "./text.js";
import { fill, fitTo, widthOf } from "./width.js";

const MAX_TITLE = 34;
const MAX_AGENT = 28;
const MINUTE_MS = 60_000;

/** Draws how a run stands over what it drew before. Lines never fill more than the terminal has. */
export class WatchScreen {
  readonly #io: Io;
  #drawn = 0;
  #size = "";

  constructor(io: Io) {
    this.#io = io;
  }

  draw(view: ProgressView): void {
    const { columns, rows, out } = this.#io.host;
    const size = `${columns}x${rows}`;
    // After a resize the terminal has wrapped what stood there: where it begins is not known any more.
    const home =
      this.#size !== "" && this.#size !== size
        ? "\u001b[2J\u001b[H"
        : this.#drawn > 0
          ? `\u001b[${this.#drawn}A\r`
          : "";
    const lines = watchLines(this.#io, view, columns - 1, rows - 1);
    const body = lines.map((line) => `${forTerminal(line)}\u001b[K\n`).join("");
    out(`${home}${body}\u001b[J`);
    this.#drawn = lines.length;
    this.#size = size;
  }
}

/** A head, and a line for each task; what does not fit is counted. At least the head and that count are shown. */
export function watchLines(io: Io, view: ProgressView, columns: number, rows: number): string[] {
  const head = headLines(io, view).map((line) => fitPainted(line, columns));
  const room = Math.max(1, rows - head.length);
  const { tasks } = view;
  const shown = tasks.length <= room ? tasks : mostMoving(tasks, room - 1);
  const titles = columnOf(
    shown.map(({ title }) => title),
    MAX_TITLE,
  );
  const agents = columnOf(
    shown.map(({ agent_name }) => agent_name ?? ""),
    MAX_AGENT,
  );
  const lines = shown.map((task) => {
    const { mark, words } = lineOf(io, task);
    const names = `${fill(task.title, titles)}  ${fill(task.agent_name ?? "", agents)}`;
    return `${mark} ${fitPainted(`${names}  ${words}`, columns - 2)}`;
  });
  const rest = tasks.filter((task) => !shown.includes(task));
  return [...head, ...lines, ...(rest.length === 0 ? [] : [fitPainted(io.paint.dim(restText(rest)), columns)])];
}

/** True when the run is under way and no process works on it: it stays where it is until somebody resumes it. */
export function isLeftAlone({ status, is_held }: ProgressView): boolean {
  return (status === "running" || status === "queued") && !is_held;
}

/** What to do about a run that nobody works on. */
export function leftAloneText(io: Io, { run_id }: ProgressView): string {
  return io.paint.yellow(`No process works on it. To go on: ${io.hint(`resume ${run_id}`)}`);
}

function headLines(io: Io, view: ProgressView): string[] {
  const { paint, host } = io;
  const end = view.finished_at === null ? host.now().getTime() : Date.parse(view.finished_at);
  const by = view.done_by === "count" ? " by number of tasks" : "";
  const facts = [
    `${Math.floor(view.done_ratio * 100 + 1e-9)} % done${by}`,
    usd(view.cost_usd),
    clockOf(end - Date.parse(view.started_at)),
  ];
  return [
    `${paint.bold(view.title)}  ${statusWord(view.status, paint)}  ${facts.join("  ")}`,
    paint.dim(`${view.mission}, run ${view.run_id}`),
    ...(isLeftAlone(view) ? [leftAloneText(io, view)] : []),
    ...killLines(io, view.stopped),
    ...(view.failure === null ? [] : [paint.red(view.failure)]),
  ];
}

interface Line {
  readonly mark: string;
  readonly words: string;
}

function lineOf(io: Io, task: TaskProgressView): Line {
  const { paint } = io;
  const { status, waits_for: waits, outcome } = task;
  const time = timeText(io, task);
  if (status === "done") return { mark: paint.green("✓"), words: joined(time, outcome) };
  if (status === "failed" || status === "blocked")
    return { mark: paint.red("✗"), words: joined(status, time, outcome) };
  if (status === "skipped" || status === "undone") return { mark: paint.dim("–"), words: joined(status, outcome) };
  if (waits) return { mark: markOf(io, waits.kind), words: waitText(io, task, time) };
  if (status === "running") {
    const done = task.done_ratio > 0 ? `${Math.floor(task.done_ratio * 100)} % done` : null;
    return { mark: paint.cyan("▸"), words: joined(time, done, task.attempt > 1 ? `attempt ${task.attempt}` : null) };
  }
  return { mark: paint.dim("·"), words: time };
}

function markOf({ paint }: Io, kind: NonNullable<TaskProgressView["waits_for"]>["kind"]): string {
  if (kind === "person") return paint.yellow("?");
  if (kind === "kill_switch") return paint.red("■");
  return kind === "retry" ? paint.yellow("↻") : paint.dim("·");
}

function waitText(io: Io, { waits_for: waits, estimated_minutes }: TaskProgressView, time: string): string {
  if (waits?.kind === "person") {
    const hint = decideHint(io, waits, waits.approval_id.slice(0, 12));
    return `${io.paint.yellow(`waits for ${waits.role}`)}, due ${distance(waits.due_at, io.host.now())}: ${hint}`;
  }
  if (waits?.kind === "kill_switch") return joined(time, io.paint.red(waits.reason));
  if (waits?.kind === "retry") {
    return joined(`is tried again ${distance(waits.at, io.host.now())}`, waits.reason);
  }
  const estimate = estimated_minutes > 0 ? `${spanText(estimated_minutes * MINUTE_MS)}, ` : "";
  const what = waits?.kind === "tasks" ? `waits for ${listInWords(waits.titles, 2)}` : "waits for its turn";
  return time === "" ? io.paint.dim(`${estimate}${what}`) : `${time}  ${io.paint.dim(what)}`;
}

/** `0:42 / 5 min`; over the estimate is said in words, for colours are not everybody's. */
function timeText({ host, paint }: Io, { started_at, finished_at, estimated_minutes }: TaskProgressView): string {
  if (started_at === null) return "";
  const end = finished_at === null ? host.now().getTime() : Date.parse(finished_at);
  const ms = Math.max(0, end - Date.parse(started_at));
  if (estimated_minutes <= 0) return clockOf(ms);
  const isOver = ms > estimated_minutes * MINUTE_MS;
  const text = `${clockOf(ms)} / ${spanText(estimated_minutes * MINUTE_MS)}`;
  return isOver ? paint.yellow(`${text}, over its estimate`) : text;
}

/** `0:42`, `1:02:05`. */
function clockOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Where something happens comes first; among equals the plan's order stands. */
function mostMoving(tasks: readonly TaskProgressView[], room: number): readonly TaskProgressView[] {
  const chosen = [...tasks.entries()]
    .sort(([a, one], [b, other]) => rankOf(one) - rankOf(other) || newest(one, other) || a - b)
    .slice(0, Math.max(0, room));
  return chosen.sort(([a], [b]) => a - b).map(([, task]) => task);
}

function rankOf({ status, waits_for: waits }: TaskProgressView): number {
  if (waits?.kind === "person") return 0;
  if (status === "running" || waits?.kind === "retry") return 1;
  if (status === "failed") return 2;
  if (waits?.kind === "slot") return 3;
  return status === "done" ? 4 : 5;
}

function newest(one: TaskProgressView, other: TaskProgressView): number {
  return one.status === "done" ? (other.finished_at ?? "").localeCompare(one.finished_at ?? "") : 0;
}

function restText(rest: readonly TaskProgressView[]): string {
  const counts = new Map<string, number>();
  for (const { status } of rest) {
    const word = status === "todo" ? "to do" : inWords(status);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return `and ${count(rest.length, "more task")}: ${[...counts].map(([word, n]) => `${n} ${word}`).join(", ")}`;
}

function columnOf(texts: readonly string[], most: number): number {
  return Math.min(most, Math.max(0, ...texts.map(widthOf)));
}

function joined(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== "").join("  ");
}

/** Colours go with what is cut: a line that fits keeps them. */
function fitPainted(line: string, columns: number): string {
  const plain = unpainted(line.replaceAll(/\s*\n\s*/gu, " "));
  const fitted = fitTo(plain, columns);
  return fitted === unpainted(line) ? line : fitted;
}
