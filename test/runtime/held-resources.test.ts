import { afterEach, expect, test } from "vitest";
import type { Statement } from "../../core/ports.js";
import type { RunFence } from "../../core/records.js";
import { EventHub } from "../../runtime/event-hub.js";
import { HeldResources } from "../../runtime/held-resources.js";
import { runRecord } from "../support/records.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

const HOUR_MS = 3_600_000;

let fresh: FreshStore | undefined;

afterEach(async () => {
  await fresh?.drop();
});

test("I4: what a former owner gives back is refused by the store, and nothing but its run's work ends for that", async () => {
  fresh = await openFreshStore();
  const { store } = fresh;
  await store.commit({ statements: store.runs.create(runRecord("R1")) });
  const stale = { runId: "R1", fence: await store.runs.takeLease("R1", `${process.pid}@test:one`, HOUR_MS) };
  const refused: unknown[] = [];
  const held = heldBy(stale, refused);
  await held.take("T1", ["calendar:team"]);
  await held.take("T2", ["customer:C-1"]);
  await store.commit({ statements: store.runs.releaseLease(stale) });
  await store.runs.takeLease("R1", `${process.pid}@test:two`, HOUR_MS);

  await expect(held.free("T1")).resolves.toBeUndefined();
  await expect(held.freeUnlessActed("T2")).resolves.toBeUndefined();

  expect(refused).toMatchObject([{ code: "stale_owner" }, { code: "stale_owner" }]);
  expect(await store.resources.find(["calendar:team", "customer:C-1"])).toHaveLength(2);
});

/** The resources of a run as its session holds them: what the store refuses is noted, and told to whoever waits. */
function heldBy(fence: RunFence, refused: unknown[]): HeldResources {
  const { store } = fresh!;
  return new HeldResources({
    fence,
    store,
    clock: { now: () => new Date() },
    hub: new EventHub(),
    write(statements: readonly Statement[]) {
      const written = store.commit({ fence, statements });
      written.catch((error: unknown) => refused.push(error));
      return written;
    },
    hasAny: true,
    isSettled: () => false,
  });
}
