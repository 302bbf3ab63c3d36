import { defineConfig } from "vitest/config";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/** The proofs take longest: begun first, none of them is left to run alone at the end. */
class ProofsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isProof = ({ moduleId }: TestSpecification): boolean => moduleId.includes("/test/proof/");
    return [...sorted.filter(isProof), ...sorted.filter((file) => !isProof(file))];
  }
}

// Two workers, because the proofs start processes of their own; the long ones set a longer limit themselves.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default"],
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: ProofsFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
  },
});
