import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { typedCommand } from "../../../apps/cli/typed-command.js";
import type { Caller } from "../../../runtime/config.js";

const LOCAL = "/shop/node_modules/.bin/mission";
const GLOBAL = "/usr/local/bin/mission";
const NOBODY: Caller = { npmScript: undefined, isNpx: false, path: "/usr/bin:/usr/local/bin" };

describe("what hints tell a person to type leads here again", () => {
  test.each<[string, string, Partial<Caller>, string]>([
    ["in a checkout", "/somewhere/apps/cli/main.ts", {}, "npm run -s mission --"],
    ["by the script that `mission new` writes", LOCAL, { npmScript: "mission" }, "npm run -s mission --"],
    ["by npx", LOCAL, { npmScript: "npx", isNpx: true }, "npx mission"],
    ["by its path in a folder's packages", LOCAL, {}, "npx mission"],
    [
      "by another npm script, which finds it by its name",
      LOCAL,
      { npmScript: "ci", path: "/shop/node_modules/.bin" },
      "npx mission",
    ],
    ["by its name, installed for all folders", GLOBAL, {}, "mission"],
    ["by its name, with the folder's commands on the path", LOCAL, { path: "/shop/node_modules/.bin:/bin" }, "mission"],
    ["as a file of a build", resolve("dist/apps/cli/main.js"), {}, "node dist/apps/cli/main.js"],
  ])("called %s", (_, script, caller, typed) => {
    expect(typedCommand(script, { ...NOBODY, ...caller })).toBe(typed);
  });
});
