import { hostname } from "node:os";

const OWNERS = Symbol.for("mission-orchestrator.owners");

/** Owners that took a lease from this process; kept on the process, so that two copies of this module agree. */
function ownersHere(): Set<string> {
  const shared: typeof globalThis & { [OWNERS]?: Set<string> } = globalThis;
  shared[OWNERS] ??= new Set();
  return shared[OWNERS];
}

/** Notes that this process uses the owner's name `<pid>@<hostname>:<nonce>`. */
export function noteOwner(owner: string): void {
  ownersHere().add(owner);
}

/** The parts of an owner's name; `undefined` when it has another form. */
export function partsOf(owner: string): { pid: number; host: string } | undefined {
  const match = /^(?<pid>\d+)@(?<host>.+):[^:]*$/u.exec(owner);
  const { pid, host } = match?.groups ?? {};
  return pid === undefined || host === undefined ? undefined : { pid: Number(pid), host };
}

/** True when the owner's process is surely gone: it was on this host and no process has its pid. */
export function isDead(owner: string): boolean {
  const parts = partsOf(owner);
  if (parts === undefined || parts.host !== hostname()) return false;
  if (parts.pid === process.pid) return !ownersHere().has(owner);
  try {
    process.kill(parts.pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
