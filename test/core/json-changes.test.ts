import { describe, expect, test } from "vitest";
import type { Json } from "../../core/digest.js";
import { changesOf } from "../../core/json-changes.js";
import { fc } from "../support/fast-check.js";

describe("I4: what a person changed is shown place by place", () => {
  test.each<readonly [Json, Json, readonly object[]]>([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, []],
    [{ a: 1 }, { a: 2 }, [{ at: "/a", from: 1, to: 2 }]],
    [{ a: 1 }, {}, [{ at: "/a", from: 1 }]],
    [{}, { a: null }, [{ at: "/a", to: null }]],
    [
      { a: { "x/y": [1, 2, 3] } },
      { a: { "x/y": [1, 5] } },
      [
        { at: "/a/x~1y/1", from: 2, to: 5 },
        { at: "/a/x~1y/2", from: 3 },
      ],
    ],
    [[1], { a: 1 }, [{ at: "", from: [1], to: { a: 1 } }]],
    [
      { constructor: 1 },
      { toString: 2 },
      [
        { at: "/constructor", from: 1 },
        { at: "/toString", to: 2 },
      ],
    ],
  ])("from %j to %j", (before, after, changes) => {
    expect(changesOf(before, after)).toEqual(changes);
  });

  test("nothing is told of equal values, and something of all others", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const [before, after] = [JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other))];

        expect(changesOf(before, before)).toEqual([]);
        expect(changesOf(before, after).length > 0).toBe(
          JSON.stringify(sorted(before)) !== JSON.stringify(sorted(after)),
        );
      }),
    );
  });
});

/** A form that tells objects from lists and does not depend on the order of keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return { list: value.map(sorted) };
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return { object: entries.map(([key, each]) => [key, sorted(each)]) };
}
