import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Loaded } from "../../support/loaded-files.js";
import { loadedBy } from "../../support/loaded-files.js";
import type { Ended } from "./child.js";
import { startCli } from "./child.js";

/** What `list` may load of ours: the command line, and what reads the files of missions. */
const OURS = [
  /^apps\/cli\/(main|call|early-exit|typed-command|program|add-\w+|io|paint|table|text|failures|list)\.ts$/u,
  /^runtime\/(config|json-file|parse-json|shown|mission-config|mission-headers|mission-sources)\.ts$/u,
  /^core\/(dataset|define-agent|errors|look-alike|lookup|merge-documents|mission|problem|redact|secret|shape|words)\.ts$/u,
];
/** And of others: a schema, a parser, arguments, a table, and the loader of a checkout. */
const PACKAGES = new Set(
  "zod jsonc-parser commander cli-table3 string-width strip-ansi ansi-regex is-fullwidth-code-point emoji-regex tsx esbuild".split(
    " ",
  ),
);

describe("mission list", () => {
  let folder: string;
  let ended: Ended;
  let loaded: Loaded;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mission-list-"));
    const trace = join(folder, "trace");
    ended = await startCli(["list", "--json"], folder, { NODE_V8_COVERAGE: trace }).ended;
    loaded = loadedBy(trace);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("shows names, id, size and KPIs of every mission", () => {
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.out)).toContainEqual({
      mission_id: "M001",
      slug: "customer-onboarding",
      name: "Reduce Customer Onboarding Time",
      description: expect.stringContaining("onboard"),
      tasks: 3,
      cases: 17,
      kpis: ["onboarding_time_days"],
      file: expect.stringContaining("customer-onboarding.json"),
      is_readable: true,
    });
  });

  test("loads neither LangGraph nor agents nor tools nor the SQLite driver", () => {
    const { ours, packages } = loaded;

    expect(ours).toContain("runtime/mission-headers.ts");
    expect(ours.filter((file) => !OURS.some((allowed) => allowed.test(file)))).toEqual([]);
    expect(packages.filter((name) => !PACKAGES.has(name))).toEqual([]);
  });

  test("opens no store: the folder stays as it was", () => {
    expect(readdirSync(folder)).toEqual(["trace"]);
  });
});
