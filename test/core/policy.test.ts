import { describe, expect, test } from "vitest";
import { rulingOn, rulingOnSecondAct } from "../../core/policy.js";

describe("I3: the ruling on a call comes from what its tool declares", () => {
  test.each([
    [{ effect: "reads" }, "auto", "reading_is_free"],
    [{ effect: "reads", reach: "outside" }, "auto", "reading_is_free"],
    [{ effect: "writes", reach: "own" }, "auto", "own_writes_are_free"],
    [{ effect: "writes", reach: "outside" }, "ask", "outside_writes_ask"],
    [{ effect: "writes" }, "ask", "outside_writes_ask"],
    [{ effect: "irreversible" }, "ask", "irreversible_asks"],
    [{ effect: "irreversible", reach: "own" }, "ask", "irreversible_asks"],
  ] as const)("%o is ruled %s by %s", (tool, outcome, rule) => {
    expect(rulingOn(tool)).toMatchObject({ outcome, rule });
  });

  test("what no rule speaks of is forbidden, an unknown tool among it", () => {
    expect(rulingOn(undefined)).toMatchObject({ outcome: "forbidden", rule: "default_is_nothing" });
  });

  test("a second act after a first with other arguments asks, but never loosens what is forbidden", () => {
    expect(rulingOnSecondAct(rulingOn({ effect: "writes", reach: "own" }))).toMatchObject({
      outcome: "ask",
      rule: "second_act_asks",
    });
    expect(rulingOnSecondAct(rulingOn(undefined)).outcome).toBe("forbidden");
  });
});
