import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json } from "../../core/digest.js";
import { parseJson } from "../../runtime/parse-json.js";
import { usage } from "./failures.js";

const DEFAULT_EDITOR = process.platform === "win32" ? "notepad" : "vi";

/** Opens the value as JSON in an editor and gives back what was saved; undefined when nothing was changed. */
export async function editJson(value: Json, editor: string | undefined): Promise<Json | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "mission-"));
  const file = join(folder, "edit.json");
  const before = `${JSON.stringify(value, null, 2)}\n`;
  try {
    await writeFile(file, before, { mode: 0o600 });
    await runEditor(editor ?? DEFAULT_EDITOR, file);
    const after = await readFile(file, "utf8");
    // parseJson gives nothing but JSON.
    return after === before ? undefined : (parseJson(after, "Your text") as Json);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runEditor(editor: string, file: string): Promise<void> {
  const [command = DEFAULT_EDITOR, ...args] = editor.split(/\s+/u).filter((part) => part !== "");
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args, file], { stdio: "inherit" });
    child.on("error", () =>
      reject(usage(`The editor "${command}" cannot be started. Name another one with --editor or EDITOR.`)),
    );
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else reject(usage(`The editor "${command}" ended with ${code ?? "a signal"}; nothing was changed.`));
    });
  });
}
