/**
 * The tasks of one superstep that are at work in one process. It knows, exactly and without a timer, when only
 * people can move any of them: a member is at work until it says what it waits for, and is at work again from the
 * moment that what it waits for has left.
 */
export class Wave {
  readonly id: string;
  readonly #members = new Map<string, Member>();
  readonly #quiet = new Set<() => void>();
  #look: NodeJS.Immediate | undefined;
  #atWork = 0;

  constructor(id: string, taskIds: readonly string[]) {
    this.id = id;
    for (const taskId of taskIds) this.#add(taskId);
  }

  /** Does the work as this member and leaves when it ends. A member that is already working is joined, not started twice. */
  run<Outcome>(taskId: string, work: () => Promise<Outcome>): Promise<Outcome> {
    const member = this.#members.get(taskId) ?? this.#add(taskId);
    // safe: a wave holds the outcomes of one graph, which are all of one type
    if (member.working) return member.working as Promise<Outcome>;
    const working = work().finally(() => this.#leave(taskId, member));
    member.working = working;
    return working;
  }

  /** True when the task was sent in this wave and has not ended. */
  has(taskId: string): boolean {
    return this.#members.has(taskId);
  }

  /**
   * Waits until one of these members has left; false at once when none of them is here. `staysAtWork` when time will
   * move the task as well: then it keeps the wave going.
   */
  async untilOneLeft(
    taskId: string,
    waitsFor: readonly string[],
    signal: AbortSignal,
    staysAtWork = false,
  ): Promise<boolean> {
    const present = waitsFor.filter((id) => this.#members.has(id));
    if (present.length === 0) return false;
    const me = this.#members.get(taskId);
    signal.throwIfAborted();
    const awaited = present.map((id) => this.#members.get(id));
    const woken = new Promise<void>((resolve, reject) => {
      // Also when it is given up: a waiter left behind would later set at work a member that has left.
      const end = (settle: () => void) => (): void => {
        signal.removeEventListener("abort", abort);
        for (const member of awaited) member?.waiters.delete(wake);
        if (me) this.#set(me, "at_work");
        settle();
      };
      const wake = end(resolve);
      const abort = end(() => reject(signal.reason));
      for (const member of awaited) member?.waiters.add(wake);
      signal.addEventListener("abort", abort, { once: true });
    });
    if (me && !staysAtWork) this.#set(me, "waiting");
    await woken;
    return true;
  }

  /** Waits for a person: resolves with the decision, or with nothing once no member is at work any more. */
  async untilDecidedOrQuiet<Decision>(
    taskId: string,
    decided: (signal: AbortSignal) => Promise<Decision>,
    signal: AbortSignal,
  ): Promise<Decision | undefined> {
    const me = this.#members.get(taskId);
    const stop = new AbortController();
    let becameQuiet: (() => void) | undefined;
    const quiet = new Promise<undefined>((resolve) => {
      becameQuiet = () => resolve(undefined);
      this.#quiet.add(becameQuiet);
    });
    if (me) this.#set(me, "waiting");
    try {
      return await Promise.race([decided(AbortSignal.any([signal, stop.signal])), quiet]);
    } finally {
      stop.abort();
      if (becameQuiet) this.#quiet.delete(becameQuiet);
      if (me) this.#set(me, "at_work");
    }
  }

  #add(taskId: string): Member {
    const member: Member = { state: "at_work", waiters: new Set() };
    this.#members.set(taskId, member);
    this.#atWork += 1;
    return member;
  }

  #leave(taskId: string, member: Member): void {
    this.#members.delete(taskId);
    const waiters = [...member.waiters];
    for (const wake of waiters) wake();
    this.#set(member, "waiting");
  }

  #set(member: Member, state: Member["state"]): void {
    if (member.state === state) return;
    member.state = state;
    this.#atWork += state === "at_work" ? 1 : -1;
    if (this.#atWork === 0) this.#look ??= setImmediate(() => this.#listen());
  }

  /** Looked at once this turn's news has reached its member: who was decided just now is at work, and all stay for it. */
  #listen(): void {
    this.#look = undefined;
    if (this.#atWork > 0) return;
    for (const becameQuiet of [...this.#quiet]) becameQuiet();
  }
}

interface Member {
  state: "at_work" | "waiting";
  working?: Promise<unknown>;
  readonly waiters: Set<() => void>;
}

/** The waves of this process: one for each run, replaced by the next, dropped when the run is left. */
export class Waves {
  readonly #byRun = new Map<string, Wave>();
  readonly #process = crypto.randomUUID().slice(0, 8);
  #count = 0;

  /** An id that no other wave has, in this process or another. */
  nextId(): string {
    this.#count += 1;
    return `${this.#process}.${this.#count}`;
  }

  /** Opened by the sender with the ids that it sends. */
  open(runId: string, waveId: string, taskIds: readonly string[]): void {
    this.#byRun.set(runId, new Wave(waveId, taskIds));
  }

  /** The wave that a node was sent in. In a process that did not open it (after a crash) an empty one: nodes register as they enter. */
  join(runId: string, waveId: string): Wave {
    const known = this.#byRun.get(runId);
    if (known?.id === waveId) return known;
    const wave = new Wave(waveId, []);
    this.#byRun.set(runId, wave);
    return wave;
  }

  drop(runId: string): void {
    this.#byRun.delete(runId);
  }
}
