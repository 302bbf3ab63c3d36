/** How long is waited for code that did not heed its signal. */
const LATE_MS = 5_000;

/** Code that was abandoned and is still at work in this process, by the effect that it works on. */
export class LateCode {
  readonly #inFlight = new Map<string, Promise<unknown>>();

  /** Remembers it until it comes back. `inFlight` never rejects. */
  add(effectId: string, inFlight: Promise<unknown>): void {
    this.#inFlight.set(effectId, inFlight);
    void inFlight.then(() => this.#inFlight.delete(effectId));
  }

  /** Waits until no code is at work on the effect, for 5 s at most; false when some still is. Rejects when the signal fires. */
  async isBack(effectId: string, signal: AbortSignal): Promise<boolean> {
    const inFlight = this.#inFlight.get(effectId);
    if (!inFlight) return true;
    const over = new AbortController();
    const limit = setTimeout(() => over.abort(), LATE_MS);
    const enough = AbortSignal.any([signal, over.signal]);
    try {
      await Promise.race([inFlight, new Promise((resolve) => enough.addEventListener("abort", resolve))]);
    } finally {
      clearTimeout(limit);
    }
    signal.throwIfAborted();
    return !this.#inFlight.has(effectId);
  }
}
