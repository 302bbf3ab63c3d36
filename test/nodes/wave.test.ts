import { describe, expect, test } from "vitest";
import { Wave } from "../../nodes/wave.js";

/** A promise and what settles it. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe("I6: a wave knows when only people can move it", () => {
  test("a member that gave up waiting for another is not woken by it later, so the wave still becomes quiet", async () => {
    const wave = new Wave("w1", ["late", "barrier", "asks"]);
    const late = gate();
    const begun = gate();
    const timer = new AbortController();
    const never = new AbortController().signal;
    const lateDone = wave.run("late", () => late.opened);
    const barrierDone = wave.run("barrier", async () => {
      const waited = wave.untilOneLeft("barrier", ["late"], timer.signal, true);
      timer.abort(new Error("It took too long."));
      await waited.catch(() => undefined);
    });
    await barrierDone;
    const asks = wave.run("asks", () => {
      const decided = wave.untilDecidedOrQuiet("asks", () => new Promise<string>(() => undefined), never);
      begun.open();
      return decided;
    });
    await begun.opened;

    late.open();
    await lateDone;

    const outcome = await Promise.race([asks, new Promise((resolve) => setTimeout(() => resolve("stuck"), 1_000))]);
    expect(outcome).toBe(undefined);
  });
});
