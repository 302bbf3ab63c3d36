import { defineConfig } from "tsdown";

/** What commands need that do without the engine: `list`, `new`, `doctor` even where the SQLite driver is broken. */
const BASE =
  /(?:core\/(?:event-hash|verify-names|words)|runtime\/(?:mission-(?:config|headers)|store\/store-path))\.ts$/u;

// Few files, because a new process pays for each that it opens: the base, and what the engine needs beside it, lie
// together; lazily loaded commands and topics stay apart. Of Kysely, which only builds SQL here, and of the small
// libraries what is used comes along. Programs that connectors start keep their places. Comments stay behind, in the sources and the types.
export default defineConfig({
  entry: [
    "index.ts",
    "apps/cli/main.ts",
    "bench/engine.ts",
    "tools/connectors/sql-child.ts",
    "tools/connectors/code-worker.ts",
  ],
  root: ".",
  format: "esm",
  platform: "node",
  target: "node20",
  noExternal: ["kysely", "@marcbachmann/cel-js", "@dagrejs/graphlib", "canonicalize", "simple-statistics", "ulid"],
  fixedExtension: false,
  dts: { entry: "index.ts" },
  outputOptions: {
    comments: { jsdoc: false, annotation: true, legal: true },
    codeSplitting: {
      groups: [
        { name: "base", test: BASE, priority: 1 },
        { name: "engine", test: /(?:runtime\/compose|tools\/define-tool)\.ts$/u },
      ],
    },
  },
});
