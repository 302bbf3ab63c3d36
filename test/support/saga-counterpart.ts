import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import type { Json, JsonObject } from "../../core/digest.js";
import { SandboxBooks } from "../../tools/connectors/sandbox-books.js";
import type { OutsideAct } from "./crash-outside.js";
import { Outside } from "./crash-outside.js";

/** A place, a payment or a mail, given, taken back or sent. What a person did by hand was not asked for over the line. */
export interface SagaAct extends OutsideAct {
  readonly path?: string;
  readonly body?: JsonObject;
  /** What whoever asked for it was told. */
  readonly answer?: JsonObject;
}

interface Answer {
  readonly status: number;
  readonly body: Json;
}

/** One world: its state is the acts that were done in it, in order. Nothing is kept in memory. */
class World {
  readonly #outside: Outside;

  constructor(path: string) {
    this.#outside = new Outside(path);
  }

  serve(method: string, url: URL, key: string, body: JsonObject): Answer {
    const path = url.pathname.replace(/^\/[^/]+/u, "");
    if (path.startsWith("/payments") || path === "/refunds") {
      if (method === "GET") return this.#books().look(path, url.searchParams.get("idempotency_key"));
      return this.#pay(path, key, body);
    }
    if (method === "GET") return this.#find(path, url.searchParams.get("reference") ?? "");
    const known = this.#acts().find((act) => key !== "" && act.key === key && act.path === path);
    if (known) return { status: 201, body: known.answer ?? null };
    return this.#do(path, key, body);
  }

  #acts(): readonly SagaAct[] {
    return this.#outside.acts();
  }

  #books(): SandboxBooks {
    const books = new SandboxBooks();
    for (const { path = "", key, body = {} } of this.#acts())
      if (path.startsWith("/payments")) books.act(path, key, body);
    return books;
  }

  #pay(path: string, key: string, body: JsonObject): Answer {
    const books = this.#books();
    const count = () => books.kept.payments.length + books.kept.refunds.length;
    const before = count();
    const { status, body: answer } = books.act(path, key, body);
    // Safe: what the books did they answer with its record.
    if (count() > before)
      this.#note({
        tool: path === "/payments" ? "pay" : "refund",
        to: "agency",
        key,
        path,
        body,
        answer: answer as JsonObject,
      });
    return { status, body: answer };
  }

  #find(path: string, reference: string): Answer {
    const found = this.#acts().filter((act) => act.path === path && act.body?.["reference"] === reference);
    return { status: 200, body: { data: found.map(({ answer = {} }) => answer) } };
  }

  #do(path: string, key: string, body: JsonObject): Answer {
    const to = String(body["to"]);
    if (body["name"] === "full" || body["name"] === "nobody")
      return { status: 422, body: { error: "It cannot be had." } };
    const tool = { "/places": "reserve", "/mails": "mail", "/entries": "book", "/cancellations": "cancel" }[path];
    if (tool === undefined)
      return { status: 404, body: { error: "There are /places, /cancellations, /mails and /entries." } };
    if (tool === "cancel") {
      const place = this.#acts().find((act) => act.path === "/places" && act.body?.["reference"] === body["reference"]);
      if (!place) return { status: 404, body: { error: "There is no such place." } };
      if (place.body?.["name"] === "stubborn") return { status: 422, body: { error: "Call us." } };
      if (this.#acts().some((act) => act.tool === "cancel" && act.to === place.to))
        return { status: 409, body: { error: "It is free." } };
      return this.#made({ tool, to: place.to, key, path, body });
    }
    return this.#made({ tool, to, key, path, body });
  }

  #made(act: SagaAct): Answer {
    const answer = { id: `${act.tool} ${act.to} ${this.#acts().length + 1}` };
    this.#note({ ...act, answer });
    return { status: 201, body: answer };
  }

  #note(act: SagaAct): void {
    this.#outside.add(act);
  }
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  const url = new URL(request.url ?? "/", "http://counterpart");
  const file = decodeURIComponent(url.pathname.split("/")[1] ?? "");
  const { "idempotency-key": key = "" } = request.headers;
  const world = existsSync(dirname(file)) ? new World(file) : undefined;
  const answer = world?.serve(request.method ?? "", url, String(key), text === "" ? {} : JSON.parse(text));
  const { status, body } = answer ?? { status: 404, body: { error: "There is no such world." } };
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

// The counterpart of the booking saga, a process of its own: it reserves and frees places, takes and gives back money,
// sends mail and keeps a calendar. `/<file>/…` is the world whose acts that file holds. It says the port that it listens on.
const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`)); // safe: it listens on TCP
