import { describe, expect, test } from "vitest";
import { z } from "zod";
import { jsonSchemaOf } from "../../core/contract.js";
import { isMaskOf, Mask, masked, personalAt, personalIn } from "../../core/personal.js";

const personal = { personal: true };

describe("what a schema marks as personal", () => {
  test("is found in objects, lists, choices, records and what is referred to", () => {
    const person = z.object({ name: z.string().meta(personal), role: z.string() });
    const schema = z.object({
      people: z.array(person),
      either: z.union([z.string().meta(personal), z.number()]),
      byId: z.record(z.string(), z.object({ phone: z.string().meta(personal).optional() })),
      whole: z.object({ street: z.string(), zip: z.number() }).meta(personal),
      plain: z.string(),
    });
    const value = {
      people: [{ name: "Ada Lovelace", role: "owner" }],
      either: "bob@example.com",
      byId: { x: { phone: "+49 30 1234" }, y: {} },
      whole: { street: "High Street 1", zip: 12345 },
      plain: "nothing",
    };

    expect(personalIn(jsonSchemaOf(schema, "input"), value)).toEqual([
      "Ada Lovelace",
      "bob@example.com",
      "+49 30 1234",
      "High Street 1",
      12345,
    ]);
    const referring = { $ref: "#/$defs/P", $defs: { P: { properties: { name: { personal: true } } } } };
    expect(personalIn(referring, { name: "Ada" })).toEqual(["Ada"]);
  });

  test("by pointer, with * for every entry", () => {
    const value = { email: "a@b.example", contacts: [{ phone: "123" }, { phone: "456" }, {}], "odd/key": "x" };

    expect(personalAt(["/email", "/contacts/*/phone", "/odd~1key", "/nowhere/at/all"], value)).toEqual([
      "a@b.example",
      "123",
      "456",
      "x",
    ]);
  });

  test("is not followed in circles, nor by names that every object has", () => {
    const circle = { $ref: "#/$defs/P", $defs: { P: { $ref: "#/$defs/P", personal: false, x: { personal: true } } } };

    expect(personalIn(circle, { a: "b" })).toEqual([]);
    expect(personalAt(["/constructor/name", "/__proto__"], {})).toEqual([]);
  });
});

describe("a mask", () => {
  const mask = new Mask();
  mask.add(["ada@example.com", "Ada Lovelace", "Ada", 52000, 7, "x", "a.c"]);

  test("hides values as words of their own, the longest first, and leaves what only holds them", () => {
    expect(mask.text("Ada Lovelace <ada@example.com>, Ada of Canada, 52000, 7, x")).toBe(
      "A••• <a•••@•••>, A••• of Canada, •••, 7, x",
    );
    expect(mask.text("abc a.c")).toBe("abc a•••");
  });

  test("hides them in JSON, but neither in dates nor in what rows are found by", () => {
    const at = new Date(0);

    expect(mask.json({ to: ["Ada"], n: 52000, agent: "Ada", at, deep: { note: "for Ada" } })).toEqual({
      to: ["A•••"],
      n: 52000,
      agent: "Ada",
      at,
      deep: { note: "for A•••" },
    });
  });

  test("says of a masked text which texts it may have been", () => {
    expect(isMaskOf("sent to a•••@••• today", "sent to ada@example.com today")).toBe(true);
    expect(isMaskOf("sent to a•••@••• today", "sent to ada@example.com yesterday")).toBe(false);
    expect(isMaskOf("sent to Ada", "sent to Ada")).toBe(false);
    expect(isMaskOf("A•••", undefined)).toBe(false);
  });

  test("keeps of a value its first sign only", () => {
    expect(["ada@example.com", "😀mile", "", "Ada"].map(masked)).toEqual(["a•••@•••", "😀•••", "•••", "A•••"]);
  });
});
