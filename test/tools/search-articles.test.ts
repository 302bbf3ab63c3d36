import { expect, test } from "vitest";
import { searchArticles } from "../../tools/search-articles.js";
import { createMemoryKnowledge } from "../support/memory-knowledge.js";
import { toolContext } from "../support/tool-context.js";

const numbered = Array.from({ length: 7 }, (_, index) => ({
  articleId: `A-10${index}`,
  title: index === 3 ? "Reset passwords" : `Article ${index}`,
  body: "1. Open the page and look at the password.",
}));

test("gives at most five articles, best first, and finds other forms of a word", async () => {
  const { articles } = await searchArticles.run({ keywords: "resetting password" }, context());

  expect(articles).toHaveLength(5);
  expect(articles[0]).toMatchObject({ article_id: "A-103", title: "Reset passwords" });
  expect(articles.every(({ score }, index) => score > 0 && score <= (articles[index - 1]?.score ?? score))).toBe(true);
});

test("answers with an empty list when no article holds the words", async () => {
  expect(await searchArticles.run({ keywords: "gardening" }, context())).toEqual({ articles: [] });
});

test("refuses a search for nothing", () => {
  expect(searchArticles.input.safeParse({ keywords: "" }).success).toBe(false);
  expect(searchArticles).toMatchObject({ effect: "reads" });
});

function context() {
  return toolContext({ knowledge: createMemoryKnowledge(numbered) });
}
