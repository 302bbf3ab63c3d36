import { resolve } from "node:path";
import { newMission } from "../../runtime/new-mission.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";

/** `mission new`: writes what a mission of one's own needs, overwrites nothing, and says how to go on. */
export async function newCommand(
  io: Io,
  slug: string,
  { folder = "." }: { readonly folder?: string },
): Promise<number> {
  const made = await newMission(slug, resolve(io.host.folder, folder));
  io.print(made, () => {
    const { paint } = io;
    const lines = [paint.bold(`Mission ${slug} (${made.mission_id}) is written, in ${made.folder}:`)];
    lines.push(...made.files.map((file) => `  ${file}`));
    if (made.by_hand.length > 0)
      lines.push("", paint.yellow("To be added by hand, because these files were there:"), ...made.by_hand.map(indent));
    lines.push("", paint.bold("Next"), ...made.next.map(indent));
    return lines.join("\n");
  });
  return EXIT.done;
}

function indent(line: string): string {
  return `  ${line}`;
}
