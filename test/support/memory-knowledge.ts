import Database from "better-sqlite3";
import type { Article, Knowledge } from "../../core/services.js";

interface Row {
  readonly article_id: string;
  readonly title: string;
  readonly body: string;
  readonly excerpt: string;
  readonly score: number;
}

/** Node 24 aborts when the driver's statements are collected as garbage: these live as long as the process. */
const kept: unknown[] = [];

/** Articles in an FTS5 table in memory, searched as the store's are: any of the words, porter stemming, bm25. */
export function createMemoryKnowledge(articles: readonly Article[]): Knowledge {
  const db = new Database(":memory:");
  db.exec("CREATE VIRTUAL TABLE articles USING fts5(article_id UNINDEXED, title, body, tokenize = 'porter unicode61')");
  const insert = db.prepare("INSERT INTO articles (article_id, title, body) VALUES (?, ?, ?)");
  for (const { articleId, title, body } of articles) insert.run(articleId, title, body);
  const find = db.prepare<[string, number], Row>(
    `SELECT article_id, title, body, snippet(articles, 2, '', '', ' … ', 12) AS excerpt, -bm25(articles, 0, 4, 1) AS score
     FROM articles WHERE articles MATCH ? ORDER BY score DESC, article_id LIMIT ?`,
  );
  const read = db.prepare<[string], Row>("SELECT article_id, title, body FROM articles WHERE article_id = ?");
  kept.push(db, insert, find, read);
  return {
    async search(keywords, { limit }) {
      const words = keywords.match(/[\p{L}\p{N}]+/gu) ?? [];
      if (words.length === 0) return [];
      const rows = find.all(words.map((word) => `"${word}"`).join(" OR "), limit);
      return rows.map(({ article_id, title, excerpt, score }) => ({ articleId: article_id, title, excerpt, score }));
    },
    async get(articleId) {
      const row = read.get(articleId);
      return row && { articleId: row.article_id, title: row.title, body: row.body };
    },
  };
}
