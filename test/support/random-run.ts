import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Decision } from "../../core/approval.js";
import type { Json, JsonObject } from "../../core/digest.js";
import { sha256 } from "../../core/digest.js";
import { hasCode } from "../../core/errors.js";
import type { ApprovalRecord, Dispatch, ResultRecord } from "../../core/records.js";
import { isDecided, isTerminal } from "../../core/run.js";
import type { ApprovalView, RunOutcome, StatusView } from "../../core/views.js";
import type { Engine } from "./engine.js";
import { missionDocument } from "./missions.js";
import type { Outside } from "./random-agents.js";
import { outputOf } from "./random-agents.js";
import type { RandomPlan } from "./random-plan.js";

/** More decisions than any plan can ask for: a run that needs them goes in circles. */
const MAX_DECISIONS = 400;
const A_DAY_MS = 25 * 3_600_000;

/** A run of a random plan, to its end. */
export interface RandomRun {
  readonly runId: string;
  readonly caseId: string;
  readonly status: StatusView;
  readonly results: readonly ResultRecord[];
  readonly requests: readonly ApprovalRecord[];
  /** What the person said, by approval: each was accepted. */
  readonly decided: ReadonlyMap<string, Decision>;
}

/** Runs the plan to its end; a scripted person decides some requests at once, the others when nothing else moves. */
export async function runToEnd(
  engine: Engine,
  outside: Outside,
  plan: RandomPlan,
  caseId: string,
  dispatch: Dispatch,
): Promise<RandomRun> {
  const { orchestrator } = engine;
  const person = new Person(engine, outside, plan, caseId);
  outside.scripts.set(caseId, plan.scripts);
  const slug = `m-${caseId}`;
  const file = join(engine.folder, `${slug}.json`);
  writeFileSync(
    file,
    JSON.stringify(missionDocument({ ...plan.mission, slug, mission_id: slug.replaceAll("-", "_") })),
  );
  const [sample] = plan.mission.cases?.items ?? [];
  // Safe: a sample case is plain JSON.
  const caseRef = { ...sample, case_id: caseId } as JsonObject;
  const stop = person.decideAtOnce();
  try {
    let outcome = await orchestrator.start(file, { caseRef, dispatch });
    for (let round = 0; ; round++) {
      await person.settled();
      await assertEndedOrWaiting(engine, outcome);
      if (isTerminal(outcome.status)) break;
      expect(round, "decisions until the run ends").toBeLessThan(MAX_DECISIONS);
      outcome = await person.decideSome(outcome);
    }
    const runId = outcome.run_id;
    return {
      runId,
      caseId,
      status: await orchestrator.status(runId),
      results: await engine.parts.store.results.of(runId),
      requests: await engine.parts.store.approvals.list({ runId }),
      decided: person.decided,
    };
  } finally {
    stop();
  }
}

/** I6: a run has ended, or waits for a named role with a due time, unless all was decided since it came to rest. */
async function assertEndedOrWaiting(engine: Engine, { run_id, status, approvals }: RunOutcome): Promise<void> {
  if (isTerminal(status)) return;
  expect(status).toBe("waiting");
  if (approvals.length === 0) {
    const requests = await engine.parts.store.approvals.list({ runId: run_id });
    const unheeded = requests.filter((request) => isDecided(request.status) && request.appliedAt === undefined);
    expect(unheeded.length, "decisions that nobody has heeded yet").toBeGreaterThan(0);
  }
  for (const request of approvals) {
    expect(request.assigned_to).not.toBe("");
    expect(Number.isNaN(Date.parse(request.due_at))).toBe(false);
  }
}

/** Answers by what is asked, never by when: so both ways to dispatch hear the same. */
class Person {
  readonly decided = new Map<string, Decision>();
  readonly #engine: Engine;
  readonly #outside: Outside;
  readonly #plan: RandomPlan;
  readonly #caseId: string;
  readonly #inFlight = new Set<Promise<unknown>>();

  constructor(engine: Engine, outside: Outside, plan: RandomPlan, caseId: string) {
    this.#engine = engine;
    this.#outside = outside;
    this.#plan = plan;
    this.#caseId = caseId;
  }

  /** Decides a share of the requests as soon as they are there, while the run is at work. Returns how to stop. */
  decideAtOnce(): () => void {
    return this.#engine.parts.hub.listen((event) => {
      const id = event.data["approval_id"];
      if (event.type !== "approval_requested" || typeof id !== "string") return;
      if (this.#draw(`at once ${id}`) / 100 >= this.#plan.eagerness) return;
      const work = this.#outside.wait(3).then(() => this.#decide(id));
      this.#inFlight.add(work);
      void work.finally(() => this.#inFlight.delete(work)).catch(() => undefined);
    });
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#inFlight]);
  }

  /** One or several of the open requests, in an order of its own. */
  async decideSome({ run_id, approvals }: RunOutcome): Promise<RunOutcome> {
    const { orchestrator } = this.#engine;
    // Now and then nobody answers in time: the same is asked again, of the next in line.
    const isLate = this.#draw(`late ${approvals.map(({ approval_id }) => approval_id).join()}`) < this.#plan.lateness;
    if (isLate) this.#outside.letPass(A_DAY_MS);
    const order = isLate ? [] : [...approvals].sort((a, b) => this.#draw(a.approval_id) - this.#draw(b.approval_id));
    const some = order.slice(0, 1 + (this.#draw(`how many ${order.length}`) % Math.max(1, order.length)));
    for (const request of some) await this.#decide(request.approval_id);
    const [outcome] = await orchestrator.resume(run_id);
    if (!outcome) throw new Error(`Run ${run_id} cannot be continued.`);
    return outcome;
  }

  async #decide(id: string): Promise<void> {
    const { orchestrator } = this.#engine;
    const request = await orchestrator.approval(id);
    if (request.status !== "pending") return;
    const decision = this.#answer(request);
    try {
      await orchestrator.decide(id, { decision, digest: request.digest, by: "Pat", continue: false });
    } catch (error) {
      // The run may have taken the question back in between, or it expired; nothing else may refuse an answer.
      const now = await orchestrator.approval(id);
      if (hasCode(error, "already_decided", "approval_expired") && isOver(now.status)) return;
      throw error;
    }
    this.decided.set(id, decision);
  }

  #answer(request: ApprovalView): Decision {
    const draw = this.#draw(about(request));
    const reject: Decision = { type: "reject", comment: "Not like this.", final: draw % 2 === 0 };
    switch (request.kind) {
      case "question":
        if (isAboutUndo(request)) {
          return draw < 50
            ? { type: "answer", answer: "It was taken back by hand." }
            : { type: "reject", comment: "It harms nobody." };
        }
        return draw < 85 ? { type: "answer", answer: this.#answerTo(request, draw) } : reject;
      case "in_doubt":
        return this.#hasHappened(request)
          ? { type: "approve", answer: { key: keyOf(request) } }
          : { type: "reject", comment: "It did not." };
      case "tool_call":
        return this.#ruleOnCall(request, draw) ?? reject;
      default:
        if (draw < 60) return { type: "approve" };
        return draw < 80 ? { type: "edit", edited: this.#result(request.task_id, draw) } : reject;
    }
  }

  #ruleOnCall({ shown }: ApprovalView, draw: number): Decision | undefined {
    // Safe: the tools of random plans take such arguments.
    const args = shown.subject as { readonly key: string };
    if (draw < 60) return { type: "approve" };
    if (draw < 75) return { type: "edit", edited: { key: args.key, note: "as a person would" } };
    return draw < 90 ? { type: "answer", answer: { key: args.key } } : undefined;
  }

  #answerTo({ task_id, shown }: ApprovalView, draw: number): Json {
    if (shown.question.startsWith("How many") || isConflict(shown.question)) return draw;
    if (shown.question.includes("Go on without")) return draw % 3 > 0;
    return this.#result(task_id, draw);
  }

  #result(taskId: string, draw: number): JsonObject {
    const { writes } = this.#outside.scriptOf(this.#caseId, taskId);
    return { ...outputOf(draw, `${this.#caseId}/${taskId}/`, writes), items: [draw] };
  }

  #hasHappened(request: ApprovalView): boolean {
    return (this.#outside.acts.get(keyOf(request)) ?? 0) > 0;
  }

  /** From 0 to 99, the same whenever the same is asked. */
  #draw(what: string): number {
    return Number.parseInt(sha256(`${this.#plan.seed} ${what}`).slice(0, 8), 16) % 100;
  }
}

function isAboutUndo({ shown }: ApprovalView): boolean {
  return shown.question.includes("taken it back by hand");
}

function isOver(status: ApprovalView["status"]): boolean {
  return status === "withdrawn" || status === "expired";
}

/** What is asked, without what differs from run to run. A conflict on the board is one question, whoever asks it. */
function about({ kind, task_id, shown }: ApprovalView): string {
  return isConflict(shown.question) ? "conflict" : `${kind} ${task_id} ${shown.question.slice(0, 24)}`;
}

function isConflict(question: string): boolean {
  return question.includes("say different things");
}

function keyOf({ shown }: ApprovalView): string {
  // Safe: the tools of random plans take such arguments.
  return (shown.subject as { readonly args: { readonly key: string } }).args.key;
}
