import type { ToolContext } from "../../core/tool.js";
import type { FakeServices } from "./fake-services.js";
import { createFakeServices } from "./fake-services.js";

/** What a tool is handed when it is run by itself, with fakes for its services and `key-1` for its effect. */
export function toolContext(services: Partial<FakeServices> = {}): ToolContext {
  return {
    ...createFakeServices(services),
    signal: new AbortController().signal,
    idempotencyKey: "key-1",
    agentId: "A5",
    runId: "run-1",
    now: () => new Date("2026-03-02T08:00:00Z"),
  };
}
