import { expect, test } from "vitest";
import { checkNode } from "../../core/doctor.js";

test.each([
  ["20.19.0", "ok"],
  ["20.20.2", "ok"],
  ["24.1.0", "ok"],
  ["20.18.9", "broken"],
  ["18.20.0", "broken"],
])("Node %s is %s", (version, status) => {
  expect(checkNode(version).status).toBe(status);
});
