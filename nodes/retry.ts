const MAX_DELAY_MS = 5 * 60_000;

/** Exponential backoff with jitter: the n-th wait is between half and one and a half of `first × 2^(n-1)`, at most five minutes. */
export function backoffMs(firstDelayMs: number, failures: number): number {
  const base = Math.min(MAX_DELAY_MS, firstDelayMs * 2 ** (failures - 1));
  return base * (0.5 + Math.random());
}

/** Waits; rejects at once with the signal's reason. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}
