import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { callCli } from "./fake-host.js";

const folder = mkdtempSync(join(tmpdir(), "mission-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("`doctor` marks each line and opens no store of its own", async () => {
  const { code, out, stores } = await callCli(["doctor", "--store", `sqlite:${folder}/new.db`], {}, { folder });

  expect(code).toBe(0);
  expect(out).toMatch(/^✓ Node +Node \d+/u);
  expect(out).toMatch(/✓ Store +none yet/u);
  expect(out).toMatch(/✓ Terminal +none/u);
  expect(out).toMatch(/Nothing is broken\.\n$/u);
  expect(stores).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});

test("`doctor` fails when something is broken, with what to do under it", async () => {
  const path = join(folder, "words.db");
  writeFileSync(path, "these are words, many words, and no database at all");
  const text = await callCli(["doctor", "--store", `sqlite:${path}`], {}, { folder });
  const machine = await callCli(["doctor", "--store", `sqlite:${path}`, "--json"], {}, { folder });

  expect([text.code, machine.code]).toEqual([1, 1]);
  expect(text.out).toMatch(/✗ Store .*is not a store.*\n +Choose another file/u);
  expect(text.out).toMatch(/1 thing to mend\.\n$/u);
  expect(machine.json).toMatchObject({ is_well: false });
});
