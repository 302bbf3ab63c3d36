import { z } from "zod";
import { defineTool } from "./define-tool.js";

const MAX_ARTICLES = 5;

/** Full-text search over our own help articles. An empty list is the answer when nothing holds any of the words. */
export const searchArticles = defineTool({
  name: "search_articles",
  description:
    "Finds help articles by words, best first, at most five; an empty list when no article holds them. " +
    "Scores compare within one search only. Not for the web, not for customer data.",
  input: z.strictObject({ keywords: z.string().min(2).max(400) }),
  output: z.strictObject({
    articles: z.array(
      z.strictObject({ article_id: z.string(), title: z.string(), excerpt: z.string(), score: z.number() }),
    ),
  }),
  effect: "reads",
  timeoutMs: 2_000,
  maxCostMicroUsd: 0,

  async run({ keywords }, { knowledge, signal }) {
    const found = await knowledge.search(keywords, { limit: MAX_ARTICLES, signal });
    return {
      articles: found.map(({ articleId, title, excerpt, score }) => ({ article_id: articleId, title, excerpt, score })),
    };
  },
});
