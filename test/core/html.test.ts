import { describe, expect, test } from "vitest";
import * as module from "../../core/html.js";
import { html, htmlPage, said } from "../../core/html.js";

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>&amp;`;

describe("HTML from words that nobody has checked (I9)", () => {
  test("every value is escaped, in text and in attributes; what is HTML already is not escaped twice", () => {
    const inner = html`<b title="${HOSTILE}">${HOSTILE}</b>`;
    const markup = String(html`<p>${inner}${[inner, "<"]}</p>`);

    expect(markup.match(/<[a-z/]+/gu)).toEqual(["<p", "<b", "</b", "<b", "</b", "</p"]);
    expect(markup).toContain(
      "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(2)&gt;&amp;amp;",
    );
    expect(markup).not.toContain("&amp;lt;");
  });

  test("nothing but the template makes HTML", () => {
    expect(Object.keys(module).sort()).toEqual(["html", "htmlPage", "said"]);
  });

  test("what is absent leaves nothing, and a zero stays", () => {
    expect(String(html`${null}${undefined}${false}${0}${""}${[]}`)).toBe("0");
  });

  test("signs that turn the order of what is read, end the text, or are no characters become visible", () => {
    expect(String(said("a\u202eb\u2066c\u0000d\ud800e\nf\u00e4\u{1f600}"))).toBe(
      "<bdi>a\ufffdb\ufffdc\ufffdd\ufffde\nf\u00e4\u{1f600}</bdi>",
    );
  });

  test("a page fetches nothing, runs nothing, and says its language and title", () => {
    const page = htmlPage({ title: "<b>", body: html`<main>${"<i>"}</main>` });

    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/u);
    expect(page).toContain("<title>&lt;b&gt;</title>");
    expect(page).toContain("<main>&lt;i&gt;</main>");
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<script|<link|<img|@import|https?:|url\((?!#)/u);
  });
});
