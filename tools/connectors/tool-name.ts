const MAX_NAME = 64;

/** A tool's name out of somebody else's: lower case, digits and `_`, at most 64 characters, as models take them. */
export function toolName(...parts: readonly string[]): string {
  const snake = parts
    .join("_")
    .replace(/([a-z0-9])([A-Z])/gu, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/gu, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, "_")
    .replace(/^_+|_+$/gu, "")
    .slice(0, MAX_NAME)
    .replace(/_+$/u, "");
  return /^[a-z]/u.test(snake) ? snake : `x_${snake}`.slice(0, MAX_NAME);
}

/** Throws a plain `Error` for what leaves nothing of itself in a tool's name, such as signs or another script alone. */
export function assertNameable(part: string): void {
  if (!/[a-z0-9]/iu.test(part)) {
    throw new Error("no name can be made of it, as it has no letter from a to z and no digit");
  }
}

/** Throws a plain `Error` that names both when two would get one name; `from` says what a name was made of. */
export function assertNames(made: readonly { readonly name: string; readonly from: string }[]): void {
  const known = new Map<string, string>();
  for (const { name, from } of made) {
    const other = known.get(name);
    if (other !== undefined) throw new Error(`${other} and ${from} would both be the tool ${name}.`);
    known.set(name, from);
  }
}
