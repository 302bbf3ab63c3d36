import { setTimeout } from "node:timers/promises";
import type { ProgressView } from "../../core/progress.js";
import { isTerminal } from "../../core/run.js";
import type { OrchestratorApi } from "../../core/views.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { outcomeText } from "./outcome-text.js";
import { followProgress } from "./progress.js";
import { isLeftAlone, leftAloneText, WatchScreen, watchLines } from "./watch-screen.js";

/** How often a screen is drawn anew although nothing was told: times go on, and other processes say how far they are. */
const TICK_MS = 1_000;
/** Without a terminal nothing changes by itself but whether somebody works on the run. */
const SLOW_TICK_MS = 5_000;
/** The rows are read at most this often, however much happens. */
const MIN_GAP_MS = 150;

/**
 * `mission watch`: follows a run, of whichever process, until it ends. It goes on while the run waits for people; Ctrl-C
 * leaves (exit code 3) and changes nothing about the run. The first line that nobody is there to read ends it, too: who
 * read the others has what they wanted (exit code 0).
 */
export async function watch(io: Io, wanted: string): Promise<number> {
  const orchestrator = await io.open();
  const first = await orchestrator.insight.progress(wanted);
  const last = await (io.host.isTerminal && !io.json ? watchScreen : watchLog)(io, orchestrator, first);
  const { run_id, title, status } = last;
  if (!isTerminal(status)) io.note(`The run goes on without being watched. Again: ${io.hint(`watch ${run_id}`)}`);
  if (io.json) io.print(await orchestrator.status(run_id), () => "");
  else if (isTerminal(status))
    io.print(null, () => outcomeText(io, [{ run_id, title, status, approvals: [], note: null, is_elsewhere: false }]));
  if (!io.host.isHeard()) return EXIT.done;
  if (!isTerminal(status)) return EXIT.notEnded;
  return status === "completed" ? EXIT.done : EXIT.failed;
}

/** A screen that changes in place. */
async function watchScreen(io: Io, orchestrator: OrchestratorApi, first: ProgressView): Promise<ProgressView> {
  const screen = new WatchScreen(io);
  return follow(io, orchestrator, first, TICK_MS, (view) => screen.draw(view));
}

/** How the run stands once, then a line for each change. */
async function watchLog(io: Io, orchestrator: OrchestratorApi, first: ProgressView): Promise<ProgressView> {
  const isOver = isTerminal(first.status);
  const progress = isOver ? undefined : followProgress(io, orchestrator, { run: first.run_id, isShared: false });
  progress?.hold();
  for (const line of watchLines(io, first, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) io.note(line);
  progress?.release();
  let wasHeld = true;
  try {
    return await follow(io, orchestrator, first, SLOW_TICK_MS, (view) => {
      const isLeft = isLeftAlone(view);
      if (isLeft && wasHeld && view !== first) io.note(leftAloneText(io, view));
      wasHeld = !isLeft;
    });
  } finally {
    await progress?.stop();
  }
}

/** Shows the run at once and whenever something was told of it, or some time has passed; resolves with how it stood last. */
async function follow(
  io: Io,
  orchestrator: OrchestratorApi,
  first: ProgressView,
  tickMs: number,
  show: (view: ProgressView) => void,
): Promise<ProgressView> {
  const bell = new Bell();
  const over = new AbortController();
  io.onLeave(() => bell.ring());
  const stopHearing = io.host.onUnheard(() => bell.ring());
  const listening = isTerminal(first.status) ? undefined : listen(orchestrator, first.run_id, over.signal, bell);
  try {
    let view = first;
    show(view);
    while (!isTerminal(view.status) && !io.isStopping && io.host.isHeard()) {
      await bell.rung(tickMs);
      if (io.isStopping || !io.host.isHeard()) break;
      view = await orchestrator.insight.progress(first.run_id);
      show(view);
      await setTimeout(MIN_GAP_MS);
    }
    return view;
  } finally {
    stopHearing();
    over.abort();
    await listening;
  }
}

/** Rings whenever the run's log has grown. Without the log the ticks remain. */
async function listen(orchestrator: OrchestratorApi, runId: string, signal: AbortSignal, bell: Bell): Promise<void> {
  try {
    for await (const _ of orchestrator.events(runId, { signal })) bell.ring();
  } catch {
    // What cannot be told of is still seen at the next tick, and an error of the store is thrown there.
  }
}

/** Wakes whoever waits for it, at once or at the next wait. */
class Bell {
  #isRung = false;
  #wake: () => void = () => undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake();
  }

  /** Resolves when it was rung since the last wait, at the latest after so long. */
  async rung(atMostMs: number): Promise<void> {
    if (!this.#isRung) {
      const over = new AbortController();
      this.#wake = () => over.abort();
      await setTimeout(atMostMs, undefined, { signal: over.signal }).catch(() => undefined);
    }
    this.#isRung = false;
  }
}
