import { describe, expect, test } from "vitest";
import type { SlotRequest } from "../../core/session.js";
import { Slots } from "../../nodes/slots.js";
import { fc } from "../support/fast-check.js";

const RUN_LIMITS: Readonly<Record<string, number>> = { r1: 2, r2: 3 };
const AGENT_LIMITS: Readonly<Record<string, number>> = { a1: 1, a2: 2, a3: 4 };

interface Taker {
  readonly request: SlotRequest;
  readonly abort: AbortController;
  state: "waits" | "holds" | "gone";
  release: () => void;
}

function take(slots: Slots, runId: string, agentId: string, priority: number): Taker {
  const abort = new AbortController();
  const request = {
    ...{ runId, agentId, priority, signal: abort.signal },
    runLimit: RUN_LIMITS[runId] ?? 1,
    agentLimit: AGENT_LIMITS[agentId] ?? 1,
  };
  const taker: Taker = { request, abort, state: "waits", release: () => undefined };
  slots.take(request).then(
    (release) => {
      taker.state = "holds";
      taker.release = release;
    },
    () => {
      taker.state = "gone";
    },
  );
  return taker;
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constantFrom("r1", "r2"), fc.constantFrom("a1", "a2", "a3"), fc.nat({ max: 9 })),
    },
    { weight: 2, arbitrary: fc.record({ release: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ abort: fc.nat() }) },
  ),
  { maxLength: 60 },
);

/** Nobody above a limit, and nobody waits who could hold. */
function checkFair(takers: readonly Taker[]): void {
  const held = (of: (request: SlotRequest) => string, value: string) =>
    takers.filter(({ state, request }) => state === "holds" && of(request) === value).length;
  for (const [run, limit] of Object.entries(RUN_LIMITS))
    expect(held((request) => request.runId, run)).toBeLessThanOrEqual(limit);
  for (const [agent, limit] of Object.entries(AGENT_LIMITS))
    expect(held((request) => request.agentId, agent)).toBeLessThanOrEqual(limit);
  for (const { state, request } of takers) {
    const isFree =
      held((other) => other.runId, request.runId) < request.runLimit &&
      held((other) => other.agentId, request.agentId) < request.agentLimit;
    if (isFree) expect(state, "nobody waits for a free place").not.toBe("waits");
  }
}

describe("I8: places at work", () => {
  test("nobody is above a limit of run or agent, nobody waits for a free place, and in the end all have had one", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const slots = new Slots();
        const takers: Taker[] = [];
        const pick = (state: Taker["state"], at: number) => {
          const list = takers.filter((taker) => taker.state === state);
          return list[at % Math.max(1, list.length)];
        };
        for (const step of all) {
          if (Array.isArray(step)) takers.push(take(slots, ...step));
          else if ("release" in step) {
            const taker = pick("holds", step.release);
            taker?.release();
            taker?.release();
            if (taker) taker.state = "gone";
          } else pick("waits", step.abort)?.abort.abort(new Error("It is not needed any more."));
          await settled();
          checkFair(takers);
        }
        for (let holder = pick("holds", 0); holder; holder = pick("holds", 0)) {
          holder.state = "gone";
          holder.release();
          await settled();
          checkFair(takers);
        }
        expect(takers.filter(({ state }) => state !== "gone")).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test("the longest remaining path goes first, and who came first among equals", async () => {
    const slots = new Slots();
    const order: string[] = [];
    const first = take(slots, "r2", "a1", 0);
    await settled();
    const waiting = [
      ["low", 1],
      ["high", 9],
      ["middle", 5],
      ["high too", 9],
    ] as const;
    for (const [name, priority] of waiting) {
      const request = {
        runId: "r2",
        runLimit: 3,
        agentId: "a1",
        agentLimit: 1,
        priority,
        signal: new AbortController().signal,
      };
      void slots.take(request).then((release) => {
        order.push(name);
        release();
      });
    }

    first.release();
    await settled();

    expect(order).toEqual(["high", "high too", "middle", "low"]);
  });

  test("a place that one run's agent cannot use goes to another run", async () => {
    const slots = new Slots();
    const busy = take(slots, "r1", "a1", 9);
    const blocked = take(slots, "r2", "a1", 9);
    const other = take(slots, "r2", "a2", 0);
    await settled();

    expect([busy.state, blocked.state, other.state]).toEqual(["holds", "waits", "holds"]);
  });

  test("who gives up before asking, or while waiting, takes no place", async () => {
    const slots = new Slots();
    const signal = AbortSignal.abort(new Error("too late"));
    const request = { runId: "r1", runLimit: 1, agentId: "a1", agentLimit: 1, priority: 0, signal };
    const holder = take(slots, "r1", "a1", 0);
    const waiting = take(slots, "r1", "a1", 0);
    await settled();

    waiting.abort.abort(new Error("enough"));
    await expect(slots.take(request)).rejects.toThrow("too late");
    holder.release();
    const next = take(slots, "r1", "a1", 0);
    await settled();

    expect([waiting.state, next.state]).toEqual(["gone", "holds"]);
  });
});
