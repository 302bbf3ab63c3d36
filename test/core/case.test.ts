import { describe, expect, test } from "vitest";
import { assertCase, resolveReceivedAt } from "../../core/case.js";
import type { JsonObject } from "../../core/digest.js";
import { missionOf } from "../support/missions.js";

const START = new Date("2026-03-02T09:00:00Z");
const mission = missionOf({ slug: "support", tasks: [{ task_id: "T1" }] });
const withId = (fields: object) => ({ case_id: "C1", ...fields });

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe("a case is proved before anything is written", () => {
  test.each<[string, unknown, string]>([
    ["a number that JSON does not have", withId({ deal: { size: Number("1e999") } }), "/deal/size is Infinity"],
    ["half a character", withId({ notes: ["ok", "\ud800"] }), "/notes/1"],
    ["half a character in a key", withId({ "\udc00": 1 }), "half a character"],
    ["a key that changes objects", JSON.parse('{"case_id":"C1","a":[{"__proto__":{"x":1}}]}'), '"__proto__"'],
    ["a key named constructor", withId({ a: { constructor: 1 } }), '"constructor"'],
    ["a key named prototype", withId({ prototype: 1 }), '"prototype"'],
    ["lists within lists without end", withId({ deep: nested(20_000) }), "200"],
    ["more than a store should hold", withId({ text: "x".repeat(8_000_001) }), "8,000,000"],
    ["what is no JSON", withId({ at: new Date(0) }), "/at is no JSON value"],
    ["a big integer", withId({ n: 1n }), "/n is no JSON value"],
    ["an id that was rounded", { case_id: 2 ** 53 }, "as a text"],
    ["an endless delay", withId({ approval_delay_minutes: 1e300 }), "10,000,000"],
    ["a delay back in time", withId({ approval_delay_minutes: -1 }), "10,000,000"],
  ])("%s is refused, and named", (_, value, found) => {
    expect(() => assertCase(mission, value)).toThrow(
      expect.objectContaining({ code: "case_invalid", message: expect.stringContaining(found) }),
    );
  });

  test("what JSON can say passes, as deep as 200 levels", () => {
    const value = withId({ deep: nested(199), text: "naïve 🚀", delay: undefined, approval_delay_minutes: 10_000_000 });

    expect(() => assertCase(mission, value)).not.toThrow();
  });

  test.each(["-P99999999W", "-P5300W", "1850-01-01T00:00:00Z", "2350-01-01T00:00:00Z"])(
    "a received_at of %s is more than 100 years away, and refused",
    (received_at) => {
      const resolving = () => resolveReceivedAt({ case_id: "C1", received_at } satisfies JsonObject, START);

      expect(resolving).toThrow(
        expect.objectContaining({ code: "case_invalid", message: expect.stringContaining("100 years") }),
      );
    },
  );
});
