import type { HelperAnswer } from "./helper-answer.js";

/** A process or a thread beside this one, which works on one question at a time. */
export interface Helper {
  send(question: object): void;
  /** Ends it at once, whatever it does. Ending what has ended is nothing. */
  kill(): void;
  /** While held it keeps this process alive. */
  hold(isHeld: boolean): void;
}

/** Starts a helper. It is told what the helper says, and that it is gone. */
export type StartHelper = (hears: { answer(answer: HelperAnswer): void; ended(): void }) => Helper;

/** How many helpers there are, and how long they may take and idle. */
export interface PoolOptions {
  readonly size: number;
  readonly start: StartHelper;
  /** To come up, and again for what a question needs beforehand. */
  readonly startMs: number;
  /** After so long without a question a helper is ended. */
  readonly idleMs: number;
}

/** One question's limits, and the words for ends that the helper cannot tell of itself. */
export interface AskOptions {
  /** Asked before, in the time of a start, so that the question's own time is for its work: that a database be open. */
  readonly before?: object;
  /** Of the work alone, without the start of a helper and without waiting for a free one. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** How long a helper that is told to stop may tidy up before it is killed; default not at all. */
  readonly stopMs?: number;
  readonly overTime: string;
  readonly ended: string;
}

const NOT_STARTED = "The helper could not start.";

/** A question that got no answer. The gate reads `transient`. */
class HelperError extends Error {
  override readonly name = "HelperError";
  readonly transient: boolean;

  constructor(message: string, transient: boolean) {
    super(message);
    this.transient = transient;
  }
}

/**
 * Up to `size` helpers, started when there is something to do, kept warm, and started anew after an end of any kind.
 * Questions beyond that wait in the order they came.
 */
export class HelperPool {
  readonly #free: Seat[];
  readonly #waiting: ((seat: Seat) => void)[] = [];

  constructor(options: PoolOptions) {
    this.#free = Array.from({ length: options.size }, () => new Seat(options));
  }

  /** The helper's answer. A helper that is over its time, or whose question is aborted, is killed. */
  async ask(question: object, options: AskOptions): Promise<unknown> {
    const seat = await this.#take(options.signal);
    try {
      return await seat.ask(question, options);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(seat);
      else this.#free.push(seat);
    }
  }

  /** Ends every helper that is idle. */
  close(): void {
    for (const seat of this.#free) seat.end();
  }

  /** The seat that was used last is the warm one. */
  #take(signal: AbortSignal): Promise<Seat> | Seat {
    signal.throwIfAborted();
    return this.#free.pop() ?? this.#wait(signal);
  }

  #wait(signal: AbortSignal): Promise<Seat> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(signal.reason);
      };
      const take = (seat: Seat) => {
        signal.removeEventListener("abort", leave);
        resolve(seat);
      };
      this.#waiting.push(take);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}

/** One place for a helper: there is one, or there will be one with the next question. */
class Seat {
  readonly #options: PoolOptions;
  #helper: Helper | undefined;
  #hear: (answer: HelperAnswer | undefined) => void = () => {};
  #idle: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async ask(question: object, options: AskOptions): Promise<unknown> {
    clearTimeout(this.#idle);
    let helper = this.#helper;
    try {
      helper ??= await this.#start(options);
      helper.hold(true);
      const { before } = options;
      if (before) await this.#answer(helper, before, this.#starting(options));
      return await this.#answer(helper, question, options);
    } finally {
      helper?.hold(false);
      this.#idle = setTimeout(() => this.end(), this.#options.idleMs).unref();
    }
  }

  /** Ends the helper, after so long if it is told to tidy up first. */
  end(stopMs = 0): void {
    clearTimeout(this.#idle);
    const helper = this.#helper;
    this.#helper = undefined;
    if (stopMs === 0) helper?.kill();
    else {
      helper?.send({ kind: "stop" });
      setTimeout(() => helper?.kill(), stopMs);
    }
  }

  async #start(options: AskOptions): Promise<Helper> {
    await this.#next(this.#starting(options), () => {
      const helper: Helper = this.#options.start({
        answer: (answer) => helper === this.#helper && this.#hear(answer),
        ended: () => helper === this.#helper && this.#lose(),
      });
      this.#helper = helper;
    });
    if (!this.#helper) throw new HelperError(NOT_STARTED, true);
    return this.#helper;
  }

  #starting(options: AskOptions): AskOptions {
    const { startMs } = this.#options;
    const overTime = `The helper was not ready within ${startMs} ms.`;
    return { ...options, overTime, ended: NOT_STARTED, timeoutMs: startMs };
  }

  async #answer(helper: Helper, question: object, options: AskOptions): Promise<unknown> {
    const answer = await this.#next(options, () => helper.send(question));
    if (answer.kind === "done") return answer.value;
    const { message, transient, isLast } = failed(answer);
    if (isLast) this.end();
    throw new HelperError(message, transient);
  }

  #lose(): void {
    this.#helper = undefined;
    this.#hear(undefined);
  }

  /** The next thing that the helper says. Where nothing comes the helper is ended. */
  #next(options: AskOptions, begin: () => void): Promise<HelperAnswer> {
    const { timeoutMs, signal, stopMs, overTime, ended } = options;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        this.#hear = () => {};
        act();
      };
      const cut = (reason: unknown) => {
        this.end(stopMs);
        settle(() => reject(reason));
      };
      const abort = () => cut(signal.reason);
      const timer = setTimeout(() => cut(new HelperError(overTime, false)), timeoutMs);
      this.#hear = (answer) => settle(() => (answer ? resolve(answer) : reject(new HelperError(ended, false))));
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      else begin();
    });
  }
}

function failed(answer: HelperAnswer) {
  if (answer.kind === "failed") return answer;
  return { message: "The helper answered out of turn.", transient: false, isLast: true };
}
