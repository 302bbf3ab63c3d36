import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { ExecutionLog } from "../../../core/execution-log.js";
import { makeSampleLogs } from "../../support/sample-logs.js";

const FILE = join(import.meta.dirname, "../../../data/sample/execution_logs.json");

describe("the sample logs", () => {
  let made: readonly ExecutionLog[];
  beforeAll(async () => {
    made = await makeSampleLogs();
    // With WRITE_SAMPLE_LOGS=1 the file is written anew, after a change of the sample missions or of the format.
    if (process.env["WRITE_SAMPLE_LOGS"]) writeFileSync(FILE, `${JSON.stringify(made, null, 2)}\n`);
  }, 60_000);

  test("are what really running their cases gives", () => {
    expect(JSON.parse(readFileSync(FILE, "utf8"))).toEqual(made);
  });
});
