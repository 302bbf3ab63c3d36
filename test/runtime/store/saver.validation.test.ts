import { deltaChannelHistoryTests, validate } from "@langchain/langgraph-checkpoint-validation";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { FreshStore } from "../../support/store.js";
import { openFreshStore } from "../../support/store.js";

// The suite is written for global test functions.
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it });

let opened: FreshStore | undefined;

const initializer = {
  checkpointerName: "CheckpointSaver",
  async createCheckpointer() {
    opened = await openFreshStore({ history: "all" });
    return opened.store.checkpointer;
  },
  async destroyCheckpointer() {
    await opened?.drop();
  },
};

validate(initializer);
deltaChannelHistoryTests(initializer);
