import { HttpError } from "./http-error.js";

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "https:": "443", "http:": "80" };
const MAX_URL = 8_192;

/** Where a connector may go. */
export interface HttpLimits {
  /** `api.example.com` (usual port), `api.example.com:8443`, `*.example.com` (below it), or `*` for every public host. */
  readonly allowHosts: readonly string[];
  /** Allows `http:`; default only `https:`. */
  readonly allowHttp: boolean;
}

/**
 * The URL as it may be requested: no name or password in it, an allowed scheme, host and port, the trailing dot of the
 * name taken off. Throws `HttpError` in words that an agent can act on.
 */
export function allowedUrl(url: string, limits: HttpLimits): URL {
  const parsed = parse(url);
  if (parsed.protocol !== "https:" && !(parsed.protocol === "http:" && limits.allowHttp)) {
    const allowed = limits.allowHttp ? "https: and http: are" : "https: is";
    throw new HttpError("host_not_allowed", `${parsed.protocol} is not allowed; only ${allowed}.`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new HttpError("bad_request", "A URL with a user name or password in it is not requested.");
  }
  if (parsed.hostname.endsWith(".")) parsed.hostname = parsed.hostname.replace(/\.+$/u, "");
  if (!limits.allowHosts.some((entry) => covers(entry.toLowerCase(), parsed))) {
    const list = limits.allowHosts.join(", ") || "none";
    throw new HttpError("host_not_allowed", `${parsed.host} is not an allowed host. Allowed: ${list}.`);
  }
  return parsed;
}

/** Throws a plain `Error` for an entry that names no host, such as a URL: an author's mistake, found when the list is made. */
export function assertHost(entry: string): void {
  if (!/^(?:\*|(?:\*\.)?[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/iu.test(entry)) {
    throw new Error(`"${entry}" is not a host. Write "api.example.com", "localhost:8080", "*.example.com" or "*".`);
  }
}

function parse(text: string): URL {
  // The parser would drop some of these silently, and another reader of the same text would not.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u0020\u007f\\]/u.test(text)) {
    throw new HttpError("bad_request", "The URL holds a space, a control character or a backslash.");
  }
  if (text.length > MAX_URL) throw new HttpError("bad_request", `The URL is longer than ${MAX_URL} characters.`);
  if (!URL.canParse(text)) throw new HttpError("bad_request", `"${text.slice(0, 200)}" is not an absolute URL.`);
  return new URL(text);
}

function covers(entry: string, url: URL): boolean {
  const [, host = "", port = ""] = /^(.*?)(?::(\d+))?$/u.exec(entry) ?? [];
  const usual = DEFAULT_PORTS[url.protocol] ?? "";
  if ((url.port || usual) !== (port || usual)) return false;
  if (host === "*") return true;
  return host.startsWith("*.") ? url.hostname.endsWith(host.slice(1)) : url.hostname === host;
}
