import { openEngine } from "./engine.js";
import { fakeAgent, fakePlaybook } from "./missions.js";

/** Why `runBeside` ends the work that it was given. */
export const GIVEN_UP = "it was given up";

/**
 * Runs a mission from its start to its end on the real engine while work is at it that does not end before its limit;
 * then the work is given up. Tells how the run and the work ended, and how long this process did nothing else at most.
 */
export async function runBeside(limitMs: number, work: (signal: AbortSignal) => Promise<unknown>) {
  const skill = fakePlaybook({ run: async () => ({ done: true }) });
  const engine = await openEngine({
    missions: [{ tasks: [{ task_id: "T1" }, { task_id: "T2", depends_on: ["T1"] }] }],
    agents: [fakeAgent("A1", "work", [skill])],
  });
  const given = new AbortController();
  let [last, largestGapMs] = [performance.now(), 0];
  const look = () => {
    largestGapMs = Math.max(largestGapMs, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 5);
  const ended = work(given.signal).then(
    () => `it ended within ${limitMs} ms`,
    (error: Error) => error.message,
  );
  try {
    const { status } = await engine.orchestrator.start("test-mission");
    look();
    given.abort(new Error(GIVEN_UP));
    return { status, endedBy: await ended, largestGapMs };
  } finally {
    clearInterval(timer);
    await engine.drop();
  }
}
