import { sql } from "kysely";
import { digestOf } from "../../core/digest.js";
import type { Articles } from "../../core/ports.js";
import type { Article } from "../../core/services.js";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import type { ArticleRow } from "./schema.js";
import { once, Template } from "./template.js";

const MAX_TERMS = 32;
const EXCERPT_WORDS = 30;
/** A word in a title counts as much as so many in the body. */
const TITLE_WEIGHT = 4;
const DIGEST_KEY = "articles_digest";

interface Hit {
  article_id: string;
  title: string;
  excerpt: string;
  rank: number;
}

/** Help articles in a full-text table: porter stemming, bm25. */
export class ArticleStore implements Articles {
  readonly #db: Database;
  readonly #insert: Template<ArticleRow>;
  readonly #search: Template<{ terms: string; limit: number }, Hit>;

  constructor(db: Database) {
    this.#db = db;
    this.#insert = insertOf(db.sql, "articles", ["article_id", "title", "body"]);
    const rank = sql<number>`bm25(articles, 0.0, ${sql.lit(TITLE_WEIGHT)}, 1.0)`;
    this.#search = new Template((hole) =>
      db.sql
        .selectFrom("articles")
        .select(["article_id", "title", rank.as("rank")])
        .select(sql<string>`snippet(articles, 2, '', '', '…', ${sql.lit(EXCERPT_WORDS)})`.as("excerpt"))
        .where(sql<boolean>`articles match ${hole("terms")}`)
        .orderBy("rank")
        .orderBy("article_id")
        .limit(sql<number>`${hole("limit")}`),
    );
  }

  async search(keywords: string, { limit, signal }: { limit: number; signal: AbortSignal }) {
    signal.throwIfAborted();
    const terms = toTerms(keywords);
    if (terms === "") return [];
    const hits = await this.#db.read(this.#search.with({ terms, limit }));
    // bm25 is better the lower it is, and never above zero for a match.
    return hits.map((hit) => ({ articleId: hit.article_id, title: hit.title, excerpt: hit.excerpt, score: -hit.rank }));
  }

  async get(articleId: string): Promise<Article | undefined> {
    const query = this.#db.sql.selectFrom("articles").selectAll().where("article_id", "=", articleId);
    const [row] = await this.#db.read(once(query));
    return row && { articleId: row.article_id, title: row.title, body: row.body };
  }

  async replaceAll(articles: readonly Article[]): Promise<void> {
    const rows = articles.map(({ articleId, title, body }) => ({ article_id: articleId, title, body }));
    const digest = digestOf(rows.toSorted((a, b) => (a.article_id < b.article_id ? -1 : 1)));
    const stored = this.#db.sql.selectFrom("meta").select("value").where("key", "=", DIGEST_KEY);
    if ((await this.#db.read(once(stored)))[0]?.value === digest) return;

    const meta = this.#db.sql
      .insertInto("meta")
      .values({ key: DIGEST_KEY, value: digest })
      .onConflict((conflict) => conflict.column("key").doUpdateSet({ value: digest }));
    const inserts = rows.map((row) => this.#insert.with(row));
    await this.#db.commit({ statements: [once(this.#db.sql.deleteFrom("articles")), ...inserts, once(meta)] });
  }
}

/** Any text as a query for any of its words: each is quoted, so that nothing in it is read as an operator. */
function toTerms(keywords: string): string {
  const words = keywords.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words)]
    .slice(0, MAX_TERMS)
    .map((word) => `"${word}"`)
    .join(" OR ");
}
