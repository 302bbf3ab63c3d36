import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Json } from "../../../core/digest.js";
import type { FolderOptions } from "../../../tools/connectors/files.js";
import { folder } from "../../../tools/connectors/files.js";
import { toolContext } from "../../support/tool-context.js";

const WRITER = fileURLToPath(new URL("../../support/file-write-child.ts", import.meta.url));
const MAKE_PIPE = "mkfifo";
const PNG = Buffer.from("89504e470d0a1a0a00000000", "hex");

let place: string;
let root: string;
let outside: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "mission-jail-"));
  root = join(place, "in");
  outside = join(place, "out");
  mkdirSync(root);
  mkdirSync(outside);
  writeFileSync(join(outside, "secret.txt"), "secret");
});

afterEach(() => rmSync(place, { recursive: true, force: true }));

/** Calls one of the folder's tools, its arguments parsed as the gate does. */
async function call(name: string, args: Json, options: Partial<FolderOptions> = {}): Promise<Record<string, unknown>> {
  const tool = folder({ root, ...options }).find((each) => each.name === name);
  if (!tool) throw new Error(`There is no ${name}.`);
  // Safe: these tools answer with objects.
  return (await tool.run(tool.input.parse(args), toolContext())) as Record<string, unknown>;
}

const read = (path: string, as = "text", options: Partial<FolderOptions> = {}) =>
  call("read_file", { path, as }, options);
const write = (path: string, content: string, more: Record<string, Json> = {}, options: Partial<FolderOptions> = {}) =>
  call("write_file", { path, content, ...more }, options);

/** Does it, in the place of what the tools may have made there at the same moment. */
function instead(path: string, act: () => void): void {
  for (;;) {
    try {
      act();
      return;
    } catch {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

function everythingOutside(): readonly string[] {
  return readdirSync(outside, { recursive: true }).map(String).sort();
}

describe("I3: a jailed folder gives what is in it", () => {
  test("what is written is read again, listed and deleted", async () => {
    expect(await write("notes/today.txt", "Hello, Ada")).toMatchObject({ isNew: true, bytes: 10 });
    expect(await write("notes/today.txt", "Hello, Ada")).toMatchObject({ isNew: false });
    expect(await read("notes/today.txt")).toMatchObject({ content: "Hello, Ada", bytes: 10 });
    expect(await call("list_files", {})).toMatchObject({
      files: [{ path: "notes/today.txt", bytes: 10 }],
      isCut: false,
    });
    expect(await call("delete_file", { path: "notes/today.txt" })).toMatchObject({ wasThere: true });
    expect(await call("delete_file", { path: "notes/today.txt" })).toMatchObject({ wasThere: false });
    await expect(read("notes/today.txt")).rejects.toThrow('There is no file "notes/today.txt" in the folder.');
    expect(readdirSync(join(root, "notes"))).toEqual([]);
  });

  test("other content in the place of a file is refused unless it is to be replaced, and is put there whole", async () => {
    await write("a.txt", "one");
    await expect(write("a.txt", "two")).rejects.toMatchObject({ notDone: true });
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("one");
    expect(await write("a.txt", "two", { replace: true })).toMatchObject({ isNew: false });
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("two");
    expect(readdirSync(root)).toEqual(["a.txt"]);
  });

  test("a change that cannot be put on disk is not said to have changed nothing", async () => {
    await write("a.txt", "one");
    const handle = await open(root);
    const isFolder = async (one: FileHandle) => (await one.stat()).isDirectory();
    const { sync } = handle;
    const spy = vi.spyOn(Object.getPrototypeOf(handle), "sync").mockImplementation(async function (this: unknown) {
      // Safe: it is a method of file handles.
      const one = this as FileHandle;
      if (await isFolder(one)) throw new Error("the disk is gone");
      return sync.call(one);
    });
    try {
      await expect(write("b.txt", "two")).rejects.toMatchObject({ message: "the disk is gone", notDone: false });
      await expect(call("delete_file", { path: "a.txt" })).rejects.toMatchObject({ notDone: false });
    } finally {
      spy.mockRestore();
      await handle.close();
    }
    expect(readdirSync(root)).toEqual(["b.txt"]);
  });

  test("JSON, CSV and XML are read as data", async () => {
    writeFileSync(join(root, "a.csv"), "name,age\nAda,36\n");
    writeFileSync(join(root, "a.xml"), "<people><person age='36'>Ada</person></people>");
    writeFileSync(join(root, "a.json"), '{"name":"Ada"}');
    expect((await read("a.csv", "data"))["content"]).toEqual([{ name: "Ada", age: "36" }]);
    expect((await read("a.xml", "data"))["content"]).toEqual({ people: { person: { "#text": "Ada", "@age": "36" } } });
    expect((await read("a.json", "data"))["content"]).toEqual({ name: "Ada" });
  });

  test("what became of a lost write or deletion is found out by looking", async () => {
    const [, , writer, remover] = folder({ root });
    const args = writer!.input.parse({ path: "a.txt", content: "one" });
    const asked = () => writer!.reconcile!("key", args, toolContext());

    expect(await asked()).toEqual({ outcome: "not_done" });
    expect(await remover!.reconcile!("key", { path: "a.txt" }, toolContext())).toMatchObject({ outcome: "done" });
    await write("a.txt", "one");
    expect(await asked()).toMatchObject({ outcome: "done", result: { path: "a.txt", bytes: 3, isNew: null } });
    expect(await remover!.reconcile!("key", { path: "a.txt" }, toolContext())).toEqual({ outcome: "not_done" });
    await write("a.txt", "two", { replace: true });
    expect(await asked()).toEqual({ outcome: "unknown" });
  });

  test("a file that was written anew is taken away again, twice as well as once; nothing else is touched", async () => {
    const [, , writer] = folder({ root });
    const undo = async (content: string, isNew: boolean | null) => {
      const args = writer!.input.parse({ path: "a.txt", content });
      const result = { path: "a.txt", bytes: content.length, sha256: "", isNew };
      await writer!.compensate!(args, result, { ...toolContext(), actKey: "act-1" });
    };

    await write("a.txt", "one");
    await expect(undo("two", true)).rejects.toThrow('"a.txt" was changed since');
    for (const isNew of [false, null])
      await expect(undo("one", isNew)).rejects.toThrow('What "a.txt" held before is not kept');
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("one");
    await undo("one", true);
    await undo("one", true);
    expect(readdirSync(root)).toEqual([]);
  });

  test("a folder for reading has no tools that change it, and a second one has names of its own", () => {
    const names = folder({ root, readOnly: true, prefix: "inbox_" }).map(({ name }) => name);
    expect(names).toEqual(["inbox_read_file", "inbox_list_files"]);
  });

  test.each([
    {},
    { root: "" },
    { root: "x", maxFileBytes: 0 },
    { root: "x", extensions: [".exe"] },
    { root: "x", size: 1 },
  ])("options that do not fit are refused when the tools are made: %j", (options) => {
    // Safe: the factory parses what it is given.
    expect(() => folder(options as FolderOptions)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });
});

describe("I3: nothing leads out of a jailed folder", () => {
  const ESCAPES = [
    "../out/secret.txt",
    "notes/../../out/secret.txt",
    "./secret.txt",
    "notes//secret.txt",
    "/etc/hosts.txt",
    "C:\\secret.txt",
    "..\\out\\secret.txt",
    "file:secret.txt",
    "secret.txt\u0000.png",
    "a\nb.txt",
    "\u202Etxt.terces",
    "a\u200Bb.txt",
    "\uD800.txt",
    "\u2024\u2024/out/secret.txt",
    "\uFF0E\uFF0E/out/secret.txt",
    "..\uFF0Fout\uFF0Fsecret.txt",
    "e\u0301.txt",
    ".hidden.txt",
    "notes/.git/config.txt",
    "secret.txt ",
    " secret.txt",
    "notes./secret.txt",
    `${"a".repeat(300)}.txt`,
    `${"a/".repeat(20)}a.txt`,
  ];

  test.each(ESCAPES)("not the path %j, for any of the tools", async (path) => {
    await expect(read(path)).rejects.toThrow();
    await expect(write(path, "mine")).rejects.toMatchObject({ notDone: true });
    await expect(call("delete_file", { path })).rejects.toMatchObject({ notDone: true });
    await expect(call("list_files", { folder: path })).rejects.toThrow();
    expect(readdirSync(root)).toEqual([]);
    expect(everythingOutside()).toEqual(["secret.txt"]);
  });

  test("not a link to a file, to a folder or to nowhere, nor a second name of a file outside", async () => {
    symlinkSync(join(outside, "secret.txt"), join(root, "link.txt"));
    symlinkSync(outside, join(root, "folder"));
    symlinkSync(join(outside, "new.txt"), join(root, "dangling.txt"));
    linkSync(join(outside, "secret.txt"), join(root, "hard.txt"));

    for (const path of ["link.txt", "folder/secret.txt", "dangling.txt", "hard.txt"]) {
      await expect(read(path)).rejects.toThrow(/regular file|plain folder|another name|no file/u);
      await expect(write(path, "mine", { replace: true })).rejects.toMatchObject({ notDone: true });
      await expect(call("delete_file", { path })).rejects.toMatchObject({ notDone: true });
    }
    await expect(call("list_files", { folder: "folder" })).rejects.toThrow("plain folder");
    expect(await call("list_files", {})).toMatchObject({ files: [] });
    expect(everythingOutside()).toEqual(["secret.txt"]);
    expect(readFileSync(join(outside, "secret.txt"), "utf8")).toBe("secret");
  });

  test("not a pipe, a socket, a device or a folder, and none of them holds up the process", async () => {
    execFileSync(MAKE_PIPE, [join(root, "pipe.txt")]);
    mkdirSync(join(root, "folder.txt"));
    const server = createServer().listen(join(root, "socket.txt"));
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      for (const path of ["pipe.txt", "socket.txt", "folder.txt"]) {
        await expect(read(path)).rejects.toThrow();
        await expect(write(path, "mine", { replace: true })).rejects.toMatchObject({ notDone: true });
        await expect(call("delete_file", { path })).rejects.toMatchObject({ notDone: true });
      }
      expect(await call("list_files", {})).toMatchObject({ files: [] });
    } finally {
      server.close();
    }
  });

  test("not while somebody exchanges folder and link under it: what is outside is neither read nor written", async () => {
    const [inside, aside] = [join(root, "box"), join(place, "aside")];
    mkdirSync(inside);
    writeFileSync(join(inside, "secret.txt"), "inside");
    writeFileSync(join(outside, "kept.txt"), "outer");
    let isOver = false;
    const exchanging = (async () => {
      while (!isOver) {
        renameSync(inside, aside);
        instead(inside, () => symlinkSync(outside, inside));
        await turn();
        unlinkSync(inside);
        instead(inside, () => renameSync(aside, inside));
        await turn();
      }
    })();
    const seen = new Set<unknown>();
    for (let index = 0; index < 400; index += 1) {
      seen.add(
        await read("box/secret.txt").then(
          ({ content }) => content,
          () => "refused",
        ),
      );
      await write(`box/n${index % 5}.txt`, `mine ${index}`, { replace: true }).catch(() => undefined);
    }
    for (let index = 0; index < 100; index += 1) {
      await write("box/kept.txt", "mine", { replace: true }).catch(() => undefined);
      await call("delete_file", { path: "box/kept.txt" }).catch(() => undefined);
    }
    isOver = true;
    await exchanging;

    expect([...seen].filter((content) => content !== "inside" && content !== "refused")).toEqual([]);
    expect(readFileSync(join(outside, "secret.txt"), "utf8")).toBe("secret");
    const found = everythingOutside().map((name) => readFileSync(join(outside, name), "utf8"));
    // An empty file may be left where a folder was exchanged at the moment of making one; nothing was put in it.
    expect(found.filter((content) => content !== "").sort()).toEqual(["outer", "secret"]);
  });

  test("a root that is not there, or is no folder, is said so", async () => {
    await expect(read("a.txt", "text", { root: join(place, "nowhere") })).rejects.toThrow("The folder is not there.");
    await expect(read("a.txt", "text", { root: join(outside, "secret.txt") })).rejects.toThrow("The folder is none.");
  });
});

describe("I8: what a jailed folder holds has limits", () => {
  test("of each file, read and written", async () => {
    const options = { maxFileBytes: 10 };
    writeFileSync(join(root, "big.txt"), "x".repeat(11));
    await expect(read("big.txt", "text", options)).rejects.toThrow("11 bytes, but 10 is the most");
    await expect(write("new.txt", "x".repeat(11), {}, options)).rejects.toThrow("11 bytes, but 10 is the most");
    expect(existsSync(join(root, "new.txt"))).toBe(false);
  });

  test("of all files together, also when many are written at once", async () => {
    const [, , writer] = folder({ root, maxTotalBytes: 100, maxFiles: 4 });
    const writes = Array.from({ length: 10 }, (_, index) =>
      writer!.run(writer!.input.parse({ path: `f${index}.txt`, content: "x".repeat(30) }), toolContext()),
    );
    const ended = await Promise.allSettled(writes);
    expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    await write("small.txt", "x", {}, { maxTotalBytes: 100, maxFiles: 4 });
    await expect(write("more.txt", "x", {}, { maxTotalBytes: 100, maxFiles: 4 })).rejects.toThrow("holds 4 files");
  });

  test("a type that is not allowed, and content that is not what its extension says", async () => {
    const extensions = [".txt", ".png"];
    await expect(write("run.sh", "rm", {}, { extensions })).rejects.toThrow("not allowed here");
    await expect(write("a.png", "no picture", {}, { extensions })).rejects.toThrow("does not hold what .png says");
    await expect(write("a.txt", PNG.toString("base64"), { encoding: "base64" }, { extensions })).rejects.toThrow(
      "does not hold",
    );
    expect(await write("a.png", PNG.toString("base64"), { encoding: "base64" }, { extensions })).toMatchObject({
      bytes: 12,
    });
    expect((await read("a.png", "base64", { extensions }))["content"]).toBe(PNG.toString("base64"));
    writeFileSync(join(root, "liar.txt"), PNG);
    await expect(read("liar.txt", "text", { extensions })).rejects.toThrow("does not hold what .txt says");
  });

  test.each([
    ["a.json", '{"a":1', "no JSON"],
    ["a.json", "", "no JSON"],
    ["a.json", "[".repeat(100) + "]".repeat(100), "nested deeper than 64"],
    ["a.xml", "<a><b></a>", "no XML: Line 1"],
    ["a.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"],
  ])("%s that holds %j is not written", async (path, content, words) => {
    await expect(write(path, content)).rejects.toMatchObject({
      ...{ message: expect.stringContaining(words), notDone: true },
    });
    expect(readdirSync(root)).toEqual([]);
  });

  test("base64 that is none is no argument", async () => {
    await expect(write("a.txt", "not base64!", { encoding: "base64" })).rejects.toThrow("not base64");
    expect(readdirSync(root)).toEqual([]);
  });

  test("what a killed write left behind is taken away by a later write, once nobody can be at work on it", async () => {
    const partials = () => readdirSync(root).filter((name) => name.startsWith(".partial-"));
    const child = spawn(process.execPath, ["--import", "tsx", WRITER, root], { stdio: "ignore" });
    const ended = once(child, "exit");
    let left: string | undefined;
    while (left === undefined) {
      child.kill("SIGCONT");
      await sleep(10);
      child.kill("SIGSTOP");
      await sleep(20); // what it was in the middle of with the disk is over by then
      [left] = partials();
    }
    child.kill("SIGKILL");
    await ended;

    await write("young.txt", "x");
    expect(partials()).toEqual([left]);
    mkdirSync(join(root, "below"));
    const old = left.replace(/\d{13}/u, (moment) => String(Number(moment) - 3_600_000)); // as an hour later
    renameSync(join(root, left), join(root, "below", old));
    writeFileSync(join(root, ".partial-mine"), "kept");
    await write("old.txt", "x");

    expect(readdirSync(join(root, "below"))).toEqual([]);
    expect(partials()).toEqual([".partial-mine"]);
  });

  test("a list that is longer than the folder may be is cut and says so", async () => {
    for (const name of ["a", "b", "c"]) writeFileSync(join(root, `${name}.txt`), "");
    const listed = await call("list_files", {}, { maxFiles: 2 });
    expect(listed).toMatchObject({ files: [{ path: "a.txt" }, { path: "b.txt" }], isCut: true });
  });
});
