import { HttpError } from "./http-error.js";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/u;
/** What describes the connection or frames the message: the client's own business. */
const OWN: ReadonlySet<string> = new Set([
  ..."connection content-length expect host http2-settings keep-alive proxy-authorization".split(" "),
  ..."proxy-connection te trailer transfer-encoding upgrade".split(" "),
]);
/** All that may go along to another origin: nothing that a caller could have put a secret into. */
const HARMLESS: ReadonlySet<string> = new Set(["accept", "accept-language", "content-type", "user-agent"]);

/** Names in lower case. Throws `bad_request` for what could end a header line early, frame another message or pass for another host. */
export function checkedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const checked: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase();
    if (!TOKEN.test(name)) throw new HttpError("bad_request", `${JSON.stringify(name)} is not the name of a header.`);
    if (!VALUE.test(value)) throw new HttpError("bad_request", `The header ${key} holds a character that none may.`);
    if (OWN.has(key)) throw new HttpError("bad_request", `The header ${key} cannot be set.`);
    if (key in checked) throw new HttpError("bad_request", `The header ${key} is given twice.`);
    checked[key] = value;
  }
  return checked;
}

/** The headers that follow a redirect to another origin. */
export function harmlessHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.has(name)));
}
