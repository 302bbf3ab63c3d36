import { defineConfig } from "tsdown";

// One output file per source file, in the same tree: lazily loaded commands stay apart, and `data` lies
// beside `dist` just as it lies beside the sources.
export default defineConfig({
  entry: ["index.ts", "apps/cli/main.ts"],
  root: ".",
  format: "esm",
  platform: "node",
  target: "node20",
  unbundle: true,
  fixedExtension: false,
  dts: { entry: "index.ts" },
});
