/** One thing that was looked at. */
export interface CheckView {
  readonly name: string;
  /** `warning`: it works, but somebody should know. `broken`: commands fail until it is mended. */
  readonly status: "ok" | "warning" | "broken";
  readonly what: string;
  /** What to do about it; null when nothing needs doing. */
  readonly mend: string | null;
}

/** The document of `mission doctor --json`. */
export interface DoctorView {
  readonly is_well: boolean;
  readonly checks: readonly CheckView[];
}

/** A check that found nothing wrong. */
export function ok(name: string, what: string): CheckView {
  return { name, status: "ok", what, mend: null };
}

/** A check that found what should be mended although everything works; `mend` says how. */
export function warning(name: string, what: string, mend: string): CheckView {
  return { name, status: "warning", what, mend };
}

/** A check that found what keeps missions from running; `mend` says how. */
export function broken(name: string, what: string, mend: string): CheckView {
  return { name, status: "broken", what, mend };
}

const OLDEST_NODE = [20, 19] as const;

/** Whether this release runs on a Node of this version, such as "20.19.1". */
export function checkNode(version: string): CheckView {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNew = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (isNew) return ok("Node", `Node ${version}`);
  return broken("Node", `Node ${version} is too old`, `Install Node ${OLDEST_NODE.join(".")} or later.`);
}
