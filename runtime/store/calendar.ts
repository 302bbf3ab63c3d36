import { sha256 } from "../../core/digest.js";
import type { Calendar, CalendarEntry } from "../../core/services.js";
import { fromJson, toJson, toText } from "./columns.js";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import type { CalendarRow } from "./schema.js";
import { Template } from "./template.js";

const COLUMNS = ["entry_id", "key", "calendar_id", "title", "starts_at", "ends_at", "attendees", "run_id"] as const;

/** Our own calendar. An entry's id follows from its key, so that booking twice answers alike. */
export class CalendarStore implements Calendar {
  readonly #db: Database;
  readonly #book: Template<CalendarRow>;
  readonly #busy: Template<{ calendar_id: string; from: string; to: string }, CalendarRow>;
  readonly #find: Template<{ key: string }, { entry_id: string }>;

  constructor(db: Database) {
    this.#db = db;
    this.#book = insertOf(db.sql, "calendar", COLUMNS, (insert) =>
      insert.onConflict((conflict) => conflict.column("key").doNothing()),
    );
    this.#busy = new Template((hole) =>
      db.sql
        .selectFrom("calendar")
        .selectAll()
        .where("calendar_id", "=", hole("calendar_id"))
        .where("starts_at", "<", hole("to"))
        .where("ends_at", ">", hole("from"))
        .orderBy("starts_at")
        .orderBy("entry_id"),
    );
    this.#find = new Template((hole) =>
      db.sql.selectFrom("calendar").select("entry_id").where("key", "=", hole("key")),
    );
  }

  async busy(calendarId: string, from: Date, to: Date): Promise<readonly CalendarEntry[]> {
    const values = { calendar_id: calendarId, from: toText(from), to: toText(to) };
    return (await this.#db.read(this.#busy.with(values))).map(toEntry);
  }

  async book(entry: CalendarEntry, key: string): Promise<string> {
    const entryId = `entry-${sha256(key).slice(0, 16)}`;
    const row: CalendarRow = {
      entry_id: entryId,
      key,
      calendar_id: entry.calendarId,
      title: entry.title,
      starts_at: toText(entry.startsAt),
      ends_at: toText(entry.endsAt),
      attendees: toJson(entry.attendees),
      run_id: entry.runId,
    };
    await this.#db.commit({ statements: [this.#book.with(row)] });
    return entryId;
  }

  async find(key: string): Promise<string | undefined> {
    const [row] = await this.#db.read(this.#find.with({ key }));
    return row?.entry_id;
  }
}

function toEntry(row: CalendarRow): CalendarEntry {
  return {
    calendarId: row.calendar_id,
    title: row.title,
    startsAt: new Date(row.starts_at),
    endsAt: new Date(row.ends_at),
    attendees: fromJson<string[]>(row.attendees),
    runId: row.run_id,
  };
}
