import { describe, expect, test } from "vitest";
import { backoffMs, pause } from "../../nodes/retry.js";
import { fc } from "../support/fast-check.js";

const FIVE_MINUTES_MS = 300_000;

describe("I6: waiting between attempts", () => {
  test("doubles with each failure, with jitter of a half, and never beyond five minutes and a half of it", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.integer({ min: 1, max: 40 }), (first, failures) => {
        const base = Math.min(FIVE_MINUTES_MS, first * 2 ** (failures - 1));
        const wait = backoffMs(first, failures);

        expect(wait).toBeGreaterThanOrEqual(base / 2);
        expect(wait).toBeLessThanOrEqual(base * 1.5);
      }),
    );
  });

  test("two who fail together do not come back together", () => {
    const waits = new Set(Array.from({ length: 20 }, () => backoffMs(1_000, 3)));

    expect(waits.size).toBeGreaterThan(1);
  });

  test("a pause ends by itself, and with the signal's reason at once when it fires or has fired", async () => {
    const stop = new AbortController();
    const long = pause(FIVE_MINUTES_MS, stop.signal);

    await pause(0, stop.signal);
    stop.abort(new Error("shutting down"));

    await expect(long).rejects.toThrow("shutting down");
    await expect(pause(0, stop.signal)).rejects.toThrow("shutting down");
  });
});
