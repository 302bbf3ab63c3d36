import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Lends the address of a new store in a folder of its own, which is removed after the work, whatever came of it. `purpose` stands in its name. */
export async function withScratchStore<Value>(
  purpose: string,
  work: (store: string) => Promise<Value>,
): Promise<Value> {
  const folder = await mkdtemp(join(tmpdir(), `mission-${purpose}-`));
  try {
    return await work(`sqlite:${join(folder, "missions.db")}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
