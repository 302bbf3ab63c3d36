import { HTML_STYLE } from "./html-style.js";
import { withoutSteering } from "./steering.js";

/** A piece of HTML that is safe to put into a page. Only `html` makes one, so nothing gets in unescaped. */
export type { Html };

// The class stays in this file: whoever has it could make one of any text.
class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** What may stand in a template: text and figures are escaped, lists are joined, nothing stands for what is absent. */
export type HtmlValue = string | number | Html | readonly HtmlValue[] | null | undefined | false;

/** Escapes every value, in text as in quoted attributes: `html\`<b title="${title}">${words}</b>\``. */
export function html(template: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(template.map((text, index) => `${text}${markupOf(values[index])}`).join(""));
}

/** Words from outside, in whatever direction they are written: their order does not reach what stands around them. */
export function said(words: string): Html {
  return html`<bdi>${words}</bdi>`;
}

/** A whole page: no script, nothing fetched, ready for paper. Fills named `url(#hatched)` and `url(#dotted)` are there. */
export function htmlPage(page: { readonly title: string; readonly body: Html }): string {
  return `<!doctype html>\n${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<style>${STYLE}</style>
</head>
<body>
${PATTERNS}
${page.body}
</body>
</html>
`}`;
}

// Without colour: what a fill means is told by its pattern, and by words beside it.
const PATTERNS = html`<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
<pattern id="hatched" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="#fff"/><rect width="2" height="5" fill="#222"/></pattern>
<pattern id="dotted" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="#fff"/><circle cx="2.5" cy="2.5" r="1.1" fill="#222"/></pattern>
</defs></svg>`;

// Our own text: no value of a report is in it.
const STYLE = new Html(HTML_STYLE);

const NAMES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function markupOf(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (typeof value === "object") return value.map(markupOf).join("");
  return withoutSteering(String(value)).replaceAll(/[&<>"']/gu, (sign) => NAMES[sign] ?? sign);
}
