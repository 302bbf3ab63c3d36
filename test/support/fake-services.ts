import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../../core/digest.js";
import { OrchestratorError } from "../../core/errors.js";
import type { Calendar, CalendarEntry, Documents, Knowledge, Messages, Records } from "../../core/services.js";

/** What tools reach in a test: fakes in memory, files of the project's own `data` folder unless given otherwise. */
export interface FakeServices {
  readonly knowledge: Knowledge;
  readonly calendar: Calendar;
  readonly messages: Messages;
  readonly documents: Documents;
  readonly records: Records;
}

const DATA_FOLDER = join(import.meta.dirname, "../../data");

/** All services, with those given in place of the defaults. */
export function createFakeServices(services: Partial<FakeServices> = {}): FakeServices {
  return {
    knowledge: { search: async () => [], get: async () => undefined },
    calendar: createMemoryCalendar(),
    messages: createMemoryMessages(),
    documents: { read: async (path) => readDocumentFile(path) },
    records: { read: async (path) => readRecords(path) },
    ...services,
  };
}

/** A calendar in memory; `entries` may be looked at and filled by a test. */
export function createMemoryCalendar(entries: CalendarEntry[] = []): Calendar & { readonly entries: CalendarEntry[] } {
  const keys = new Map<string, string>();
  return {
    entries,
    async busy(calendarId, from, to) {
      return entries
        .filter((entry) => entry.calendarId === calendarId && entry.startsAt < to && entry.endsAt > from)
        .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime());
    },
    async book(wanted) {
      const missing = wanted.filter(({ key }) => !keys.has(key));
      for (const { calendarId, startsAt, endsAt } of missing) {
        const isTaken = entries.some(
          (entry) => entry.calendarId === calendarId && entry.startsAt < endsAt && entry.endsAt > startsAt,
        );
        const message = `${calendarId} is taken at ${startsAt.toISOString()}.`;
        if (isTaken) throw new OrchestratorError("time_taken", message);
      }
      for (const { key, ...entry } of missing) keys.set(key, `entry-${entries.push(entry)}`);
      return wanted.map(({ key }) => keys.get(key) ?? "");
    },
    find: async (key) => keys.get(key),
    async cancel(gone) {
      for (const key of gone) {
        const id = keys.get(key);
        if (id !== undefined) delete entries[Number(id.slice("entry-".length)) - 1];
        keys.delete(key);
      }
    },
  };
}

/** Drafts and outbox in memory. */
export function createMemoryMessages(): Messages {
  const keys = new Map<string, string>();
  return {
    async put(_message, key) {
      const id = keys.get(key) ?? `message-${keys.size + 1}`;
      keys.set(key, id);
      return id;
    },
    find: async (key) => keys.get(key),
    async withdraw(key) {
      keys.delete(key);
    },
  };
}

/** Documents from a map of path to text; `null` stands for a scan. */
export function createMemoryDocuments(files: Readonly<Record<string, string | null>>): Documents {
  return {
    async read(path) {
      const text = files[path];
      if (text === undefined) return { kind: "missing" };
      return text === null ? { kind: "scan" } : { kind: "text", text };
    },
  };
}

/** Records from a map of path to JSON. */
export function createMemoryRecords(files: Readonly<Record<string, JsonObject | readonly JsonObject[]>>): Records {
  return { read: async (path) => files[path] };
}

/** A JSON file of the project's own data folder. */
export function readDataFile(path: string): unknown {
  return JSON.parse(readFileSync(join(DATA_FOLDER, path), "utf8"));
}

function readDocumentFile(path: string): Awaited<ReturnType<Documents["read"]>> {
  try {
    const text = readFileSync(join(DATA_FOLDER, path), "utf8");
    return /\.(txt|md)$/u.test(path) ? { kind: "text", text } : { kind: "scan" };
  } catch {
    return { kind: "missing" };
  }
}

function readRecords(path: string): Awaited<ReturnType<Records["read"]>> {
  // Sample files are JSON objects or lists of objects; what reads them parses them with zod.
  return readDataFile(path) as JsonObject;
}
