import { Command, INTERRUPT, isInterrupted } from "@langchain/langgraph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../core/digest.js";
import type { ApprovalView } from "../../core/views.js";
import type { Orchestrator } from "../../runtime/orchestrator.js";
import type { Desk } from "../support/approvals.js";
import { allOrders, createDesk, endOfRun, until } from "../support/approvals.js";
import { decisionOn, endOfOrders, missionOfOrders } from "../support/approvals-orders.js";
import type { DeskProcess } from "../support/approvals-process.js";
import { startDeskProcess } from "../support/approvals-process.js";

const COUNTS = [1, 2, 3, 4];

const LIMIT_MS = 120_000;

let desk: Desk;
let missions: readonly { readonly free: string; readonly held: string }[];
let orchestrator: Orchestrator;
let other: DeskProcess;

beforeAll(async () => {
  desk = createDesk();
  missions = COUNTS.map((count) => ({
    free: missionOfOrders(desk, count),
    held: missionOfOrders(desk, count, true),
  }));
  [orchestrator, other] = await Promise.all([desk.open(), startDeskProcess(desk)]);
});

afterAll(async () => {
  await other.end();
  await desk.drop();
});

/** Starts one run for each order, each on a case of its own. */
function eachOrder(
  count: number,
  isHeld: boolean,
  work: (order: readonly (readonly string[])[], run: Started) => Promise<void>,
) {
  const mission = missions[count - 1]?.[isHeld ? "held" : "free"] ?? "";
  const tasks = Array.from({ length: count }, (_, index) => `A${index + 1}`);
  return Promise.all(
    allOrders(tasks).map((order, index) => {
      const gate = desk.gate(`${count}-${isHeld}-${index}-${crypto.randomUUID()}`);
      const caseRef = { case_id: `${count}-${index}-${crypto.randomUUID()}`, gate: isHeld ? gate.path : "" };
      return work(order, { mission, caseRef, gate });
    }),
  );
}

interface Started {
  readonly mission: string;
  readonly caseRef: { readonly case_id: string; readonly gate: string };
  readonly gate: { release(): void };
}

async function waiting(run: string, tasks?: readonly string[]): Promise<readonly ApprovalView[]> {
  const open = await orchestrator.approvals({ run });
  return tasks ? open.filter(({ task_id: task }) => tasks.includes(task)) : open;
}

const decided = (request: ApprovalView) => decisionOn({ task_id: request.task_id, subject: request.shown.subject });

/** Answers whatever is asked later (a result that was sent back) until nothing waits. */
async function answerRest(run: string): Promise<void> {
  for (let open = await waiting(run); open.length > 0; open = await waiting(run)) {
    for (const request of open)
      await orchestrator.decide(request.approval_id, { decision: decided(request), by: "ann" });
  }
}

describe("I1, I4, I6: approvals at once end in the same state, whoever answers which first", () => {
  test.each(COUNTS)(
    "with %i, decided in one process, singly and in batches",
    async (count) => {
      await eachOrder(count, false, async (order, { mission, caseRef }) => {
        const { run_id: run } = await orchestrator.start(mission, { caseRef });
        for (const batch of order) {
          const open = await waiting(run, batch);
          await Promise.all(
            open.map((request) => orchestrator.decide(request.approval_id, { decision: decided(request), by: "ann" })),
          );
        }
        await answerRest(run);

        expect(await endOfRun(orchestrator, run)).toEqual(endOfOrders(count));
      });
    },
    LIMIT_MS,
  );

  test.each(COUNTS)(
    "with %i, decided in another process and continued here",
    async (count) => {
      await eachOrder(count, false, async (order, { mission, caseRef }) => {
        const { run_id: run } = await orchestrator.start(mission, { caseRef });
        for (const batch of order) {
          for (const request of await waiting(run, batch)) {
            const told = await other.tell({
              do: "decide",
              approval: request.approval_id,
              decision: decided(request),
              by: "ann",
              continue: false,
            });
            expect(told.error).toBeUndefined();
          }
          await orchestrator.resume(run);
        }
        await answerRest(run);

        expect(await endOfRun(orchestrator, run)).toEqual(endOfOrders(count));
      });
    },
    LIMIT_MS,
  );

  test.each(COUNTS)(
    "with %i, decided in another process while this one works on",
    async (count) => {
      await eachOrder(count, true, async (order, { mission, caseRef, gate }) => {
        const working = orchestrator.start(mission, { caseRef });
        const run = await until(
          async () =>
            (await orchestrator.runs({ status: ["running"] })).find(({ case_id: id }) => id === caseRef.case_id)
              ?.run_id,
        );
        await until(async () => (await waiting(run)).length === count);
        for (const batch of order) {
          const open = await waiting(run, batch);
          expect(open).toHaveLength(batch.length);
          await Promise.all(
            open.map((request) =>
              other.tell({ do: "decide", approval: request.approval_id, decision: decided(request), by: "ann" }),
            ),
          );
          await until(async () => {
            const { tasks } = await orchestrator.status(run);
            return batch
              .filter((task) => task !== "A3")
              .every((task) => tasks[task.replace("A", "D")]?.status === "done");
          });
        }
        if (count > 2) {
          const [again] = await until(async () => {
            const open = await waiting(run);
            return open.length === 1 && open;
          });
          await other.tell({
            do: "decide",
            approval: again?.approval_id ?? "",
            decision: { type: "approve" },
            by: "ann",
          });
        }
        await until(async () => (await orchestrator.status(run)).tasks["E"]?.status === "done");
        gate.release();
        await working;

        expect(await endOfRun(orchestrator, run)).toEqual(endOfOrders(count, true));
      });
    },
    LIMIT_MS,
  );

  test.each(COUNTS)(
    "with %i, answered as Studio and scripts do",
    async (count) => {
      const graph = await orchestrator.graph(missions[count - 1]?.free ?? "");
      let form = 0;
      await eachOrder(count, false, async (order, { caseRef }) => {
        const thread = { configurable: { thread_id: `thread-${caseRef.case_id}` }, context: { approver: "ann" } };
        let state: unknown = await graph.invoke({ case: caseRef }, thread);
        for (const batch of [...order, ["A3"]]) {
          if (!isInterrupted<Payload>(state)) break;
          const payload = state[INTERRUPT][0]?.value;
          if (!payload) throw new Error("The interrupt has no value.");
          const answer = inSomeForm(payload, batch, form++);
          state = await graph.invoke(new Command({ resume: answer }), thread);
        }

        expect(isInterrupted(state)).toBe(false);
        expect(await endOfRun(orchestrator, thread.configurable.thread_id)).toEqual(endOfOrders(count));
      });
    },
    LIMIT_MS,
  );
});

interface Payload {
  readonly requests: readonly {
    readonly id: string;
    readonly digest: string;
    readonly task: string;
    readonly subject: Json;
  }[];
}

/** The same decisions, written in each of the ways that are read, one after the other. */
function inSomeForm({ requests }: Payload, batch: readonly string[], form: number): unknown {
  const chosen = requests.filter(({ task }) => batch.includes(task));
  const decisions = chosen.map((request) => {
    const decision = decisionOn({ task_id: request.task, subject: request.subject });
    const { edited, comment, ...rest } = decision;
    const asLangChain = {
      ...rest,
      ...(edited !== undefined && { editedAction: { name: "task_result", args: edited } }),
      ...(comment !== undefined && { message: comment }),
    };
    const said = form % 2 === 0 ? decision : asLangChain;
    const isPositional = chosen.length === requests.length && form % 3 !== 0;
    return isPositional ? said : { id: request.id, digest: request.digest, ...said };
  });
  const [only] = decisions;
  const isBare = requests.length === 1 && only?.type === "approve" && form % 3 !== 1;
  if (isBare) return "approve";
  return form % 5 === 4 ? JSON.stringify({ decisions }) : { decisions };
}
