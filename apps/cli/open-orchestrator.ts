import type { OrchestratorApi } from "../../core/views.js";
import { composeOrchestrator } from "../../runtime/compose.js";
import { currentStore } from "./store-choice.js";

/** The orchestrator on the store named, else on the one that this folder uses. */
export async function openFor(store: string | undefined, folder: string): Promise<OrchestratorApi> {
  return composeOrchestrator({ store: store ?? (await currentStore(folder)) });
}
