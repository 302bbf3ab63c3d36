import { describe, expect, test } from "vitest";
import { Wave, Waves } from "../../nodes/wave.js";
import { fc } from "../support/fast-check.js";
import type { Doing } from "../support/wave-player.js";
import { WavePlayer } from "../support/wave-player.js";

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

const IDS = ["A", "B", "C", "D", "E"];

interface Order {
  readonly who: string;
  readonly what: "wait" | "waitAtWork" | "ask" | "decide" | "giveUp" | "leave";
  readonly others: readonly string[];
}

const orders = (...what: Order["what"][]): fc.Arbitrary<Order> =>
  fc.record({ who: fc.constantFrom(...IDS), what: fc.constantFrom(...what), others: fc.subarray(IDS) });

/** What members are told, moment by moment: one thing, or several at once that do not lean on each other. */
const moments = fc.array(
  fc.oneof(
    fc.tuple(orders("wait", "waitAtWork", "ask", "ask", "decide", "giveUp", "leave")),
    fc.array(orders("ask", "decide", "decide", "giveUp", "leave", "leave"), { minLength: 2, maxLength: 4 }),
  ),
  { minLength: 1, maxLength: 30 },
);

/** The wave as it ought to be, in plain words. */
class Model {
  readonly doing = new Map<string, Doing>(IDS.map((id) => [id, "working"]));
  readonly heard = new Map<string, string>(IDS.map((id) => [id, "nothing"]));
  readonly #waitsFor = new Map<string, readonly string[]>();

  /** False when the member cannot be told that now. */
  tell({ who, what, others }: Order): boolean {
    const doing = this.doing.get(who);
    const isWaiting = doing === "waits" || doing === "waits_at_work";
    if (what === "decide" && doing === "asks") this.#go(who, "working", "decision");
    else if (what === "giveUp" && isWaiting) this.#go(who, "working");
    else if (doing !== "working" || what === "decide" || what === "giveUp") return false;
    else if (what === "ask") this.#go(who, "asks");
    else if (what === "leave") this.#leave(who);
    else this.#wait(who, others, what);
    return true;
  }

  /** When only people can move anybody, everybody who asks hears of it. */
  hear(): void {
    const present = [...this.doing].filter(([, doing]) => doing !== "gone");
    if (present.some(([, doing]) => doing === "working" || doing === "waits_at_work")) return;
    for (const [id, doing] of present) if (doing === "asks") this.#go(id, "working", "quiet");
  }

  #wait(who: string, others: readonly string[], what: string): void {
    const present = others.filter((id) => id !== who && this.doing.get(id) !== "gone");
    if (present.length === 0) return;
    this.#waitsFor.set(who, present);
    this.#go(who, what === "wait" ? "waits" : "waits_at_work");
  }

  #leave(who: string): void {
    this.#go(who, "gone");
    for (const [id, doing] of this.doing) {
      const isWaiting = doing === "waits" || doing === "waits_at_work";
      if (isWaiting && this.#waitsFor.get(id)?.includes(who)) this.#go(id, "working");
    }
  }

  #go(who: string, doing: Doing, heard?: string): void {
    this.doing.set(who, doing);
    if (heard !== undefined) this.heard.set(who, heard);
  }
}

function tell(wave: WavePlayer, { who, what, others }: Order): void {
  const rest = others.filter((id) => id !== who);
  if (what === "ask") wave.ask(who);
  else if (what === "leave") wave.leave(who);
  else if (what === "decide") wave.decide(who);
  else if (what === "giveUp") wave.giveUp(who);
  else wave.waitFor(who, rest, what === "waitAtWork");
}

/** Everything that can happen now has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("I6: quiet is exact", () => {
  test("it is quiet as soon as only people can move anybody, and never while somebody else could", async () => {
    await fc.assert(
      fc.asyncProperty(moments, async (all) => {
        const wave = new WavePlayer(IDS);
        const model = new Model();
        await settled();
        for (const moment of all) {
          const before = new Map(model.doing);
          const told = new Set<string>();
          for (const order of moment) {
            // Only who has heard nothing yet at this moment can be told something.
            const isTouched = told.has(order.who) || before.get(order.who) !== model.doing.get(order.who);
            if (isTouched || !model.tell(order)) continue;
            told.add(order.who);
            tell(wave, order);
          }
          await settled();
          model.hear();
          expect(Object.fromEntries(IDS.map((id) => [id, [wave.doing(id), wave.heard(id)]]))).toEqual(
            Object.fromEntries(IDS.map((id) => [id, [model.doing.get(id), model.heard.get(id)]])),
          );
        }
      }),
      { numRuns: 400 },
    );
  });

  test("a member that is working already is joined, not started a second time", async () => {
    const wave = new Wave("w", ["A"]);
    let starts = 0;
    const work = async () => {
      starts += 1;
      await settled();
      return starts;
    };

    expect(await Promise.all([wave.run("A", work), wave.run("A", work)])).toEqual([1, 1]);
    expect(wave.has("A")).toBe(false);
  });

  test("a wave that this process did not open begins empty and knows who has come", async () => {
    const waves = new Waves();
    waves.open("run", "1", ["A"]);

    expect(waves.join("run", "1").has("A")).toBe(true);
    const other = waves.join("run", "2");
    expect(await other.untilOneLeft("B", ["A"], new AbortController().signal)).toBe(false);
    void other.run("A", () => new Promise(() => undefined));
    expect(waves.join("run", "2").has("A")).toBe(true);
  });
});
