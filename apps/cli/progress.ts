import type { JsonObject } from "../../core/digest.js";
import type { EventType, MissionEvent } from "../../core/event.js";
import type { OrchestratorApi, StatusView } from "../../core/views.js";
import type { Io } from "./io.js";
import type { Paint } from "./paint.js";
import { shorten } from "./text.js";

const TITLE_WIDTH = 26;
const COLUMNS_ELSEWHERE = 160;
const MIN_DETAIL = 12;

export interface ProgressOptions {
  /** Only this run. */
  readonly run?: string;
  /** Only runs that pass; asked once for each. */
  readonly isShown?: (run: StatusView) => boolean;
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
  const known = new Map<string, Followed | undefined>();
  const since = io.host.now().toISOString();
  try {
    for await (const event of orchestrator.events(options.run, { signal })) {
      if (event.at < since) continue;
      const run = await knownRun(orchestrator, options, known, event.run_id);
      const prefix = options.isShared ? `${titleColumn(run?.title ?? "")}  ` : "";
      const room = (io.host.isTerminal ? io.host.columns : COLUMNS_ELSEWHERE) - prefix.length - 1;
      const line = run && lineFor(event, run, io.paint, room);
      if (line !== undefined) put(`${prefix}${line}`);
    }
  } catch (error) {
    if (!signal.aborted)
      io.note(`Progress is no longer shown: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A run that is followed, with the names that its lines use. */
interface Followed {
  readonly title: string;
  readonly tasks: ReadonlyMap<string, string>;
  readonly agents: ReadonlyMap<string, string>;
}

async function knownRun(
  orchestrator: OrchestratorApi,
  { isShown }: ProgressOptions,
  known: Map<string, Followed | undefined>,
  runId: string,
): Promise<Followed | undefined> {
  if (!known.has(runId)) {
    const run = await orchestrator.status(runId).catch(() => undefined);
    known.set(runId, run && (isShown?.(run) ?? true) ? await toFollowed(orchestrator, run) : undefined);
  }
  return known.get(runId);
}

async function toFollowed(orchestrator: OrchestratorApi, run: StatusView): Promise<Followed> {
  const view = await orchestrator.mission(run.mission_id).catch(() => undefined);
  return {
    title: run.title,
    tasks: new Map(Object.entries(run.tasks).map(([id, task]) => [id, task.title])),
    agents: new Map(view?.mission.agents.map(({ id, name }) => [id, name])),
  };
}

function titleColumn(text: string): string {
  return shorten(text, TITLE_WIDTH).padEnd(TITLE_WIDTH);
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
  run_completed: { mark: tick, words: "completed", detail: ["summary"] },
  run_failed: { mark: cross, words: "failed", detail: ["failure", "reason", "summary"] },
  run_cancelled: { mark: cross, words: "cancelled", detail: ["by"] },
  task_started: { mark: start, words: "", detail: ["agent"] },
  task_done: { mark: tick, words: "", detail: ["summary"] },
  task_skipped: { mark: dot, words: "skipped", detail: ["reason"] },
  task_failed: { mark: cross, words: "failed", detail: ["reason"] },
  task_blocked: { mark: cross, words: "blocked by", detail: ["by"] },
  task_attempt: { mark: turns, words: "begins again", detail: ["reason"] },
  attempt_failed: { mark: cross, words: "could not be done", detail: ["reason"] },
  agent_changed: { mark: turns, words: "goes to another agent", detail: ["agent"] },
  check_refused: { mark: cross, words: "did not pass its check", detail: ["reason", "summary"] },
  review_sent_back: { mark: turns, words: "sent back by the review", detail: ["reason"] },
  limit_breached: { mark: cross, words: "limit exceeded", detail: ["limit_id", "reason"] },
  blackboard_conflict: { mark: asks, words: "two tasks disagree", detail: ["key", "reason"] },
  approval_requested: { mark: asks, words: "waits for a person", detail: ["reason"] },
  approval_decided: { mark: tick, words: "", detail: ["comment"] },
  approval_expired: { mark: cross, words: "the question is past due", detail: ["reason"] },
  effect_done: { mark: tick, words: "done", detail: [] },
  effect_reused: { mark: dot, words: "was done before and is not repeated", detail: ["tool"] },
  effect_in_doubt: { mark: asks, words: "it is not certain that it happened", detail: ["tool"] },
};

/** One line about an event, or nothing when it is not worth one. */
function lineFor(event: MissionEvent, run: Followed, paint: Paint, room: number): string | undefined {
  const line = LINES[event.type];
  if (!line) return undefined;
  const task = event.task_id === undefined ? "" : (run.tasks.get(event.task_id) ?? event.task_id);
  const parts = [task, wordsFor(event, line)].filter((part) => part !== "").join(" ");
  const words = shorten(parts || event.line, room - 2);
  const detail = textAt(event.data, line.detail);
  const left = room - words.length - 4;
  if (detail === undefined || left < MIN_DETAIL) return `${line.mark(paint)} ${words}`;
  return `${line.mark(paint)} ${words}${paint.dim(`  ${shorten(run.agents.get(detail) ?? detail, left)}`)}`;
}

function wordsFor({ type, data }: MissionEvent, line: Line): string {
  if (type === "approval_decided")
    return `${textAt(data, ["status"]) ?? "decided"} by ${textAt(data, ["by"]) ?? "a person"}`;
  if (type === "effect_done") return `did: ${(textAt(data, ["tool"]) ?? "an act").replaceAll("_", " ")}`;
  return line.words;
}

function textAt(data: JsonObject, keys: readonly string[]): string | undefined {
  const found = keys.map((key) => data[key]).find((value) => typeof value === "string" && value !== "");
  return typeof found === "string" ? found : undefined;
}
