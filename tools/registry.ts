import type { ToolDefinition } from "../core/tool.js";
import { bookCalendarEntry } from "./book-calendar-entry.js";
import { findBusyTimes } from "./find-busy-times.js";
import { findPublicHolidays } from "./find-public-holidays.js";
import { getScoringRules } from "./get-scoring-rules.js";
import { listDealActivities } from "./list-deal-activities.js";
import { putInOutbox } from "./put-in-outbox.js";
import { readArticle } from "./read-article.js";
import { readDocument } from "./read-document.js";
import { readRecord } from "./read-record.js";
import { searchArticles } from "./search-articles.js";

/** Every tool there is. What is not listed here cannot be called. */
export const tools: readonly ToolDefinition[] = [
  bookCalendarEntry,
  findBusyTimes,
  findPublicHolidays,
  getScoringRules,
  listDealActivities,
  putInOutbox,
  readArticle,
  readDocument,
  readRecord,
  searchArticles,
];
