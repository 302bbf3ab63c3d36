import { describe, expect, test } from "vitest";
import type { Json } from "../../../core/digest.js";
import { converters } from "../../../tools/connectors/converters.js";
import { toolContext } from "../../support/tool-context.js";

async function convert(from: string, text: string, more: Record<string, Json> = {}): Promise<unknown> {
  const [tool] = converters({ source: "/tests" });
  const answer = await tool!.run(tool!.input.parse({ text, from, ...more }), toolContext());
  return (answer as { value: unknown }).value;
}

describe("I3: data is converted without reading more into it than it says", () => {
  test("CSV, TSV and XML become JSON, as texts", async () => {
    expect(await convert("csv", '\uFEFFid,note\r\n007,"a, ""b""\nc"\r\n')).toEqual([{ id: "007", note: 'a, "b"\nc' }]);
    expect(await convert("tsv", "id\tnote\n1\ta,b\n")).toEqual([{ id: "1", note: "a,b" }]);
    expect(
      await convert("xml", '<?xml version="1.0"?><a x="1 &lt; 2"><b>007</b><b>&amp;lt; &#65;</b><c/></a>'),
    ).toEqual({
      a: { "@x": "1 < 2", b: ["007", "&lt; A"], c: "" },
    });
    expect(await convert("json", '[{"a":1}]')).toEqual([{ a: 1 }]);
  });

  test("rows become CSV, and no cell becomes a formula", async () => {
    const rows = [
      { name: "Ada", sum: 3 },
      { name: "=HYPERLINK(1)", note: "x,y" },
    ];
    expect(await convert("json", JSON.stringify(rows), { to: "csv" })).toBe(
      'name,sum,note\nAda,3,\n"\'=HYPERLINK(1)",,"x,y"',
    );
    await expect(convert("json", '[{"a":{"b":1}}]', { to: "csv" })).rejects.toThrow("list of objects");
  });

  test("an event is made of data, and its data is taken out of it again", async () => {
    const event = await convert("csv", "a\n1\n", { to: "event", eventType: "order.placed" });

    expect(event).toMatchObject({
      specversion: "1.0",
      source: "/tests",
      type: "order.placed",
      subject: "run-1",
      time: "2026-03-02T08:00:00.000Z",
      data: [{ a: "1" }],
    });
    expect(await convert("event", JSON.stringify(event))).toEqual([{ a: "1" }]);
    await expect(convert("event", '{"specversion":"0.3","id":"1"}')).rejects.toThrow("no event of CloudEvents 1.0");
    await expect(
      convert("event", '{"specversion":"1.0","id":"1","source":"/a","type":"b","data_base64":"AA=="}'),
    ).rejects.toThrow("base64");
  });

  test.each([
    ["an entity that grows", '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'],
    ["a file by an entity", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'],
    ["a document type alone", "<!doctype a><a/>"],
    ["tags nested too deep", `${"<a>".repeat(5_000)}${"</a>".repeat(5_000)}`],
    ["half a document", "<a><b></a>"],
    ["a name that reaches the prototype", "<a><__proto__><x>1</x></__proto__></a>"],
    ["an attribute of such a name", '<a><constructor prototype="1"/></a>'],
  ])("XML with %s is refused", async (_what, text) => {
    await expect(convert("xml", text)).rejects.toThrow();
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test("an unknown entity stays as it was written", async () => {
    expect(await convert("xml", "<a>&nbsp;&b;</a>")).toEqual({ a: "&nbsp;&b;" });
  });

  test.each([
    ["rows of different length", "a,b\n1\n"],
    ["a column without a name", "a,\n1,2\n"],
    ["two columns of one name", "a,a\n1,2\n"],
    ["a column named like the prototype", "__proto__\n1\n"],
    ["an open quote", 'a\n"1\n'],
    ["too many rows", `a\n${"1\n".repeat(50_001)}`],
    ["too many columns", `${Array.from({ length: 501 }, (_, index) => `c${index}`).join(",")}\n`],
  ])("CSV with %s is refused", async (_what, text) => {
    await expect(convert("csv", text)).rejects.toThrow();
  });

  test.each(["{", `${"[".repeat(5_000)}${"]".repeat(5_000)}`])(
    "JSON that is none, or too deep, is refused",
    async (text) => {
      await expect(convert("json", text)).rejects.toThrow();
    },
  );
});
