import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../core/digest.js";
import { readSecretsWith, secret } from "../../../core/secret.js";
import { htmlText } from "../../../tools/connectors/html-text.js";
import type { WebSearchOptions } from "../../../tools/connectors/web-search.js";
import { webSearch } from "../../../tools/connectors/web-search.js";
import { createMemoryKnowledge } from "../../support/memory-knowledge.js";
import { toolContext } from "../../support/tool-context.js";
import { sendForever, sendJson, serve } from "../../support/web.js";

const LOCAL = { allowHttp: true, allowPrivate: true };

async function run(options: WebSearchOptions, args: JsonObject, name = "search_web", context = toolContext()) {
  const tool = webSearch(options).find((one) => one.name === name);
  if (!tool) throw new Error(`There is no ${name}.`);
  return tool.output.parse(await tool.run(tool.input.parse(args), context));
}

/** Searches a service that answers so. */
async function searched(answer: Json, args: JsonObject = { words: "tea & cups" }) {
  const web = await serve((_, response) => sendJson(response, answer));
  return { web, found: await run({ url: `${web.url}/search`, ...LOCAL }, args) };
}

describe("search_web", () => {
  test("asks as SearXNG is asked, and gives titles, addresses and snippets without marks", async () => {
    const { web, found } = await searched({
      query: "tea",
      results: [
        {
          title: "<b>Tea</b> &amp; cups",
          url: "https://a.example/1",
          content: "All\u0000 about\n<i>tea</i>\u202e &lt;3",
        },
        { title: "x".repeat(500), url: "https://a.example/2", content: "y".repeat(5_000) },
        { title: "no address" },
        { title: "a trick", url: "javascript:alert(1)" },
        "junk",
      ],
    });

    expect(web.seen).toEqual(["GET /search?q=tea+%26+cups&format=json"]);
    expect(found).toEqual({
      source: "web",
      results: [
        { title: "Tea & cups", url: "https://a.example/1", snippet: "All about tea <3" },
        { title: `${"x".repeat(199)}…`, url: "https://a.example/2", snippet: `${"y".repeat(399)}…` },
      ],
    });
  });

  test.each<[string, Json]>([
    ["OpenSearch's four lists", ["tea", ["Tea"], ["About"], ["https://a.example/"]]],
    ["a list under items", { items: [{ title: "Tea", link: "https://a.example/", snippet: "About" }] }],
    ["a list further down", { web: { results: [{ name: "Tea", href: "https://a.example/", description: "About" }] } }],
  ])("reads %s", async (_, answer) => {
    expect((await searched(answer)).found).toEqual({
      ...{ source: "web", results: [{ title: "Tea", url: "https://a.example/", snippet: "About" }] },
    });
  });

  test("puts the words where the address wants them, and sends a key that is a secret", async () => {
    readSecretsWith((name) => (name === "SEARCH_KEY" ? "key-of-search" : undefined));
    const web = await serve((_, response) => sendJson(response, { results: [] }));

    await run(
      { url: `${web.url}/s/{searchTerms}?n=1`, headers: { "x-key": secret("SEARCH_KEY") }, ...LOCAL },
      { words: "a/../b" },
    );

    expect(web.seen).toEqual(["GET /s/a%2F..%2Fb?n=1"]);
    expect(web.headers[0]).toMatchObject({ "x-key": "key-of-search" });
  });

  test("gives at most as many as are wanted, and never more than ten", async () => {
    const results = Array.from({ length: 50 }, (_, at) => ({ title: `${at}`, url: `https://a.example/${at}` }));

    expect((await searched({ results }, { words: "tea", limit: 2 })).found).toMatchObject({
      results: [{ title: "0" }, { title: "1" }],
    });
    await expect(searched({ results }, { words: "tea", limit: 11 })).rejects.toThrow();
  });

  test("searches our own articles when no service is named", async () => {
    const knowledge = createMemoryKnowledge([
      { articleId: "KB-1", title: "Brewing tea", body: "Tea wants hot water." },
    ]);

    expect(await run({}, { words: "tea" }, "search_web", { ...toolContext(), knowledge })).toEqual({
      source: "articles",
      results: [{ title: "Brewing tea", url: "article:KB-1", snippet: expect.stringContaining("Tea") }],
    });
  });

  test.each<[string, Parameters<typeof serve>[0], object]>([
    [
      "a page",
      (_, response) => response.end("<p>no</p>"),
      { message: "The search's answer cannot be read: it is not JSON." },
    ],
    [
      "another JSON",
      (_, response) => sendJson(response, { a: 1 }),
      { message: expect.stringContaining("no list of results") },
    ],
    [
      "a deep nest",
      (_, response) => response.end(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`),
      { message: expect.stringContaining("nested deeper") },
    ],
    [
      "too many requests",
      (_, response) => sendJson(response, { error: "later" }, 429),
      { status: 429, transient: true },
    ],
    [
      "a refusal",
      (_, response) => sendJson(response, { error: "json is off" }, 403),
      { status: 403, transient: false },
    ],
    [
      "a redirect to metadata",
      (_, response) => response.writeHead(302, { location: "http://169.254.169.254/" }).end(),
      { code: "host_not_allowed" },
    ],
    ["no end", (_, response) => sendForever(response, "[".repeat(100_000)), { code: "response_too_large" }],
  ])("a service that answers with %s is a failure in words", async (_, answer, failure) => {
    const web = await serve(answer);

    await expect(run({ url: web.url, ...LOCAL }, { words: "tea" })).rejects.toMatchObject(failure);
  });

  test.each<[WebSearchOptions, string]>([
    [{ url: "http://a.example/" }, "http: is not allowed"],
    [{ url: "search" }, "not an absolute URL"],
    [{ url: "https://a.example/", headers: { key: "clear" as never } }, "must be a secret"],
    [{ pages: { allowHosts: ["https://a.example"] } }, "is not a host"],
  ])("%j is refused when the tool is made", (options, words) => {
    expect(() => webSearch(options)).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.stringContaining(words) }),
    );
  });
});

describe("fetch_page", () => {
  const page = (answer: Parameters<typeof serve>[0]) =>
    serve(answer).then((web) =>
      run({ ...LOCAL, pages: { allowHosts: [web.host] } }, { url: `${web.url}/p` }, "fetch_page"),
    );

  test("is there only when pages are allowed, and then for these hosts alone", async () => {
    expect(webSearch().map(({ name }) => name)).toEqual(["search_web"]);
    await expect(
      run({ pages: { allowHosts: ["*"] } }, { url: "https://127.0.0.1/" }, "fetch_page"),
    ).rejects.toMatchObject({
      code: "address_not_allowed",
    });
    await expect(
      run({ pages: { allowHosts: ["a.example"] } }, { url: "https://b.example/" }, "fetch_page"),
    ).rejects.toMatchObject({
      code: "host_not_allowed",
    });
  });

  test("gives what a reader would see", async () => {
    const html = `<!doctype html><html><head><title>Tea &amp; cups</title><style>p{}</style></head><body><!-- <p>no</p> -->
      <h1>Tea</h1><SCRIPT>alert("<p>no</p>")</SCRIPT><p>Hot&nbsp;water,<br>1 < 2 cups.</p></body></html>`;

    expect(
      await page((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(html)),
    ).toMatchObject({
      ...{ title: "Tea & cups", text: "Tea & cups\nTea\nHot water,\n1 < 2 cups.", is_clipped: false },
    });
  });

  test("clips what is long, and refuses what is no text", async () => {
    expect(
      await page((_, response) => response.writeHead(200, { "content-type": "text/plain" }).end("x".repeat(50_000))),
    ).toMatchObject({
      ...{ text: "x".repeat(20_000), is_clipped: true },
    });
    await expect(
      page((_, response) => response.writeHead(200, { "content-type": "image/png" }).end("x")),
    ).rejects.toThrow("The page is image/png, which is not text.");
  });

  test.each([
    "<script>".repeat(100_000),
    "<".repeat(1_000_000),
    "<!--".repeat(250_000),
    "<title>".repeat(100_000),
    "&".repeat(1_000_000),
  ])("a page made to be slow is read in one pass (%#)", (html) => {
    expect(htmlText(html).text.length).toBeLessThanOrEqual(html.length);
  });
});
