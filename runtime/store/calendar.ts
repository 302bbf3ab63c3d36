import { sql } from "kysely";
import { sha256 } from "../../core/digest.js";
import type { Calendar, CalendarEntry, KeyedEntry } from "../../core/services.js";
import { fromJson, toJson, toText } from "./columns.js";
import type { Database } from "./database.js";
import type { CalendarRow } from "./schema.js";
import { mustChange, Template } from "./template.js";

const COLUMNS = ["entry_id", "key", "calendar_id", "title", "starts_at", "ends_at", "attendees", "run_id"] as const;

/**
 * Our own calendar. That no two entries overlap is part of the insert itself, so it holds across processes. An entry's id
 * follows from its key, so that booking twice answers alike.
 */
export class CalendarStore implements Calendar {
  readonly #db: Database;
  readonly #book: Template<CalendarRow>;
  readonly #busy: Template<{ calendar_id: string; from: string; to: string }, CalendarRow>;
  readonly #cancel: Template<{ key: string }>;
  readonly #find: Template<{ key: string }, { entry_id: string }>;

  constructor(db: Database) {
    this.#db = db;
    this.#book = new Template((hole) => {
      const own = db.sql.selectFrom("calendar").select("key").where("key", "=", hole("key"));
      const overlapping = db.sql
        .selectFrom("calendar")
        .select("key")
        .where("calendar_id", "=", hole("calendar_id"))
        .where("starts_at", "<", hole("ends_at"))
        .where("ends_at", ">", hole("starts_at"));
      const values = COLUMNS.map((column) => sql<string>`${hole(column)}`.as(column));
      return db.sql
        .insertInto("calendar")
        .columns(COLUMNS)
        .expression(
          db.sql.selectNoFrom(values).where(({ exists, not, or }) => or([exists(own), not(exists(overlapping))])),
        )
        .onConflict((conflict) => conflict.column("key").doUpdateSet({ key: (row) => row.ref("excluded.key") }));
    });
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
    this.#cancel = new Template((hole) => db.sql.deleteFrom("calendar").where("key", "=", hole("key")));
    this.#find = new Template((hole) =>
      db.sql.selectFrom("calendar").select("entry_id").where("key", "=", hole("key")),
    );
  }

  async busy(calendarId: string, from: Date, to: Date): Promise<readonly CalendarEntry[]> {
    const values = { calendar_id: calendarId, from: toText(from), to: toText(to) };
    return (await this.#db.read(this.#busy.with(values))).map(toEntry);
  }

  async book(entries: readonly KeyedEntry[]): Promise<readonly string[]> {
    const rows = entries.map(toRow);
    const statements = rows.map((row) =>
      mustChange(this.#book.with(row), "time_taken", `${row.calendar_id} is taken at ${row.starts_at}.`),
    );
    await this.#db.commit({ statements });
    return rows.map((row) => row.entry_id);
  }

  async find(key: string): Promise<string | undefined> {
    const [row] = await this.#db.read(this.#find.with({ key }));
    return row?.entry_id;
  }

  async cancel(keys: readonly string[]): Promise<void> {
    await this.#db.commit({ statements: keys.map((key) => this.#cancel.with({ key })) });
  }
}

function toRow({ key, calendarId, title, startsAt, endsAt, attendees, runId }: KeyedEntry): CalendarRow {
  return {
    entry_id: `entry-${sha256(key).slice(0, 16)}`,
    key,
    calendar_id: calendarId,
    title,
    starts_at: toText(startsAt),
    ends_at: toText(endsAt),
    attendees: toJson(attendees),
    run_id: runId,
  };
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
