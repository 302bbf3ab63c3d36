import { expect, test } from "vitest";
import { readArticle } from "../../tools/read-article.js";
import { createMemoryKnowledge } from "../support/memory-knowledge.js";
import { toolContext } from "../support/tool-context.js";

const knowledge = createMemoryKnowledge([{ articleId: "A-001", title: "Reset", body: "1. Open it." }]);

test("gives the article whole", async () => {
  expect(await readArticle.run({ article_id: "A-001" }, toolContext({ knowledge }))).toEqual({
    article: { article_id: "A-001", title: "Reset", body: "1. Open it." },
  });
});

test("says null for an article that does not exist", async () => {
  expect(await readArticle.run({ article_id: "A-999" }, toolContext({ knowledge }))).toEqual({ article: null });
});
