import type { OrchestratorApi } from "../../core/views.js";
import { withScratchStore } from "../../runtime/scratch-store.js";
import type { Io } from "./io.js";

/** Works with an orchestrator whose store lives as long as the work: no store of anybody is opened. */
export async function onScratchStore<Value>(
  io: Io,
  work: (orchestrator: OrchestratorApi) => Promise<Value>,
): Promise<Value> {
  return withScratchStore("scratch", async (store) => {
    const orchestrator = await io.host.open(store);
    try {
      return await work(orchestrator);
    } finally {
      await orchestrator.close();
    }
  });
}
