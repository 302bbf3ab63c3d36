import { expect, test } from "vitest";
import type { ToolContext } from "../../core/tool.js";
import { listDealActivities } from "../../tools/list-deal-activities.js";
import { createFakeServices, createMemoryRecords } from "../support/fake-services.js";

function contextWith(log: readonly { deal_id: string }[] | undefined): ToolContext {
  const records = createMemoryRecords(log ? { "sample/activities.json": log } : {});
  const base = { signal: new AbortController().signal, idempotencyKey: "", agentId: "A4", runId: "run-1" };
  return { ...createFakeServices({ records }), ...base, now: () => new Date(0) };
}

const entry = (dealId: string, at: number) => ({
  activity_id: `${dealId}-${at}`,
  deal_id: dealId,
  at: `-P${at}D`,
  kind: "call",
  topic: "stock",
});

test("lists the activities of this deal only, in the order of the log", async () => {
  const found = await listDealActivities.run(
    { deal_id: "D-1" },
    contextWith([entry("D-1", 9), entry("D-2", 5), entry("D-1", 3)]),
  );

  expect(found.activities.map((activity) => activity.at)).toEqual(["-P9D", "-P3D"]);
  expect(found.isCut).toBe(false);
});

test("an unknown deal has no activities, which is an answer", async () => {
  expect(await listDealActivities.run({ deal_id: "D-9" }, contextWith([entry("D-1", 9)]))).toEqual({
    activities: [],
    isCut: false,
  });
});

test("a long log is cut to the latest sixty, and says so", async () => {
  const log = Array.from({ length: 70 }, (_, index) => entry("D-1", 70 - index));

  const found = await listDealActivities.run({ deal_id: "D-1" }, contextWith(log));

  expect(found.activities).toHaveLength(60);
  expect(found.activities.at(-1)?.at).toBe("-P1D");
  expect(found.isCut).toBe(true);
});

test("a missing log is a failure, not an empty one", async () => {
  await expect(listDealActivities.run({ deal_id: "D-1" }, contextWith(undefined))).rejects.toThrow(
    "sample/activities.json",
  );
});
