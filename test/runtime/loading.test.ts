import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../bench/engine.js";
import { crossed, taskBody } from "../../bench/shapes.js";
import type { Loaded } from "../support/loaded-files.js";
import { loadedBy } from "../support/loaded-files.js";

const CHILD = join(import.meta.dirname, "../support/bench-child.ts");
/** What a run may load of ours: the engine with its store and gate, none of the topics that are learnt from runs. */
const OURS = [
  /^(?:bench|test\/support)\//u,
  /^core\/(?!audit|calibration|execution-log|fold-log|kpi-|log-|moment|replay|report-html|simulation|stand-in|story)/u,
  /^graphs\/mission-graph\.ts$/u,
  /^nodes\/[^/]+\.ts$/u,
  /^runtime\/(?:cancel|cases|change-unit|compose|config|event-hub|event-stream|files|given|insight|invoked|json-file|library|list-or-folder)\.ts$/u,
  /^runtime\/(?:mission-config|mission-headers|mission-sources|missions|new-run|orchestrator|requests|run-events|run-rows|run-session)\.ts$/u,
  // Who goes on with what a person agreed to needs no ruling: the engine of policies stays where it is.
  /^runtime\/(?:heartbeat|held-resources|kill-watch|kills|personal|run-evidence|own-package|policy\/(?!policy-problems).+)\.ts$/u,
  /^runtime\/(?:run-views|sessions|shown|start-notes|task-costs|worker|store\/.+)\.ts$/u,
  /^tools\/(?:define-tool|gate(?:-[a-z]+)?)\.ts$/u,
];
/** LangGraph with what it brings, the schema, the driver, and what every mission is proved and run with. */
const PACKAGES =
  "@cfworker/json-schema @dagrejs/graphlib @langchain/core @langchain/langgraph @langchain/langgraph-checkpoint @marcbachmann/cel-js " +
  "base64-js better-sqlite3 bindings canonicalize esbuild eventemitter3 file-uri-to-path js-tiktoken kysely langsmith mustache p-finally p-queue " +
  "p-timeout simple-statistics tsx ulid zod";

describe("A process that resumes a run of agents and tools of one's own", () => {
  let dir: string;
  let loaded: Loaded;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "mission-loading-"));
    const trace = join(dir, "trace");
    const session = await createEngine({ taskBody }).open({ dir });
    await session.pause(await session.prepare(crossed()), "C1");
    await session.close();
    const env = { ...process.env, NODE_V8_COVERAGE: trace };
    await promisify(execFile)(process.execPath, ["--import", "tsx", CHILD, dir, "C1"], { env });
    loaded = loadedBy(trace);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test("loads none of our agents and tools, and no topic that nobody asked for", () => {
    expect(loaded.ours).toContain("runtime/worker.ts");
    expect(loaded.ours.filter((file) => !OURS.some((allowed) => allowed.test(file)))).toEqual([]);
  });

  test("opens no package but those that every run needs", () => {
    const allowed = new Set(PACKAGES.split(" "));

    expect(loaded.packages).toContain("@langchain/langgraph");
    expect(loaded.packages.filter((name) => !allowed.has(name))).toEqual([]);
  });
});
