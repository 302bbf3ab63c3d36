import { folder } from "../../tools/connectors/files.js";
import { toolContext } from "./tool-context.js";

/** Writes large files into the folder, each in the other's place, until it is killed. */
const [root = ""] = process.argv.slice(2);
const tool = folder({ root, maxFileBytes: 20_000_000 }).find(({ name }) => name === "write_file");
for (let turn = 0; ; turn += 1) {
  const content = `${turn}`.padEnd(16_000_000, "x");
  await tool?.run({ path: "large.txt", content, encoding: "text", replace: true }, toolContext());
}
