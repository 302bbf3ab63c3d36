import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PolicyText } from "../../core/policy.js";
import type { Place, Problem } from "../../core/problem.js";

const FILE = /^\S+\.cedar$/u;

/** The texts of a mission's policies: an entry that ends in `.cedar` is read from the data folder, any other is the text itself. */
export async function readMissionPolicies(
  entries: readonly string[],
  dataFolder: string,
  locate: (pointer: string) => Place,
): Promise<{ readonly texts: readonly PolicyText[]; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const texts = await Promise.all(
    entries.map(async (entry, index): Promise<PolicyText | undefined> => {
      if (!FILE.test(entry)) return { source: `policies/${index}`, text: entry };
      try {
        return { source: entry, text: await readFile(join(dataFolder, entry), "utf8") };
      } catch (error) {
        const message = `the policies in ${entry} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
        problems.push({ severity: "error", code: "policy_invalid", ...locate(`/policies/${index}`), message });
        return undefined;
      }
    }),
  );
  return { texts: texts.filter((text) => text !== undefined), problems };
}
