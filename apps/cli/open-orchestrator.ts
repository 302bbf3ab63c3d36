import type { OrchestratorApi } from "../../core/views.js";
import { readConfig } from "../../runtime/config.js";
import { loadConfig } from "../../runtime/mission-config.js";

/** The store that the environment names, if it does. */
export function storeOfEnvironment(): string | undefined {
  const { isStoreNamed, storeUrl } = readConfig();
  return isStoreNamed ? storeUrl : undefined;
}

/** The editor that the environment names, if it does. */
export function editorOfEnvironment(): string | undefined {
  return readConfig().editor;
}

/**
 * The orchestrator on the store named, else on the one that code and Studio in this folder open too; with what the
 * folder's `mission.config.ts` adds, unless only the package's own samples are wanted.
 */
export async function openFor(store: string | undefined, samplesOnly = false): Promise<OrchestratorApi> {
  const config = samplesOnly ? {} : await loadConfig();
  const { composeOrchestrator } = await import("../../runtime/compose.js");
  return composeOrchestrator({ ...config, ...(store !== undefined && { store }) });
}
