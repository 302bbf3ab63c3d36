import { describe, expect, test } from "vitest";
import type { Json } from "../../core/digest.js";
import { TurnKeys } from "../../nodes/turns.js";
import { fc } from "../support/fast-check.js";

const call = fc.tuple(fc.constantFrom("look_up", "send_mail"), fc.constantFrom<Json>({ a: 1 }, { a: 2 }, {}));

describe("I2: a rerun finds the turns of the run before", () => {
  test("the same calls in the same order have the same keys, and no two calls share one", () => {
    fc.assert(
      fc.property(fc.array(call), (calls) => {
        const [first, second] = [new TurnKeys(), new TurnKeys()];
        const keys = calls.map(([tool, args]) => first.call(tool, args));

        expect(calls.map(([tool, args]) => second.call(tool, args))).toEqual(keys);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  test("a key depends on equal calls only, so that others may come in another order", () => {
    const [first, second] = [new TurnKeys(), new TurnKeys()];
    const one = [first.call("look_up", { a: 1 }), first.call("look_up", { a: 2 })];

    expect([second.call("look_up", { a: 2 }), second.call("look_up", { a: 1 })].reverse()).toEqual(one);
  });

  test("the order of argument names does not matter", () => {
    expect(new TurnKeys().call("t", { a: 1, b: 2 })).toBe(new TurnKeys().call("t", { b: 2, a: 1 }));
  });

  test("items of a for_each are counted apart and named", () => {
    const third = new TurnKeys("item:2/");

    expect(third.call("t", {})).toBe(`item:2/${new TurnKeys().call("t", {})}`);
    expect(third.value("now")).toBe("item:2/value:now#1");
    expect(third.value("now")).toBe("item:2/value:now#2");
  });
});
