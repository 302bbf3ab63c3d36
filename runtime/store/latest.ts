/**
 * Writes what nobody waits for: of several values given for one place within a moment, only the newest. `write` must
 * not reject: it keeps what went wrong for whoever asks.
 */
export class Latest<Value> {
  readonly #momentMs: number;
  readonly #write: (place: string, value: Value) => Promise<void>;
  #values = new Map<string, Value>();
  #writing: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(momentMs: number, write: (place: string, value: Value) => Promise<void>) {
    this.#momentMs = momentMs;
    this.#write = write;
  }

  /** What was given for the place and is not being written yet. */
  get(place: string): Value | undefined {
    return this.#values.get(place);
  }

  /** Takes the place's value; it is written within a moment. */
  set(place: string, value: Value): void {
    this.#values.set(place, value);
    this.#timer ??= setTimeout(() => void this.flush(), this.#momentMs);
  }

  /** Writes everything given so far; done when that and what was begun before is written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#values.size > 0) {
      const taken = [...this.#values];
      this.#values = new Map();
      this.#writing = Promise.all([this.#writing, ...taken.map(([place, value]) => this.#write(place, value))]);
    }
    await this.#writing;
  }
}
