import { expect, test } from "vitest";
import { readDocument } from "../../tools/read-document.js";
import { createMemoryDocuments } from "../support/fake-services.js";
import { createPlaybookContext } from "../support/playbook-context.js";

const documents = createMemoryDocuments({
  "a.txt": "Name: José\r\nCity: Köln\n",
  "empty.txt": " \n ",
  "scan.png": null,
  "long.txt": "x".repeat(30_000),
});
const context = createPlaybookContext({ tools: [readDocument], services: { documents } });
const read = (path: string) => context.call<typeof readDocument>("read_document", { path });

test("text comes line by line, composed, whatever ends its lines", async () => {
  expect(await read("a.txt")).toEqual({
    ok: true,
    value: { kind: "text", lines: ["Name: José", "City: Köln", ""], isCut: false },
  });
});

test("a picture and a text without letters are scans, and a file that is not there is missing", async () => {
  expect(await read("scan.png")).toEqual({ ok: true, value: { kind: "scan" } });
  expect(await read("empty.txt")).toEqual({ ok: true, value: { kind: "scan" } });
  expect(await read("none.txt")).toEqual({ ok: true, value: { kind: "missing" } });
});

test("a very long document is cut, and says so", async () => {
  expect(await read("long.txt")).toMatchObject({ value: { isCut: true, lines: ["x".repeat(20_000)] } });
});
