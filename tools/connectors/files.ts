import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { z } from "zod";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import { made } from "./factory.js";
import { assertExtension, assertType, extensionOf, KNOWN_EXTENSIONS } from "./file-types.js";
import { Format, JsonValue, toValue } from "./formats.js";
import { Jail } from "./jail.js";

const MEGABYTE = 1_048_576;
const TIMEOUT_MS = 10_000;
const MAX_LISTED = 500;

const FolderOptionsSchema = z.strictObject({
  root: z.string().min(1),
  prefix: z
    .string()
    .regex(/^[a-z][a-z0-9_]*_$/u, "such as inbox_")
    .default(""),
  extensions: z.array(z.enum(KNOWN_EXTENSIONS)).min(1).default([".csv", ".json", ".md", ".txt", ".xml"]),
  maxFileBytes: z
    .int()
    .positive()
    .max(64 * MEGABYTE)
    .default(MEGABYTE),
  maxTotalBytes: z
    .int()
    .positive()
    .default(64 * MEGABYTE),
  maxFiles: z.int().positive().max(100_000).default(1_000),
  maxDepth: z.int().positive().max(32).default(8),
  reach: z.enum(["own", "outside"]).default("outside"),
  readOnly: z.boolean().default(false),
});

/** What a folder's tools are made of. Everything but `root` has a default. */
export interface FolderOptions {
  /** The folder, which must be there when a tool is called; relative to the working folder. */
  readonly root: string;
  /** In front of the tools' names, for a second folder: `inbox_`. */
  readonly prefix?: string;
  /** Types that may be read and written, by extension; what a file holds must be what its extension says. */
  readonly extensions?: readonly string[];
  readonly maxFileBytes?: number;
  readonly maxTotalBytes?: number;
  readonly maxFiles?: number;
  /** Names in a path, at most. */
  readonly maxDepth?: number;
  /** `own` where only this system reads what is written; then nobody is asked. Default `outside`. */
  readonly reach?: "own" | "outside";
  /** Leaves out what writes and deletes. */
  readonly readOnly?: boolean;
}

/** Formats in which a text is right or wrong. */
const WellFormed = Format.extract(["json", "xml"]);

type Options = z.output<typeof FolderOptionsSchema>;

const Path = z.string().min(1).max(1_024).describe("Relative to the folder, names divided by /.");
const FileSchema = z.strictObject({ path: z.string(), bytes: z.int(), sha256: z.string() });
/** `isNew` is null when the answer was lost and only the file was found: what lay there before is not known then. */
const WrittenSchema = z.strictObject({ ...FileSchema.shape, isNew: z.boolean().nullable() });

/**
 * Tools for one folder, jailed: `read_file`, `list_files`, and unless it is read-only `write_file` and `delete_file`.
 * Throws `config_invalid` for options that do not fit. No path, link, hard link or special file leads out of it.
 */
export function folder(options: FolderOptions): readonly ToolDefinition[] {
  return made("folder", FolderOptionsSchema, options, (parsed) => {
    const jail = new Jail(parsed.root, parsed);
    const readers = [readFile(jail, parsed), listFiles(jail, parsed)];
    return parsed.readOnly ? readers : [...readers, writeFile(jail, parsed), deleteFile(jail, parsed)];
  });
}

function readFile(jail: Jail, { prefix, extensions }: Options): ToolDefinition {
  return defineTool({
    name: `${prefix}read_file`,
    description:
      "Reads a file of the folder: as text, as base64, or as data (JSON, CSV and XML become JSON). Not for listing what is there.",
    input: z.strictObject({ path: Path, as: z.enum(["text", "base64", "data"]).default("text") }),
    output: z.strictObject({ ...FileSchema.shape, content: JsonValue }),
    effect: "reads",
    timeoutMs: TIMEOUT_MS,
    maxCostMicroUsd: 0,
    async run({ path, as }) {
      assertExtension(path, extensions);
      const bytes = await jail.read(path);
      assertType(path, bytes, extensions);
      return { ...factsOf(path, bytes), content: await contentOf(path, bytes, as) };
    },
  });
}

async function contentOf(path: string, bytes: Buffer, as: "text" | "base64" | "data") {
  if (as === "base64") return bytes.toString("base64");
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  if (as === "text") return text;
  const format = Format.safeParse(extensionOf(path).slice(1));
  if (!format.success) throw new Error(`"${path}" is not data: only ${Format.options.join(", ")} can be read so.`);
  return toValue(format.data, text);
}

/** Throws a plain `Error` for what every reader of such a file would stumble over. */
async function assertWellFormed(path: string, bytes: Buffer): Promise<void> {
  const format = WellFormed.safeParse(extensionOf(path).slice(1));
  if (!format.success) return;
  try {
    await toValue(format.data, bytes.toString("utf8"));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`"${path}" cannot be written: its content is no ${format.data.toUpperCase()}: ${why}`, { cause });
  }
}

function listFiles(jail: Jail, { prefix }: Options): ToolDefinition {
  return defineTool({
    name: `${prefix}list_files`,
    description: `Lists the files below a folder by path, at most ${MAX_LISTED}; "isCut" tells that there are more. Hidden files are left out.`,
    input: z.strictObject({ folder: z.string().max(1_024).default("") }),
    output: z.strictObject({
      files: z.array(z.strictObject({ path: z.string(), bytes: z.int(), modifiedAt: z.string() })),
      isCut: z.boolean(),
    }),
    effect: "reads",
    timeoutMs: TIMEOUT_MS,
    maxCostMicroUsd: 0,
    async run({ folder: below }) {
      const { files, isCut } = await jail.list(below);
      return {
        files: files.slice(0, MAX_LISTED).map((file) => ({ ...file, modifiedAt: file.modifiedAt.toISOString() })),
        isCut: isCut || files.length > MAX_LISTED,
      };
    },
  });
}

function writeFile(jail: Jail, { prefix, extensions, reach }: Options): ToolDefinition {
  const bytesOf = ({ content, encoding }: { content: string; encoding: "text" | "base64" }) =>
    encoding === "text" ? Buffer.from(content) : Buffer.from(content, "base64");
  return defineTool({
    name: `${prefix}write_file`,
    description:
      "Writes a file of the folder whole, and makes the folders on its way; what it holds must be what its extension says. Refused when the file is there with other content, unless replace is true.",
    input: z
      .strictObject({
        path: Path,
        content: z.string(),
        encoding: z.enum(["text", "base64"]).default("text"),
        replace: z.boolean().default(false),
      })
      .refine(({ content, encoding }) => encoding === "text" || z.base64().safeParse(content).success, {
        ...{ error: "not base64", path: ["content"] },
      }),
    output: WrittenSchema,
    effect: "writes",
    reach,
    // Writing the same once more changes nothing.
    idempotent: true,
    dedupeKey: ({ path }) => path,
    dedupeScope: "run",
    timeoutMs: TIMEOUT_MS,
    maxCostMicroUsd: 0,
    async run(args) {
      const bytes = bytesOf(args);
      return sureNot(async () => {
        assertType(args.path, bytes, extensions);
        await assertWellFormed(args.path, bytes);
        const { isNew } = await jail.write(args.path, bytes, args.replace);
        return { ...factsOf(args.path, bytes), isNew };
      });
    },
    async reconcile(_key, args) {
      const bytes = bytesOf(args);
      if (!(await jail.has(args.path))) return { outcome: "not_done" };
      const isThere = (await jail.read(args.path)).equals(bytes);
      return isThere
        ? { outcome: "done", result: { ...factsOf(args.path, bytes), isNew: null } }
        : { outcome: "unknown" };
    },
    async compensate(args, result) {
      if (!(await jail.has(args.path))) return;
      if (result?.isNew !== true) throw new Error(`What "${args.path}" held before is not kept.`);
      if (!(await jail.read(args.path)).equals(bytesOf(args))) throw new Error(`"${args.path}" was changed since.`);
      await jail.remove(args.path);
    },
    remedy: "Take the file away, or put back what it held before, where it was there already.",
  });
}

function deleteFile(jail: Jail, { prefix, extensions, reach }: Options): ToolDefinition {
  return defineTool({
    name: `${prefix}delete_file`,
    description: "Deletes a file of the folder for good; wasThere is false when there was none. Not for folders.",
    input: z.strictObject({ path: Path }),
    output: z.strictObject({ path: z.string(), wasThere: z.boolean() }),
    effect: "irreversible",
    deletes: true,
    reach,
    idempotent: true,
    dedupeKey: ({ path }) => path,
    dedupeScope: "run",
    timeoutMs: TIMEOUT_MS,
    maxCostMicroUsd: 0,
    async run({ path }) {
      return sureNot(async () => {
        assertExtension(path, extensions);
        return { path, wasThere: await jail.remove(path) };
      });
    },
    async reconcile(_key, { path }) {
      return (await jail.has(path)) ? { outcome: "not_done" } : { outcome: "done", result: { path, wasThere: true } };
    },
    remedy: "Put the file back from a copy if it is still needed.",
  });
}

/** A file is put or taken away by one step: what throws before has changed nothing, what throws after says so itself. */
async function sureNot<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    throw "notDone" in failure ? failure : Object.assign(failure, { notDone: true });
  }
}

function factsOf(path: string, bytes: Buffer) {
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
