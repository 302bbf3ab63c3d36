import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { KillAct } from "../../core/kill.js";
import { KillWatch } from "../../runtime/kill-watch.js";

const SECOND_MS = 1_000;
const ALL: KillAct = {
  ...{ actId: "act-1", scope: "all", subject: "", turned: "on", by: "ada", reason: "Wrong people." },
  at: new Date(),
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A watch over switches that the test turns, and how often it has read them. */
function watched() {
  const on: KillAct[] = [];
  let reads = 0;
  const watch = new KillWatch({
    async on() {
      reads += 1;
      return [...on];
    },
  });
  return { watch, turnOn: () => void on.push(ALL), reads: () => reads };
}

describe("I3: a switch is heeded within one second", () => {
  test("a process that works on a run reads it at least twice in each second, and stops what it stops", async () => {
    const { watch, turnOn, reads } = watched();
    const stopped = vi.fn();
    watch.whenOn({ runId: "run-1" }, stopped);
    const leave = watch.follow();
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(reads()).toBeGreaterThanOrEqual(20);

    turnOn();
    await vi.advanceTimersByTimeAsync(SECOND_MS / 2);
    expect(stopped).toHaveBeenCalledExactlyOnceWith(ALL);

    leave();
    const before = reads();
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(reads()).toBe(before);
  });

  test("what is as old as half a second is not relied on", async () => {
    const { watch, turnOn, reads } = watched();
    await watch.fresh();
    await watch.fresh();
    expect(reads()).toBe(1);

    turnOn();
    await vi.advanceTimersByTimeAsync(SECOND_MS / 2);
    await watch.fresh();
    expect(watch.on({ runId: "run-1" })).toEqual(ALL);
  });
});
