import type { JsonObject } from "./digest.js";

/** One help article. */
export interface Article {
  readonly articleId: string;
  readonly title: string;
  readonly body: string;
}

/** Our help articles, searched by words (SQLite FTS5: porter stemming, bm25). */
export interface Knowledge {
  /** Best first, at most `limit`. `score` is positive, higher is better, comparable within one search only. */
  search(
    keywords: string,
    options: { limit: number; signal: AbortSignal },
  ): Promise<readonly { articleId: string; title: string; excerpt: string; score: number }[]>;
  get(articleId: string): Promise<Article | undefined>;
}

/** One entry of our own calendar table. */
export interface CalendarEntry {
  /** Whose calendar: `team:<id>` or `customer:<id>`. */
  readonly calendarId: string;
  readonly title: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly attendees: readonly string[];
  readonly runId: string;
}

/** An entry with the key under which it stands once. */
export interface KeyedEntry extends CalendarEntry {
  readonly key: string;
}

/** Our own calendar table. Nothing here invites anybody. */
export interface Calendar {
  /** Entries that overlap [from, to), by start. */
  busy(calendarId: string, from: Date, to: Date): Promise<readonly CalendarEntry[]>;
  /**
   * Writes all entries or none, each once for its key; a second call with a key changes nothing. Rejects with `time_taken`
   * when another entry of the same calendar overlaps, whoever wrote it and when. Returns the entries' ids, in order.
   */
  book(entries: readonly KeyedEntry[]): Promise<readonly string[]>;
  /** The id of the entry that was booked with this key. */
  find(key: string): Promise<string | undefined>;
  /** Takes the entries with these keys out, all or none; nothing for those that are not there. */
  cancel(keys: readonly string[]): Promise<void>;
}

/** A message of ours: a draft, or one that is ready to be sent. Nothing leaves the machine from here. */
export interface Message {
  readonly box: "drafts" | "outbox";
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly runId: string;
}

/** Our drafts and outbox tables. */
export interface Messages {
  /** Writes the message once for each key; a second call with the key changes nothing. Returns the message's id. */
  put(message: Message, key: string): Promise<string>;
  find(key: string): Promise<string | undefined>;
  /** Takes the message with this key back; nothing when it is not there. */
  withdraw(key: string): Promise<void>;
}

/** Text files that a case refers to, inside the data folder only. */
export interface Documents {
  /**
   * The text of a file, by its path relative to the data folder. `scan` for a file without text (an image, a PDF
   * without a text layer), `missing` when there is none. A path that leaves the folder is refused by throwing.
   */
  read(path: string): Promise<{ kind: "text"; text: string } | { kind: "scan" } | { kind: "missing" }>;
}

/** Read-only JSON records of the house (calendars, holidays, activities): files of the data folder. */
export interface Records {
  /** The parsed JSON of `<data>/<path>`; `undefined` when there is none. A path that leaves the folder is refused by throwing. */
  read(path: string): Promise<JsonObject | readonly JsonObject[] | undefined>;
}
