import { describe, expect, test } from "vitest";
import { fieldsOf, schemaInWords, templateFor, valueTyped } from "../../../apps/cli/answer-form.js";

describe("asking for an answer field by field", () => {
  test("a schema of plain fields becomes one question each, required ones first said to be so", () => {
    const fields = fieldsOf({
      type: "object",
      properties: {
        expires: { type: "string", description: "Date of expiry" },
        pages: { type: "integer" },
        kind: { enum: ["passport", "id card"] },
        seen: { type: "boolean" },
      },
      required: ["expires", "kind"],
    });

    expect(fields).toMatchObject([
      { key: "expires", label: "Date of expiry", kind: "text", isOptional: false },
      { key: "pages", label: "pages", kind: "number", isOptional: true },
      { key: "kind", kind: "choice", choices: ["passport", "id card"], isOptional: false },
      { key: "seen", kind: "yes_no", isOptional: true },
    ]);
  });

  test("one value is asked for as one; a choice may be written as constants", () => {
    expect(fieldsOf({ type: "number" })).toMatchObject([{ kind: "number", isOptional: false }]);
    expect(fieldsOf({ anyOf: [{ const: "yes" }, { const: "no" }] })).toMatchObject([
      { kind: "choice", choices: ["yes", "no"] },
    ]);
    expect(fieldsOf(undefined)).toMatchObject([{ kind: "text" }]);
  });

  test("a schema that is too rich for that wants an editor", () => {
    expect(fieldsOf({ type: "object", properties: { lines: { type: "array" } } })).toBeUndefined();
    expect(fieldsOf({ type: "array" })).toBeUndefined();
  });

  test("typed text becomes a value of the field's kind; an optional field may stay empty", () => {
    const field = { label: "", choices: [], isOptional: true };

    expect(valueTyped({ ...field, kind: "number" }, "4.5")).toBe(4.5);
    expect(valueTyped({ ...field, kind: "yes_no" }, "no")).toBe(false);
    expect(valueTyped({ ...field, kind: "text" }, "in May")).toBe("in May");
    expect(valueTyped({ ...field, kind: "text" }, " ")).toBeUndefined();
  });

  test("what is wanted can be said in a line", () => {
    expect(schemaInWords({ enum: ["a", "b"] })).toBe("a | b");
    expect(schemaInWords({ type: "array" })).toBe('{"type":"array"}');
    expect(schemaInWords(undefined)).toBe("");
  });

  test("a rich answer begins from every property, empty", () => {
    const schema = {
      type: "object",
      properties: {
        lines: { type: "array" },
        kind: { enum: ["a", "b"] },
        at: { type: "object", properties: { city: { type: "string" } } },
      },
    };

    expect(templateFor(schema)).toEqual({ lines: [], kind: "a", at: { city: "" } });
    expect(templateFor(undefined)).toBeNull();
  });
});
