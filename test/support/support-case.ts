import { z } from "zod";
import type { JsonObject } from "../../core/digest.js";
import { categorizeTicket } from "../../nodes/agents/support/categorize-ticket.js";
import { findSteps } from "../../nodes/agents/support/find-steps.js";
import { TicketSchema } from "../../nodes/agents/support/ticket.js";
import { readArticle } from "../../tools/read-article.js";
import { readRecord } from "../../tools/read-record.js";
import { searchArticles } from "../../tools/search-articles.js";
import { readDataFile } from "./fake-services.js";
import { createMemoryKnowledge } from "./memory-knowledge.js";
import type { FakeContextOptions } from "./playbook-context.js";
import { createPlaybookContext, runPlaybook } from "./playbook-context.js";

/** Where the mission file says that a customer reaches a person. */
export const CONTACT = "help@tallyfield.example";

/** The sample tickets, in the file's order. */
export const TICKETS = z.array(TicketSchema).parse(readDataFile("sample/tickets.json"));

const ARTICLES = z
  .array(z.strictObject({ article_id: z.string(), title: z.string(), body: z.string() }))
  .parse(readDataFile("sample/articles.json"))
  .map(({ article_id, title, body }) => ({ articleId: article_id, title, body }));

/** The sample ticket with this id. */
export function ticketOf(ticketId: string) {
  const ticket = TICKETS.find(({ ticket_id }) => ticket_id === ticketId);
  if (!ticket) throw new Error(`There is no sample ticket ${ticketId}.`);
  return ticket;
}

/** A playbook's world with the support agent's reading tools, the sample articles and the rules of the data folder. */
export function supportContext(options: FakeContextOptions = {}) {
  const services = { knowledge: createMemoryKnowledge(ARTICLES), ...options.services };
  return createPlaybookContext({
    tools: [readRecord, searchArticles, readArticle],
    agentId: "A5",
    ...options,
    services,
  });
}

/** T6 and T7 of a ticket done; `answers` go to their questions. */
export async function stepsFor(ticketId: string, answers: JsonObject = {}) {
  const ticket = ticketOf(ticketId);
  const { category, title, reasons } = await runPlaybook(categorizeTicket, supportContext({ answers }), { ticket });
  return runPlaybook(findSteps, supportContext({ answers }), { ticket, category, title, reasons });
}

/** The inputs of T8 for a ticket, as the mission file wires them. */
export async function draftInputsFor(ticketId: string, answers: JsonObject = {}) {
  const { topic, articles, steps } = await stepsFor(ticketId, answers);
  return { ticket: ticketOf(ticketId), topic, articles, steps, contact: CONTACT };
}
