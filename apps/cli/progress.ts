import type { Json, JsonObject } from "../../core/digest.js";
import type { EventType, MissionEvent } from "../../core/event.js";
import type { OrchestratorApi } from "../../core/views.js";
import { cut, inWords, percentText } from "../../core/words.js";
import type { Io } from "./io.js";
import type { Paint } from "./paint.js";

const TITLE_WIDTH = 26;
const COLUMNS_ELSEWHERE = 160;
const MIN_DETAIL = 12;
/** How often one task may say how far it is. */
const PROGRESS_MS = 1_000;

export interface ProgressOptions {
  /** Only this run; nothing is followed before its id is known. */
  readonly run?: string | Promise<string>;
  /** Only runs that pass. */
  readonly isShown?: (runId: string) => boolean;
  /** True when several runs share the screen: each line then begins with its run's title. */
  readonly isShared: boolean;
}

/** Prints one line for each change of the runs followed, until stopped. */
export interface Progress {
  /** Keeps lines back while something else is on the screen. */
  hold(): void;
  release(): void;
  /** Prints what has arrived and ends. */
  stop(): Promise<void>;
}

/** Begins to follow what happens from now on; lines go where remarks go, so a JSON document stays whole. */
export function followProgress(io: Io, orchestrator: OrchestratorApi, options: ProgressOptions): Progress {
  const stopped = new AbortController();
  const held: string[] = [];
  let isHeld = false;
  const put = (line: string) => (isHeld ? held.push(line) : io.note(line));
  const following = follow(io, orchestrator, options, stopped.signal, put);

  const release = () => {
    isHeld = false;
    for (const line of held.splice(0)) io.note(line);
  };
  return {
    hold: () => {
      isHeld = true;
    },
    release,
    async stop() {
      stopped.abort();
      await following;
      release();
    },
  };
}

async function follow(
  io: Io,
  orchestrator: OrchestratorApi,
  options: ProgressOptions,
  signal: AbortSignal,
  put: (line: string) => void,
): Promise<void> {
  const runs = new Map<string, Followed>();
  const since = io.host.now().toISOString();
  try {
    const only = await Promise.race([options.run, untilAborted(signal)]);
    if (signal.aborted && only === undefined && options.run !== undefined) return;
    for await (const event of orchestrator.events(only, { signal })) {
      if (event.at < since || options.isShown?.(event.run_id) === false) continue;
      const run = runs.get(event.run_id) ?? (await toFollowed(orchestrator, event.run_id, since));
      if (!run) continue;
      runs.set(event.run_id, run);
      if (!isNews(event, run)) continue;
      await learnAgent(orchestrator, run, event);
      const prefix = options.isShared ? `${titleColumn(run.title)}  ` : "";
      const room = (io.host.isTerminal ? io.host.columns : COLUMNS_ELSEWHERE) - prefix.length - 1;
      const line = lineFor(event, run, io.paint, room);
      if (line !== undefined) put(`${prefix}${line}`);
    }
  } catch (error) {
    if (!signal.aborted)
      io.note(`Progress is no longer shown: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** A run that is followed, with the names that its lines use and how far it is. */
interface Followed {
  readonly title: string;
  readonly tasks: ReadonlyMap<string, string>;
  readonly agents: Map<string, string>;
  readonly done: Set<string>;
  /** When each task last said how far it is. */
  readonly saidAt: Map<string, number>;
}

async function toFollowed(orchestrator: OrchestratorApi, runId: string, since: string): Promise<Followed | undefined> {
  const run = await orchestrator.status(runId).catch(() => undefined);
  if (!run) return undefined;
  const view = await orchestrator.mission(run.mission_id).catch(() => undefined);
  const tasks = Object.entries(run.tasks);
  const before = tasks.filter(([, { status, finished_at: at }]) => status === "done" && at !== null && at < since);
  return {
    title: run.title,
    tasks: new Map(tasks.map(([id, task]) => [id, task.title])),
    agents: new Map(view?.mission.agents.map(({ id, name }) => [id, name])),
    done: new Set(before.map(([id]) => id)),
    saidAt: new Map(),
  };
}

/** Counts the task in; false when it said how far it is less than a second ago. */
function isNews({ type, task_id: task, at }: MissionEvent, run: Followed): boolean {
  if (task === undefined) return true;
  if (type === "task_done") run.done.add(task);
  if (type === "task_attempt") run.done.delete(task);
  if (type !== "task_progress") return true;
  const now = Date.parse(at);
  if (now - (run.saidAt.get(task) ?? Number.NEGATIVE_INFINITY) < PROGRESS_MS) return false;
  run.saidAt.set(task, now);
  return true;
}

/** The mission of a file is in no list: there the run's own tasks know what their agents are called. */
async function learnAgent(orchestrator: OrchestratorApi, run: Followed, { run_id, data }: MissionEvent): Promise<void> {
  const agent = data["agent"];
  if (typeof agent !== "string" || run.agents.has(agent)) return;
  const tasks = (await orchestrator.status(run_id).catch(() => undefined))?.tasks ?? {};
  for (const { agent_id: id, agent_name: name } of Object.values(tasks)) {
    if (id !== null && name !== null) run.agents.set(id, name);
  }
}

function titleColumn(text: string): string {
  return cut(text, TITLE_WIDTH).padEnd(TITLE_WIDTH);
}

interface Line {
  readonly mark: (paint: Paint) => string;
  /** Words after the task's title; empty for a line about the whole run. */
  readonly words: string;
  /** What of the event's data says more, first found. */
  readonly detail: readonly string[];
}

const dot = (paint: Paint) => paint.dim("·");
const start = (paint: Paint) => paint.cyan("▸");
const tick = (paint: Paint) => paint.green("✓");
const cross = (paint: Paint) => paint.red("✗");
const asks = (paint: Paint) => paint.yellow("?");
const turns = (paint: Paint) => paint.yellow("↻");

/** The changes worth a line. What is not here stays in the log. */
const LINES: Readonly<Partial<Record<EventType, Line>>> = {
  run_started: { mark: start, words: "begins", detail: [] },
  run_resumed: { mark: start, words: "goes on", detail: [] },
  kill_on: { mark: cross, words: "stopped by the kill switch", detail: ["reason"] },
  kill_off: { mark: start, words: "goes on: the kill switch is off", detail: ["reason"] },
  run_completed: { mark: tick, words: "completed", detail: [] },
  run_failed: { mark: cross, words: "failed", detail: ["reason"] },
  run_cancelled: { mark: cross, words: "cancelled", detail: ["reason"] },
  task_started: { mark: start, words: "", detail: ["agent"] },
  task_progress: { mark: dot, words: "", detail: ["note"] },
  task_done: { mark: tick, words: "", detail: ["summary"] },
  task_skipped: { mark: dot, words: "skipped", detail: ["reason"] },
  task_failed: { mark: cross, words: "failed", detail: ["reason"] },
  task_blocked: { mark: cross, words: "blocked by", detail: ["by"] },
  task_attempt: { mark: turns, words: "begins again", detail: ["reason"] },
  attempt_failed: { mark: cross, words: "could not be done", detail: ["reason"] },
  agent_changed: { mark: turns, words: "goes to another agent", detail: ["agent"] },
  check_refused: { mark: cross, words: "did not pass its check", detail: ["reason", "summary"] },
  review_sent_back: { mark: turns, words: "sent back by the review", detail: ["reason"] },
  limit_breached: { mark: cross, words: "limit exceeded:", detail: [] },
  blackboard_conflict: { mark: asks, words: "two tasks disagree", detail: ["key", "reason"] },
  resource_awaited: { mark: dot, words: "waits its turn", detail: ["reason"] },
  approval_requested: { mark: asks, words: "waits for a person", detail: ["reason"] },
  approval_decided: { mark: tick, words: "", detail: ["comment"] },
  approval_expired: { mark: cross, words: "the question is past due", detail: ["reason"] },
  effect_done: { mark: tick, words: "done", detail: [] },
  effect_reused: { mark: dot, words: "was done before and is not repeated", detail: ["tool"] },
  effect_undone: { mark: turns, words: "took back", detail: ["note"] },
  undo_failed: { mark: cross, words: "could not be taken back yet", detail: ["reason"] },
  run_ending: { mark: turns, words: "takes back what was done", detail: ["reason"] },
  effect_in_doubt: { mark: asks, words: "it is not certain that it happened", detail: ["tool"] },
};

/** One line about an event, or nothing when it is not worth one. */
function lineFor(event: MissionEvent, run: Followed, paint: Paint, room: number): string | undefined {
  const line = LINES[event.type];
  // What takes an act back is told by what becomes of that act.
  if (!line || event.data["undoes"] !== undefined) return undefined;
  const task = event.task_id === undefined ? "" : (run.tasks.get(event.task_id) ?? event.task_id);
  const parts = [task, wordsFor(event, line, run)].filter((part) => part !== "").join(" ");
  const words = cut(parts || event.line, room - 2);
  const detail = textAt(event.data, line.detail);
  const left = room - words.length - 4;
  if (detail === undefined || left < MIN_DETAIL) return `${line.mark(paint)} ${words}`;
  return `${line.mark(paint)} ${words}${paint.dim(`  ${cut(run.agents.get(detail) ?? detail, left)}`)}`;
}

function wordsFor({ type, data }: MissionEvent, line: Line, { done, tasks }: Followed): string {
  const far = `${done.size} of ${tasks.size} tasks done`;
  if (type === "task_progress") return `${percent(data["ratio"])}, ${far}`;
  if (type === "run_completed") return `${line.words}, ${far}`;
  if (type === "limit_breached")
    return `${line.words} ${String(data["limit"])} is ${String(data["actual"])}, not ${String(data["op"])} ${String(data["value"])}`;
  if (type === "approval_decided")
    return `${textAt(data, ["status"]) ?? "decided"} by ${textAt(data, ["by"]) ?? "a person"}`;
  if (type === "effect_undone") return undoneWords(data);
  if (type === "effect_done") return `did: ${inWords(textAt(data, ["tool"]) ?? "an act")}`;
  return line.words;
}

function undoneWords(data: MissionEvent["data"]): string {
  const act = inWords(textAt(data, ["tool"]) ?? "an act");
  const by = textAt(data, ["by"]) ?? "a person";
  if (data["outcome"] === "by_hand") return `undone by hand by ${by}: ${act}`;
  if (data["outcome"] === "left") return `left as it is by ${by}: ${act}`;
  return data["outcome"] === "nothing" ? `nothing to undo: ${act}` : `undid: ${act}`;
}

function percent(ratio: Json | undefined): string {
  return percentText(typeof ratio === "number" ? ratio : 0);
}

function textAt(data: JsonObject, keys: readonly string[]): string | undefined {
  const found = keys.map((key) => data[key]).find((value) => typeof value === "string" && value !== "");
  return typeof found === "string" ? found : undefined;
}
