import { OrchestratorError } from "../../core/errors.js";

/** The file that a URL names: `sqlite:here.db`, `sqlite:/there/it.db` or `sqlite:///there/it.db`. */
export function storePathOf(url: string): string {
  const path = /^sqlite:(?:\/\/(?=\/))?(?<path>[^?#]+)$/u.exec(url)?.groups?.["path"];
  if (path === undefined || path.startsWith(":") || path.endsWith("/")) {
    throw new OrchestratorError(
      "config_invalid",
      `"${url}" names no store. Write sqlite:<path of a file>, for example sqlite:.missions/missions.db.`,
    );
  }
  return path;
}
