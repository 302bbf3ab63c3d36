import { delimiter, dirname, resolve } from "node:path";
import type { Caller } from "../../runtime/config.js";
import { shown } from "../../runtime/shown.js";

/** The name of the npm script, here and in what `mission new` writes, that leads to us. */
const NPM_SCRIPT = "mission";
const IS_SOURCE = /\.ts$/u;
const LOCAL_BIN = /[\\/]node_modules[\\/]/u;

/** What a person types to call us once more in the same place, from the script that Node was given and who called it. */
export function typedCommand(script: string, { npmScript, isNpx, path }: Caller): string {
  if (IS_SOURCE.test(script) || npmScript === NPM_SCRIPT) return "npm run -s mission --";
  if (isNpx) return "npx mission";
  const isFoundByName = path.split(delimiter).some((folder) => folder !== "" && resolve(folder) === dirname(script));
  // npm puts the folder's own commands on the path of its scripts only.
  if (isFoundByName && npmScript === undefined) return "mission";
  return LOCAL_BIN.test(script) ? "npx mission" : `node ${shown(script)}`;
}
