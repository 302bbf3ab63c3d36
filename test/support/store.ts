import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunRecord } from "../../core/records.js";
import { type OpenStore, type StoreOptions, openStore } from "../../runtime/store/store.js";

/** A store on a fresh file, gone after `drop`. */
export interface FreshStore {
  readonly store: OpenStore;
  readonly path: string;
  drop(): Promise<void>;
}

/** Opens a store on a new file in a folder of its own. */
export async function openFreshStore(options: StoreOptions = {}): Promise<FreshStore> {
  const folder = mkdtempSync(join(tmpdir(), "mission-store-"));
  const path = join(folder, "missions.db");
  const store = await openStore(`sqlite:${path}`, options);
  return {
    store,
    path,
    async drop() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A run's row as a test needs it; what is not given is plausible. */
export function runRecord(runId: string, fields: Partial<RunRecord> = {}): Omit<RunRecord, "headSeq" | "headHash"> {
  return {
    runId,
    missionId: "M001",
    missionSlug: "customer-onboarding",
    missionName: "Customer onboarding",
    missionVersion: "v1",
    caseId: `case of ${runId}`,
    caseData: { customer_id: runId },
    caseDigest: "digest of the case",
    title: `Customer ${runId}`,
    status: "running",
    host: "orchestrator",
    dispatch: "dataflow",
    fence: 0,
    reviewRound: 0,
    startedAt: new Date("2026-03-01T08:00:00Z"),
    ...fields,
  };
}
