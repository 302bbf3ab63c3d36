import { z } from "zod";
import { defineTool } from "./define-tool.js";

/** Reads one help article whole; `article` is null when there is none with the id. */
export const readArticle = defineTool({
  name: "read_article",
  description:
    "Returns one help article with title and body by its id, or null when there is none. Not for finding articles: use search_articles.",
  input: z.strictObject({ article_id: z.string().min(1).max(40) }),
  output: z.strictObject({
    article: z.strictObject({ article_id: z.string(), title: z.string(), body: z.string() }).nullable(),
  }),
  effect: "reads",
  timeoutMs: 2_000,
  maxCostMicroUsd: 0,

  async run({ article_id }, { knowledge }) {
    const found = await knowledge.get(article_id);
    return { article: found ? { article_id: found.articleId, title: found.title, body: found.body } : null };
  },
});
