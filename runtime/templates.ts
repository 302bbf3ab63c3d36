import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { readOwnPackage } from "./own-package.js";

/** A file to be written, by its path below the folder that it is for. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** The slug that the templates are written with: real files, so that they are checked and run like any other. */
const SAMPLE = "sample-requests";
const SAMPLE_ID = "M100";
/** npm leaves a file of the true name out of every package. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

/** The files of a template (`mission`, or `project` for what surrounds missions), rewritten for a mission's names. */
export async function readTemplate(
  template: "mission" | "project",
  { slug, missionId }: { readonly slug: string; readonly missionId: string },
): Promise<readonly NewFile[]> {
  const folder = join(readOwnPackage().folder, "data", "templates", template);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const rewrite = (text: string) =>
    SPELLINGS.reduce((done, spell) => done.replaceAll(spell(SAMPLE), spell(slug)), text).replaceAll(
      `"${SAMPLE_ID}"`,
      `"${missionId}"`,
    );
  const files = paths.sort().map(async (path): Promise<NewFile> => {
    const name = relative(folder, path).replaceAll("\\", "/");
    return { path: rewrite(RENAMED[name] ?? name), text: rewrite(await readFile(path, "utf8")) };
  });
  return Promise.all(files);
}

/** How a slug is spelt in files, code, data and sentences. */
const SPELLINGS: readonly ((slug: string) => string)[] = [
  (slug) => slug,
  (slug) => slug.replaceAll("-", "_"),
  (slug) => camel(slug),
  (slug) => camel(slug).replace(/^./u, (first) => first.toUpperCase()),
  (slug) => slug.replaceAll("-", " "),
  (slug) => slug.replaceAll("-", " ").replace(/^./u, (first) => first.toUpperCase()),
];

function camel(slug: string): string {
  return slug.replaceAll(/-(?<next>.)/gu, (_, next: string) => next.toUpperCase());
}
