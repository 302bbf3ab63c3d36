import { defineConfig } from "vitest/config";

// Two workers, because the proofs start processes of their own; the long ones set a longer limit themselves.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
  },
});
