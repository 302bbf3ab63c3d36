import { Command } from "@langchain/langgraph";
import { isTerminal } from "../../core/run.js";
import type { Scenario } from "./crash-scenarios.js";
import type { CrashWorld } from "./crash-world.js";

const MAX_INVOCATIONS = 40;
const THREAD = "own-thread";

/**
 * The same people with a script of their own instead of the orchestrator: it invokes the graph on one thread, answers
 * what it is asked, and after a crash invokes the thread again.
 */
export async function driveExternally({ parts, orchestrator, outside }: CrashWorld, scenario: Scenario): Promise<void> {
  const graph = await orchestrator.graph(scenario.mission);
  const config = {
    configurable: { thread_id: THREAD },
    context: { approver: "Pat", dispatch: scenario.dispatch ?? "dataflow" },
  };
  const began = await orchestrator.checkpointer.getTuple({ configurable: { thread_id: THREAD, checkpoint_ns: "" } });
  await graph.invoke(began ? null : { case: scenario.caseRef ?? "" }, config);
  for (let invocations = 0; invocations < MAX_INVOCATIONS; invocations += 1) {
    const run = await parts.store.runs.find(THREAD);
    if (run && isTerminal(run.status)) return;
    const [request] = await parts.store.approvals.list({ runId: THREAD, status: ["pending"] });
    if (!run || !request) throw new Error(`The run is ${run?.status ?? "not there"} and waits for nobody.`);
    const decision = scenario.decide(request, outside);
    if (decision === "cancel") throw new Error("A script of one's own cancels through the orchestrator.");
    const decisions = [{ id: request.approvalId, digest: request.digest, ...decision }];
    await graph.invoke(new Command({ resume: { decisions } }), config);
  }
  throw new Error(`The run has not ended after ${MAX_INVOCATIONS} invocations.`);
}
