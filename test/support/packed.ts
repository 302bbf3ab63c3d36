import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const CHECKOUT = resolve(import.meta.dirname, "../..");
const SOURCES = [
  "LICENSE",
  "README.md",
  "apps",
  "bench",
  "core",
  "data",
  "docs",
  "examples",
  "graphs",
  "index.ts",
  "nodes",
  "package.json",
  "runtime",
  "tools",
  "tsconfig.json",
  "tsdown.config.ts",
];
const DRIVER = "node_modules/better-sqlite3/build";
const run = promisify(execFile);

/** The package as its users get it. */
export interface Packed {
  /** A built copy of the checkout. */
  readonly checkout: string;
  /** A folder that was empty before the package and the four pins were installed there, with the examples beside. */
  readonly app: string;
  /** What the tarball holds. */
  readonly files: readonly string[];
  drop(): void;
}

/**
 * Packs a copy of the checkout, so that nobody's `dist` changes, and installs the tarball with plain npm. The SQLite
 * driver is not compiled a second time: what `npm ci` compiled for the same version on this machine is put in its place.
 */
export async function packAndInstall(): Promise<Packed> {
  const folder = mkdtempSync(join(tmpdir(), "mission-packed-"));
  const [checkout, app] = [join(folder, "checkout"), join(folder, "app")];
  mkdirSync(app);
  for (const name of SOURCES.filter((each) => existsSync(join(CHECKOUT, each)))) {
    cpSync(join(CHECKOUT, name), join(checkout, name), { recursive: true });
  }
  symlinkSync(join(CHECKOUT, "node_modules"), join(checkout, "node_modules"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: checkout,
    maxBuffer: 1e8,
  });
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf("[\n")));

  const { name, peerDependencies } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
  const dependencies = { ...peerDependencies, [name]: `file:../${packed.filename}` };
  writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  const install = ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  await run("npm", install, { cwd: app });
  cpSync(join(CHECKOUT, DRIVER), join(app, DRIVER), { recursive: true, dereference: true });
  cpSync(join(CHECKOUT, "examples"), app, { recursive: true });
  return {
    checkout,
    app,
    files: packed.files.map((file: { path: string }) => file.path),
    drop: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What the command printed. Throws when it does not exit with 0. */
export async function printed(cwd: string, command: string, ...args: readonly string[]): Promise<string> {
  const { MISSION_STORE: _, ...env } = process.env;
  return (await run(command, args, { cwd, env, maxBuffer: 1e8 })).stdout;
}

/** As `printed`, for a command that must not exit with 0. */
export async function failed(
  cwd: string,
  command: string,
  ...args: readonly string[]
): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  try {
    await printed(cwd, command, ...args);
  } catch (error) {
    if (error instanceof Error && "stdout" in error && "stderr" in error && "code" in error)
      return { code: error.code, stdout: String(error.stdout), stderr: String(error.stderr) };
    throw error;
  }
  throw new Error(`${command} ${args.join(" ")} was expected to fail.`);
}
