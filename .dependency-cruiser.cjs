// Who may import whom: the diagram of the house, as rules. Arrows point down, never up or sideways.

/** The pure libraries that the core may lean on: the one list. */
const PURE =
  "zod|@langchain/langgraph|@marcbachmann/cel-js|canonicalize|@dagrejs/graphlib|luxon|jsonc-parser|simple-statistics";

/** Matches files of the named npm packages, wherever they are installed. */
const packages = (names) => `node_modules/(${names})/`;

/** A rule that a layer's local imports stay inside the given folders. */
const staysIn = (name, from, allowed, comment) => ({
  name,
  severity: "error",
  comment,
  from,
  to: { path: "^(core|graphs|nodes|tools|runtime|apps|examples|bench|test)/|^index\\.ts$", pathNot: allowed },
});

/** Type imports leave nothing at run time; these rules are about values. */
const VALUES = { dependencyTypesNot: ["type-only"] };

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      comment: "Two files that need each other at run time are one file, or a third is missing.",
      from: {},
      to: { circular: true, viaOnly: VALUES },
    },
    {
      name: "not-resolvable",
      severity: "error",
      comment: "The import leads nowhere.",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-undeclared-package",
      severity: "error",
      comment: "A package that package.json does not name, or that users do not get.",
      from: { pathNot: "^(test|bench)/|\\.config\\.ts$" },
      to: {
        dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"],
        dependencyTypesNot: ["npm", "npm-peer", "type-only"],
      },
    },
    staysIn("core-imports-core", { path: "^core/" }, "^core/", "The core knows nothing above it."),
    {
      name: "core-uses-pure-libraries",
      severity: "error",
      comment: "The core touches no network, disk, clock or environment: only libraries of the one list.",
      from: { path: "^core/" },
      to: { path: "node_modules/", pathNot: packages(PURE) },
    },
    {
      name: "core-uses-hashing-only",
      severity: "error",
      comment: "Of Node's built-ins the core uses node:crypto's hash, nothing else.",
      from: { path: "^core/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    staysIn(
      "nodes-import-core",
      { path: "^nodes/" },
      "^(core|nodes|tools)/",
      "Nodes get stores, config and toolbox as deps, so a small fake tests them.",
    ),
    {
      name: "nodes-see-only-types-of-tools",
      severity: "error",
      comment: "A node that could import a tool could run it ungated.",
      from: { path: "^nodes/" },
      to: { path: "^tools/", ...VALUES },
    },
    {
      name: "nodes-use-pure-libraries",
      severity: "error",
      comment: "Nodes use LangChain's packages and the core's pure libraries; the outside is reached through tools.",
      from: { path: "^nodes/" },
      to: { path: "node_modules/", pathNot: packages(`@langchain/[^/]+|${PURE}`) },
    },
    {
      name: "nodes-touch-nothing-outside",
      severity: "error",
      comment: "No disk, network, process or clock of Node's in a node: what it needs arrives as deps.",
      from: { path: "^nodes/" },
      to: { dependencyTypes: ["core"] },
    },
    staysIn(
      "graphs-import-nodes",
      { path: "^graphs/mission-graph\\.ts$" },
      "^(core|nodes)/",
      "A drawing, not a runtime.",
    ),
    staysIn(
      "entries-import-compose",
      { path: "^graphs/", pathNot: "^graphs/mission-graph\\.ts$" },
      "^(core|nodes)/|^graphs/mission-graph\\.ts$|^runtime/compose\\.ts$",
      "An entry is a front door: the builder and runtime/compose.ts, nothing else of the runtime.",
    ),
    {
      name: "entries-imported-by-nobody",
      severity: "error",
      comment: "Entries are named in langgraph.json; whoever wants the graph takes missionGraph.",
      from: { pathNot: "^test/" },
      to: { path: "^graphs/", pathNot: "^graphs/mission-graph\\.ts$" },
    },
    staysIn(
      "tools-import-core",
      { path: "^tools/" },
      "^(core|tools)/",
      "Tools get services; they know no store and no node.",
    ),
    staysIn(
      "store-imports-core",
      { path: "^runtime/store/" },
      "^(core/|runtime/store/)",
      "The store keeps rows for ports of the core.",
    ),
    staysIn(
      "runtime-imports-down",
      { path: "^runtime/" },
      "^(core|graphs|nodes|tools|runtime)/",
      "The runtime knows nothing of the front doors above it.",
    ),
    {
      name: "only-ours-takes-agents",
      severity: "error",
      comment: "runtime/ours.ts lists them and is loaded when a mission needs them; others are handed the agents.",
      from: { path: "^(core|graphs|tools|runtime|apps)/", pathNot: "^runtime/ours\\.ts$" },
      to: { path: "^nodes/agents/", ...VALUES },
    },
    {
      name: "only-the-registry-takes-tools",
      severity: "error",
      comment: "A tool is listed in tools/registry.ts and run by tools/gate.ts; nobody else holds one.",
      from: {
        path: "^(core|graphs|nodes|tools|runtime|apps)/",
        pathNot: "^tools/registry\\.ts$|^tools/connectors/",
      },
      to: { path: "^tools/", pathNot: "^tools/(define-tool|registry|gate|gate-[a-z]+)\\.ts$", ...VALUES },
    },
    {
      name: "connectors-lean-on-connectors",
      severity: "error",
      comment: "A connector makes tools, with the help of files beside it; it runs none of ours.",
      from: { path: "^tools/connectors/" },
      to: { path: "^tools/", pathNot: "^tools/(connectors/|define-tool\\.ts$)", ...VALUES },
    },
    {
      name: "only-compose-wires-tools",
      severity: "error",
      comment:
        "The gate is built in runtime/compose.ts, the registry read by runtime/ours.ts; the rest of the runtime sees ports.",
      from: { path: "^runtime/", pathNot: "^runtime/(compose|ours)\\.ts$" },
      to: { path: "^tools/", ...VALUES },
    },
    staysIn(
      "apps-import-runtime",
      { path: "^apps/(cli|server)/" },
      "^(core/|runtime/(?!store/)|apps/)",
      "Front doors call the runtime; they reach neither nodes, tools nor the store.",
    ),
    {
      name: "apps-stay-apart",
      severity: "error",
      comment: "No front door leans on another.",
      from: { path: "^apps/([^/]+)/" },
      to: { path: "^apps/", pathNot: "^apps/$1/" },
    },
    staysIn(
      "web-speaks-http",
      { path: "^apps/web/" },
      "^(core|apps/web)/",
      "The dashboard knows the HTTP API and nothing else.",
    ),
    {
      name: "web-sees-only-types-of-core",
      severity: "error",
      comment: "The dashboard runs in a browser.",
      from: { path: "^apps/web/" },
      to: { path: "^core/", ...VALUES },
    },
    {
      name: "public-face-is-for-users",
      severity: "error",
      comment: "The public face is for users of the package; inside, import the file that has the thing.",
      from: { pathNot: "^(test|examples|bench)/" },
      to: { path: "^index\\.ts$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
    },
  },
};
