import { describe, expect, test } from "vitest";
import type { Composition } from "../../runtime/compose.js";
import { compose } from "../../runtime/compose.js";
import { Orchestrator } from "../../runtime/orchestrator.js";
import { openFreshStore } from "../support/store.js";

/** Cancels the run right after the commit in which it asks, before the process that works on it can come to rest. */
async function openCancelling() {
  const fresh = await openFreshStore();
  let parts: Composition | undefined;
  let hasCancelled = false;
  const cancelOnceAsked = async (): Promise<void> => {
    const [request] = (await parts?.store.approvals.list({ status: ["pending"] })) ?? [];
    if (!parts || !request || hasCancelled) return;
    hasCancelled = true;
    await parts.store.commit({ statements: parts.store.runs.requestCancel(request.runId, "Pat") });
  };
  parts = await compose({ store: fresh.url, storeOptions: { afterCommit: () => void cancelOnceAsked() } });
  const orchestrator = new Orchestrator(parts);
  return {
    store: parts.store,
    orchestrator,
    async close() {
      await orchestrator.close();
      await fresh.drop();
    },
  };
}

describe("I6: a cancel is not lost", () => {
  test("a run that is cancelled while it comes to rest ends instead of waiting", async () => {
    const { orchestrator, close } = await openCancelling();

    const outcome = await orchestrator.start("sales-pipeline", { caseRef: "D-1001" });

    expect(outcome).toMatchObject({ status: "cancelled", approvals: [] });
    await close();
  });

  test("so does one in a graph of somebody's own", async () => {
    const { store, orchestrator, close } = await openCancelling();
    const graph = await orchestrator.graph("sales-pipeline");

    await graph.invoke({ case: "D-1001" }, { configurable: { thread_id: "own" } });

    expect(await store.runs.find("own")).toMatchObject({ status: "cancelled" });
    await close();
  });
});
