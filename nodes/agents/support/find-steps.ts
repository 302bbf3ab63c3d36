import { z } from "zod";
import type { Feedback, Finding, PlaybookContext } from "../../../core/define-agent.js";
import { definePlaybook, giveUp, valueFrom } from "../../../core/define-agent.js";
import type { readArticle } from "../../../tools/read-article.js";
import type { searchArticles } from "../../../tools/search-articles.js";
import { keywordsOf, stemOf } from "./keywords.js";
import type { Ticket } from "./ticket.js";
import { TicketSchema, ticketText, toPlainWords } from "./ticket.js";
import { NO_CATEGORY, ReasonSchema } from "./ticket-rules.js";

const MAX_ARTICLES = 2;
const MAX_STEPS = 12;
/** A further article must come this near to the best one. */
const NEAR_BEST = 0.75;
/** Words that a ticket must share with an article, or the article is about something else. */
const MIN_SHARED_WORDS = 3;
/** The source of steps that a person wrote instead of naming an article. */
const PERSON_SOURCE = "support-team";

const ArticleSchema = z.strictObject({ article_id: z.string().min(1), title: z.string() });
const StepSchema = z.strictObject({
  article_id: z.string().min(1),
  number: z.int().positive(),
  text: z.string().min(1).max(500),
});

export const StepsSchema = z.strictObject({
  /** What the customer needs help with, in words for a sentence; empty when no category fits. */
  topic: z.string(),
  article_ids: z.array(z.string()).min(1).max(5),
  articles: z.array(ArticleSchema).min(1).max(5),
  steps: z.array(StepSchema).min(1).max(20),
  chosen_by: z.enum(["search", "person"]),
});
export type Steps = z.output<typeof StepsSchema>;

const InputSchema = z.strictObject({
  ticket: TicketSchema,
  category: z.string(),
  title: z.string().default(""),
  reasons: z.array(ReasonSchema).default([]),
});
type Input = z.output<typeof InputSchema>;

const AnswerSchema = z.union([
  z.strictObject({ article_ids: z.array(z.string().min(1)).min(1).max(MAX_ARTICLES) }),
  z.strictObject({ steps: z.array(z.string().min(3).max(500)).min(1).max(MAX_STEPS) }),
]);

interface Article {
  readonly article_id: string;
  readonly title: string;
  readonly body: string;
}

/** Finds the help articles that fit a ticket by full-text search and takes their numbered steps; asks a person when none fits. */
export const findSteps = definePlaybook({
  skill: "retrieve_troubleshooting_steps",
  version: "1",
  input: InputSchema,
  output: StepsSchema,
  tools: ["search_articles", "read_article"],
  check: stepsWithoutArticle,
  summary: ({ steps, article_ids }) => `${steps.length} steps from ${article_ids.join(", ")}`.slice(0, 120),

  async run(ctx, inputs) {
    const topic = inputs.category === NO_CATEGORY ? "" : inputs.title;
    const { wanted, unwanted } = namedArticles(ctx.feedback);
    const named = await readAll(ctx, wanted);
    const found = named.length > 0 ? named : await searchFor(ctx, inputs, unwanted);
    const result = toSteps(topic, found, "search");
    return result.steps.length > 0 ? result : askForSteps(ctx, inputs.ticket, topic);
  },
});

/** Two searches, by the words that told the category and by all words: what stands high in both fits best. */
async function searchFor(
  ctx: PlaybookContext,
  inputs: Input,
  unwanted: ReadonlySet<string>,
): Promise<readonly Article[]> {
  const { ticket } = inputs;
  const telling = inputs.reasons.filter(({ weight }) => weight > 0).map(({ found }) => found);
  const sentBack = ctx.feedback.map(({ reason }) => reason.replace(ARTICLE_ID, " "));
  const narrow = keywordsOf(...sentBack, ...telling, ticket.subject);
  const wide = keywordsOf(...sentBack, ...telling, ticket.subject, ticket.body);
  const scores = new Map<string, number>();
  for (const words of [narrow, wide]) {
    if (words.length === 0) continue;
    const { articles } = valueFrom(
      await ctx.call<typeof searchArticles>("search_articles", { keywords: words.join(" ") }),
    );
    const best = articles[0]?.score ?? 1;
    for (const { article_id, score } of articles) scores.set(article_id, (scores.get(article_id) ?? 0) + score / best);
  }
  const ranked = [...scores].filter(([id]) => !unwanted.has(id)).sort((a, b) => b[1] - a[1]);
  const nearest = ranked.filter(([, score]) => score >= NEAR_BEST * (ranked[0]?.[1] ?? 0)).slice(0, MAX_ARTICLES);
  const articles = await readAll(
    ctx,
    nearest.map(([id]) => id),
  );
  return articles.filter((article) => fits(article, wide));
}

function fits({ title, body }: Article, words: readonly string[]): boolean {
  const inArticle = new Set(toPlainWords(`${title} ${body}`).split(" ").map(stemOf));
  const inTitle = new Set(toPlainWords(title).split(" ").map(stemOf));
  const shared = new Set(words.map(stemOf).filter((stem) => inArticle.has(stem)));
  return shared.size >= MIN_SHARED_WORDS && [...shared].some((stem) => inTitle.has(stem));
}

async function readAll(ctx: PlaybookContext, ids: readonly string[]): Promise<readonly Article[]> {
  const articles: Article[] = [];
  for (const article_id of ids) {
    const { article } = valueFrom(await ctx.call<typeof readArticle>("read_article", { article_id }));
    if (article) articles.push(article);
  }
  return articles;
}

function toSteps(topic: string, found: readonly Article[], chosenBy: Steps["chosen_by"]): Steps {
  const steps = found.flatMap(stepsOf).slice(0, MAX_STEPS);
  const articles = found
    .filter(({ article_id }) => steps.some((step) => step.article_id === article_id))
    .map(({ article_id, title }) => ({ article_id, title }));
  return { topic, article_ids: articles.map(({ article_id }) => article_id), articles, steps, chosen_by: chosenBy };
}

function stepsOf({ article_id, body }: Article): Steps["steps"] {
  return [...body.matchAll(/^\s*(\d+)[.)]\s+(\S.*)$/gmu)].map(([, number, text]) => ({
    article_id,
    number: Number(number),
    text: (text ?? "").trim().slice(0, 500),
  }));
}

async function askForSteps(ctx: PlaybookContext, ticket: Ticket, topic: string): Promise<Steps> {
  const sentBack = ctx.feedback.map(({ from, reason }) => `Sent back by ${from}: ${reason}`);
  const answer = await ctx.ask({
    key: ctx.feedback.length === 0 ? "steps" : `steps_${ctx.feedback.length}`,
    question: `No help article fits ticket ${ticket.ticket_id} of ${ticket.customer_name}: which articles or steps should the answer give?`,
    answer: AnswerSchema,
    evidence: [
      {
        title: "The ticket and what is needed",
        left: { label: `Ticket ${ticket.ticket_id}`, text: ticketText(ticket) },
        right: {
          label: "How to answer",
          text: [
            ...sentBack,
            'Name articles: {"article_ids": ["A-001"]}',
            'or write the steps: {"steps": ["First …", "Then …"]}',
          ].join("\n"),
        },
      },
    ],
  });
  if ("steps" in answer) return writtenSteps(topic, answer.steps);
  const result = toSteps(topic, await readAll(ctx, answer.article_ids), "person");
  if (result.steps.length > 0) return result;
  throw giveUp(
    "permanent",
    `No article with numbered steps has the id ${answer.article_ids.join(" or ")}, which a person named.`,
  );
}

function writtenSteps(topic: string, texts: readonly string[]): Steps {
  const article = { article_id: PERSON_SOURCE, title: "Steps from our support team" };
  const steps = texts.map((text, index) => ({ article_id: PERSON_SOURCE, number: index + 1, text }));
  return { topic, article_ids: [PERSON_SOURCE], articles: [article], steps, chosen_by: "person" };
}

const ARTICLE_ID = /\b[A-Z]-\d{3,}\b/gu;
const WANTED_ID = /\b(?:use|take|cite|send|try|add|better)\W+(?:the\W+)?(?:article\W+)?([A-Z]-\d{3,})\b/giu;

/** Articles that reasons from earlier attempts ask for; every other one that they name is to be left out. */
function namedArticles(feedback: readonly Feedback[]): { wanted: readonly string[]; unwanted: ReadonlySet<string> } {
  const reasons = feedback.map(({ reason }) => reason).join("\n");
  const wanted = [...new Set([...reasons.matchAll(WANTED_ID)].map(([, id]) => (id ?? "").toUpperCase()))].slice(
    0,
    MAX_ARTICLES,
  );
  const named = [...reasons.matchAll(ARTICLE_ID)].map(([id]) => id);
  return { wanted, unwanted: new Set(named.filter((id) => !wanted.includes(id))) };
}

function stepsWithoutArticle({ steps, article_ids }: Steps): readonly Finding[] {
  return steps
    .filter(({ article_id }) => !article_ids.includes(article_id))
    .map(({ article_id, number }) => ({
      checkId: "steps_have_their_article",
      field: "/steps",
      reason: `steps: step ${number} comes from ${article_id}, but the articles chosen are ${article_ids.join(", ")}.`,
    }));
}
