import { isAbsolute, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Below the working folder a path is shown relative to it. */
export function shown(path: string): string {
  const absolute = resolve(path);
  const short = relative(process.cwd(), absolute);
  return short === "" || short.startsWith("..") || isAbsolute(short) ? absolute : short;
}

/** The first place of a stack in somebody's own file, in words; none when it lies in a file whose path begins with `except`. */
export function placeIn(stack: string, except?: string): string | undefined {
  for (const line of stack.split("\n")) {
    const { path, row } =
      /(?:^|\(|at |async )(?<path>(?:file:\/\/)?\/[^()]+?):(?<row>\d+)(?::\d+)?\)?$/u.exec(line)?.groups ?? {};
    if (path === undefined || path.includes("/node_modules/")) continue;
    const isExcepted = except !== undefined && asPath(path).startsWith(except);
    return isExcepted ? undefined : `${shown(asPath(path))}, line ${row}`;
  }
  return undefined;
}

/** The path that a `file:` address or a path stands for. */
export function asPath(place: string): string {
  return place.startsWith("file://") ? fileURLToPath(place) : place;
}
