import { once } from "node:events";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { HttpClientOptions } from "../../../tools/connectors/http-client.js";
import { createHttpClient } from "../../../tools/connectors/http-client.js";
import type { Web } from "../../support/web.js";
import { bomb, sendForever, sendJson, serve } from "../../support/web.js";

/** A client that may reach servers of this machine. */
function localClient(webs: readonly Web[], options: Partial<HttpClientOptions> = {}) {
  return createHttpClient({
    allowHosts: webs.map(({ host }) => host),
    allowPrivate: true,
    allowHttp: true,
    ...options,
  });
}

describe("a request that may be made", () => {
  test("is sent as it is, and answered with status, headers and text", async () => {
    const web = await serve((_, response) => response.writeHead(201, { "x-a": ["1", "2"] }).end("grüezi"));

    const answer = await localClient([web]).request({
      method: "post",
      url: `${web.url}/things?x=1`,
      headers: { "Content-Type": "text/plain", "Idempotency-Key": "k1" },
      body: "höi",
    });

    expect(answer).toMatchObject({
      status: 201,
      headers: { "x-a": "1, 2" },
      text: "grüezi",
      url: `${web.url}/things?x=1`,
    });
    expect(web.seen).toEqual(["POST /things?x=1"]);
    expect(web.bodies).toEqual(["höi"]);
    expect(web.headers[0]).toMatchObject({
      "idempotency-key": "k1",
      "content-type": "text/plain",
      "content-length": "4",
    });
  });

  test("gives statuses of failure as answers", async () => {
    const web = await serve((_, response) => sendJson(response, { error: "gone" }, 500));

    await expect(localClient([web]).request({ url: web.url })).resolves.toMatchObject({
      status: 500,
      text: '{"error":"gone"}',
    });
  });

  test.each([
    ["gzip", gzipSync("packed")],
    ["br", brotliCompressSync("packed")],
  ])("is unpacked from %s also when nobody asked for it to be packed", async (encoding, body) => {
    const web = await serve((_, response) => response.writeHead(200, { "content-encoding": encoding }).end(body));

    expect((await localClient([web]).request({ url: web.url })).text).toBe("packed");
    expect(web.headers[0]).toMatchObject({ "accept-encoding": "identity" });
  });

  test("with HEAD has no body, whatever is said about it", async () => {
    const web = await serve((_, response) =>
      response.writeHead(200, { "content-encoding": "gzip", "content-length": "999999999" }).end(),
    );

    await expect(localClient([web]).request({ method: "HEAD", url: web.url })).resolves.toMatchObject({
      status: 200,
      text: "",
    });
  });

  test("goes to an address that the name has, at the name's port", async () => {
    const web = await serve((request, response) => response.end(request.headers.host));
    const names: string[] = [];
    const client = createHttpClient({
      allowHosts: [`*.shop.example:${web.port}`],
      allowPrivate: true,
      allowHttp: true,
      resolveHost: async (name) => {
        names.push(name);
        return ["127.0.0.1"];
      },
    });

    expect((await client.request({ url: `http://API.shop.example.:${web.port}/` })).text).toBe(
      `api.shop.example:${web.port}`,
    );
    expect(names).toEqual(["api.shop.example"]);
  });
});

describe("a URL that leads out of the cage is refused before anything is sent", () => {
  test.each([
    ["another host", "https://evil.example/"],
    ["a host that ends like an allowed one", "https://evilapi.example.com/"],
    ["a host that begins like an allowed one", "https://api.example.com.evil.example/"],
    ["another port", "https://api.example.com:8443/"],
    ["plain http", "http://api.example.com/"],
    ["a file", "file:///etc/passwd"],
    ["the name of a trick", "https://api.example.com@evil.example/"],
  ])("%s", async (_, url) => {
    const client = createHttpClient({ allowHosts: ["api.example.com"], resolveHost: neverAsked });

    await expect(client.request({ url })).rejects.toMatchObject({ transient: false, mayHaveArrived: false });
  });

  test.each([
    ["a user and a password", "https://ada:secret@api.example.com/"],
    ["a line end", "https://api.example.com/\r\nHost: evil"],
    ["a tab in the host", "https://api.exam\tple.com/"],
    ["a backslash", "https:\\\\api.example.com\\"],
    ["no absolute URL", "/etc/passwd"],
    ["a very long one", `https://api.example.com/${"a".repeat(10_000)}`],
  ])("%s", async (_, url) => {
    const client = createHttpClient({ allowHosts: ["*"], resolveHost: neverAsked });

    await expect(client.request({ url })).rejects.toMatchObject({ code: "bad_request" });
  });

  test.each([
    ..."127.0.0.1 2130706433 0177.0.0.1 0x7f.1 127.1 [::1] [::ffff:127.0.0.1] 169.254.169.254 [fd00:ec2::254]".split(
      " ",
    ),
  ])("%s written as an address", async (host) => {
    const client = createHttpClient({ allowHosts: ["*"], resolveHost: neverAsked });

    await expect(client.request({ url: `https://${host}/` })).rejects.toMatchObject({ code: "address_not_allowed" });
  });

  test.each([
    ["a header that ends its line", { "x-a": "1\r\nhost: evil" }],
    ["a header with a name that is none", { "x a": "1" }],
    ["another host header", { Host: "evil.example" }],
    ["another length", { "content-length": "0" }],
    ["a header twice", { "x-a": "1", "X-A": "2" }],
  ])("%s", async (_, headers) => {
    const client = createHttpClient({ allowHosts: ["api.example.com"], resolveHost: neverAsked });

    await expect(client.request({ url: "https://api.example.com/", headers })).rejects.toMatchObject({
      code: "bad_request",
    });
  });

  test("an unknown method", async () => {
    const client = createHttpClient({ allowHosts: ["*"], resolveHost: neverAsked });

    await expect(client.request({ url: "https://a.example/", method: "CONNECT" })).rejects.toMatchObject({
      code: "bad_request",
    });
  });

  test("a list that holds a URL instead of a host is the author's mistake", () => {
    expect(() => createHttpClient({ allowHosts: ["https://api.example.com"] })).toThrow(
      '"https://api.example.com" is not a host',
    );
  });
});

describe("a name that leads to a private address is not reached", () => {
  test.each([["127.0.0.1"], ["169.254.169.254"], ["::ffff:10.0.0.1"], ["8.8.8.8", "127.0.0.1"]])(
    "%s %s",
    async (...addresses) => {
      const web = await serve((_, response) => response.end("secret"));
      const client = createHttpClient({
        allowHosts: [`a.example:${web.port}`],
        allowHttp: true,
        resolveHost: async () => addresses,
      });

      await expect(client.request({ url: `http://a.example:${web.port}/` })).rejects.toMatchObject({
        code: "address_not_allowed",
        mayHaveArrived: false,
      });
      expect(web.seen).toEqual([]);
    },
  );

  test("the address that was checked is the one connected to: a name is asked once for each connection", async () => {
    const web = await serve((request, response) => {
      if (request.url === "/again") response.writeHead(302, { location: "/metadata" }).end();
      else response.end("first");
    });
    const answers = [["127.0.0.1"], ["127.0.0.1"], ["169.254.169.254"]];
    let asked = 0;
    const client = createHttpClient({
      allowHosts: [`a.example:${web.port}`],
      ...{ allowHttp: true, allowPrivate: true },
      resolveHost: async () => answers[asked++] ?? [],
    });

    expect((await client.request({ url: `http://a.example:${web.port}/` })).text).toBe("first");
    expect(asked).toBe(1);
    await expect(client.request({ url: `http://a.example:${web.port}/again` })).rejects.toMatchObject({
      code: "address_not_allowed",
    });
    expect(web.seen).toEqual(["GET /", "GET /again"]);
  });

  test("a name without an address, and a resolver that fails for now", async () => {
    const ask = (resolveHost: () => Promise<string[]>) =>
      createHttpClient({ allowHosts: ["*"], resolveHost }).request({ url: "https://a.example/" });
    const later = Object.assign(new Error("try again"), { code: "EAI_AGAIN" });

    await expect(ask(async () => [])).rejects.toMatchObject({ code: "unreachable", transient: false });
    await expect(ask(async () => Promise.reject(later))).rejects.toMatchObject({
      code: "unreachable",
      transient: true,
    });
  });
});

describe("redirects are followed by hand", () => {
  test.each([
    ["this machine", "http://127.0.0.1:1/"],
    ["metadata", "http://169.254.169.254/latest/meta-data/"],
    ["another host", "https://evil.example/"],
    ["a file", "file:///etc/passwd"],
    ["no URL", "http://["],
  ])("one to %s is refused", async (_, location) => {
    const web = await serve((_request, response) => response.writeHead(302, { location }).end());

    await expect(localClient([web]).request({ url: web.url })).rejects.toMatchObject({
      transient: false,
      mayHaveArrived: true,
    });
    expect(web.seen).toEqual(["GET /"]);
  });

  test("one to metadata is refused also where every host is allowed", async () => {
    const web = await serve((_, response) => response.writeHead(302, { location: "http://169.254.169.254/" }).end());
    const client = localClient([web], { allowHosts: [web.host, "*"] });

    await expect(client.request({ url: web.url })).rejects.toMatchObject({ code: "address_not_allowed" });
  });

  test("three are followed, a fourth is not", async () => {
    const web = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end("there");
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });

    expect((await localClient([web]).request({ url: `${web.url}/3` })).text).toBe("there");
    await expect(localClient([web]).request({ url: `${web.url}/4` })).rejects.toMatchObject({
      code: "redirect_not_followed",
    });
  });

  test("what a caller said in headers stays with the origin that it was said to", async () => {
    const other = await serve((_, response) => response.end("other"));
    const web = await serve((request, response) =>
      response.writeHead(302, { location: request.url === "/same" ? "/end" : other.url }).end(),
    );
    const headers = { authorization: "Bearer t", cookie: "c", "x-api-key": "k", accept: "text/plain" };

    await localClient([web, other]).request({ url: `${web.url}/other`, headers });

    expect(other.headers[0]).toMatchObject({ accept: "text/plain" });
    expect(Object.keys(other.headers[0] ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/auth|cookie|key/u)]),
    );
  });

  test.each([301, 302, 307, 308])("a body is not sent to another host by %i", async (status) => {
    const other = await serve((_, response) => response.end());
    const web = await serve((_, response) => response.writeHead(status, { location: other.url }).end());

    await expect(
      localClient([web, other]).request({ method: "POST", url: web.url, body: "pay" }),
    ).rejects.toMatchObject({
      code: "redirect_not_followed",
      mayHaveArrived: true,
    });
    expect(other.seen).toEqual([]);
  });

  test("after a post, 303 leads to what to read, and 308 is the same post at the same origin", async () => {
    const web = await serve((request, response) => {
      if (request.url === "/a") response.writeHead(303, { location: "/b" }).end();
      else if (request.url === "/c") response.writeHead(308, { location: "/d" }).end();
      else response.end("end");
    });
    const client = localClient([web]);

    await client.request({ method: "POST", url: `${web.url}/a`, body: "1" });
    await client.request({ method: "POST", url: `${web.url}/c`, body: "2", headers: { "idempotency-key": "k" } });

    expect(web.seen).toEqual(["POST /a", "GET /b", "POST /c", "POST /d"]);
    expect(web.bodies).toEqual(["1", "", "2", "2"]);
    expect(web.headers[3]).toMatchObject({ "idempotency-key": "k" });
  });
});

describe("an answer that would never end is cut off", () => {
  test("an endless body", async () => {
    const web = await serve((_, response) => sendForever(response, "x".repeat(10_000)));

    await expect(localClient([web], { maxBytes: 100_000 }).request({ url: web.url })).rejects.toMatchObject({
      code: "response_too_large",
    });
  });

  test("another protocol in place of an answer: the call fails, and says that it may have arrived", async () => {
    const web = await serve((_, response) => {
      response.socket?.end("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n");
    });

    await expect(localClient([web]).request({ url: web.url, method: "POST", body: "{}" })).rejects.toMatchObject({
      code: "unreachable",
      mayHaveArrived: true,
    });
  });

  test("a small body that unpacks to a huge one", async () => {
    const body = bomb(50_000_000);
    const web = await serve((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(body));

    expect(body.length).toBeLessThan(100_000);
    await expect(localClient([web], { maxBytes: 100_000 }).request({ url: web.url })).rejects.toMatchObject({
      code: "response_too_large",
    });
  });

  test("an endless body that unpacks to nothing", async () => {
    const empty = gzipSync("");
    const web = await serve((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      sendForever(response, Buffer.concat(Array.from({ length: 500 }, () => empty)));
    });

    await expect(localClient([web], { maxBytes: 100_000 }).request({ url: web.url })).rejects.toMatchObject({
      code: "response_too_large",
    });
  });

  test("what is packed in an unknown way, or not at all", async () => {
    const web = await serve((request, response) =>
      response.writeHead(200, { "content-encoding": request.url?.slice(1) }).end("plain"),
    );

    for (const encoding of ["zstd-x", "gzip"]) {
      await expect(localClient([web]).request({ url: `${web.url}/${encoding}` })).rejects.toMatchObject({
        code: "response_unreadable",
      });
    }
  });

  test.each<[string, Parameters<typeof serve>[0]]>([
    ["nothing", () => {}],
    ["a head and then nothing", (_, response) => response.writeHead(200).flushHeaders()],
    ["one byte after another", (_, response) => trickle(response)],
    [
      "redirects that each take their time",
      (_, response) => setTimeout(() => response.writeHead(302, { location: "/" }).end(), 150),
    ],
  ])("a server that gives %s", async (_, answer) => {
    const web = await serve(answer);

    await expect(localClient([web], { timeoutMs: 300 }).request({ url: web.url })).rejects.toMatchObject({
      code: "timeout",
      transient: true,
      mayHaveArrived: true,
    });
  });

  test("the caller's signal ends it with its own reason, before the answer and in its midst", async () => {
    for (const begin of [false, true]) {
      const control = new AbortController();
      const web = await serve((_, response) => {
        if (begin) response.writeHead(200).write("x", () => control.abort(new Error("enough")));
        else control.abort(new Error("enough"));
      });

      await expect(localClient([web]).request({ url: web.url, signal: control.signal })).rejects.toThrow("enough");
    }
  });

  test("an answer that breaks off, and a port where nobody listens, may be tried again", async () => {
    const web = await serve((_, response) => {
      response.writeHead(200, { "content-length": "10" }).write("half", () => response.destroy());
    });

    await expect(localClient([web]).request({ url: web.url })).rejects.toMatchObject({
      code: "unreachable",
      transient: true,
    });
    await expect(
      localClient([web], { allowHosts: ["127.0.0.1:1"] }).request({ url: "http://127.0.0.1:1/" }),
    ).rejects.toMatchObject({ code: "unreachable", transient: true, mayHaveArrived: false });
  });
});

async function neverAsked(name: string): Promise<never> {
  throw new Error(`${name} was looked up.`);
}

function trickle(response: Parameters<typeof sendForever>[0]): void {
  const timer = setInterval(() => response.write("x"), 20);
  void once(response, "close").then(() => clearInterval(timer));
}
