import { describe, expect, test } from "vitest";
import type { EffectCaller } from "../../core/effect.js";
import { callDigestOf, effectIdOf, judgeEffect } from "../../core/effect.js";
import type { EffectRecord } from "../../core/records.js";
import { fc } from "../support/fast-check.js";

const PLACE = { runId: "r1", taskId: "T1", missionId: "M1", caseId: "C1" };
const CALLER: EffectCaller = { runId: "r1", taskId: "T1", attempt: 1, agentId: "A1", turnKey: "k1", argsDigest: "d1" };
const NOBODY = { isHeld: false, isTold: true };

function effect(parts: Partial<EffectRecord> = {}): EffectRecord {
  return {
    ...CALLER,
    effectId: "e1",
    fence: 1,
    tool: "send_mail",
    scope: "case",
    dedupeKey: "a@b",
    again: "",
    args: {},
    idempotencyKey: "e1",
    status: "done",
    result: { id: "m1" },
    claimedAt: new Date(0),
    ...parts,
  };
}

function idIn(scope: EffectRecord["scope"], place: Partial<typeof PLACE> = {}, again = "") {
  return effectIdOf({ place: { ...PLACE, ...place }, scope, tool: "send_mail", dedupeKey: "a@b", again });
}

describe("I2: an effect's id is the same for every call that means the same act", () => {
  test.each([
    ["task", { caseId: "C2" }, true],
    ["task", { taskId: "T2" }, false],
    ["task", { runId: "r2" }, false],
    ["run", { taskId: "T2" }, true],
    ["run", { runId: "r2" }, false],
    ["case", { runId: "r2", taskId: "T2" }, true],
    ["case", { caseId: "C2" }, false],
    ["case", { missionId: "M2" }, false],
    ["mission", { runId: "r2", taskId: "T2", caseId: "C2" }, true],
    ["mission", { missionId: "M2" }, false],
  ] as const)("in scope %s another place %o is the same act: %s", (scope, place, isSame) => {
    expect(idIn(scope, place) === idIn(scope)).toBe(isSame);
  });

  test("a second intent, another key, another tool and another scope are other acts", () => {
    const base = { place: PLACE, scope: "case", tool: "send_mail", dedupeKey: "a@b", again: "" } as const;
    const others = [{ again: "reminder" }, { dedupeKey: "c@d" }, { tool: "pay" }, { scope: "run" as const }];
    const ids = [base, ...others.map((other) => ({ ...base, ...other }))].map(effectIdOf);

    expect(new Set(ids).size).toBe(ids.length);
  });

  test("parts of an id cannot run into each other", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (key, again, otherKey, otherAgain) => {
        const idOf = (dedupeKey: string, name: string) =>
          effectIdOf({ place: PLACE, scope: "case", tool: "t", dedupeKey, again: name });
        expect(idOf(key, again) === idOf(otherKey, otherAgain)).toBe(key === otherKey && again === otherAgain);
      }),
    );
  });
});

describe("I2: what a found effect means", () => {
  test.each([
    ["nothing found", undefined, {}, "claim"],
    ["surely not done", { status: "not_done" }, {}, "claim"],
    ["lost", { status: "claimed" }, {}, "settle_first"],
    ["lost, with other arguments", { status: "claimed", argsDigest: "d2" }, {}, "settle_first"],
    ["somebody is at it", { status: "claimed" }, { isHeld: true }, "unsettled"],
    ["done by another attempt", { attempt: 2 }, {}, "reuse"],
    ["done by another agent", { agentId: "A2" }, {}, "reuse"],
    ["done by another run", { runId: "r2" }, {}, "reuse"],
    ["done by another task", { taskId: "T2" }, {}, "reuse"],
    ["done by this very call", {}, {}, "reuse"],
    ["done by another call of this attempt", { turnKey: "k2" }, {}, "already_done"],
    ["done by a call of this attempt that read a failure", { turnKey: "k2" }, { isTold: false }, "reuse"],
    ["done with other arguments", { argsDigest: "d2" }, {}, "effect_conflict"],
    ["done with other arguments by another run", { argsDigest: "d2", runId: "r2" }, {}, "effect_conflict"],
  ] as const)("%s", (_case, found, known, verdict) => {
    expect(judgeEffect(found && effect(found), CALLER, { ...NOBODY, ...known })).toBe(verdict);
  });

  test("an old result never answers new arguments", () => {
    const anything = fc.record({
      status: fc.constantFrom("claimed" as const, "done" as const, "not_done" as const),
      attempt: fc.integer({ min: 1, max: 2 }),
      runId: fc.constantFrom("r1", "r2"),
      turnKey: fc.constantFrom("k1", "k2"),
      argsDigest: fc.constantFrom("d1", "d2"),
    });
    fc.assert(
      fc.property(anything, fc.boolean(), fc.boolean(), (found, isHeld, isTold) => {
        const verdict = judgeEffect(effect(found), CALLER, { isHeld, isTold });
        if (verdict === "reuse") expect(found.argsDigest).toBe(CALLER.argsDigest);
        if (verdict === "claim") expect(found.status).toBe("not_done");
      }),
    );
  });
});

test("a call's digest does not depend on the order of its arguments", () => {
  expect(callDigestOf("t", { a: 1, b: [2] })).toBe(callDigestOf("t", { b: [2], a: 1 }));
  expect(callDigestOf("t", { a: 1 })).not.toBe(callDigestOf("u", { a: 1 }));
});
