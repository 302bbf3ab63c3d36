/** A process of its own that works on a store, for tests of what several processes do: `<command> <url> <arguments as JSON>`. */
import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { hasCode } from "../../core/errors.js";
import { openSqlite } from "../../runtime/store/sqlite.js";
import type { OpenStore } from "../../runtime/store/store.js";
import { openStore } from "../../runtime/store/store.js";
import { effectRecord, resultRecord, taskRecord } from "./records.js";

type Command = (store: OpenStore, args: Record<string, unknown>) => Promise<unknown>;

/** Tells the parent at once: a line that was written stays written when the process is killed. */
function say(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

async function wins(acts: readonly (() => Promise<void>)[]): Promise<number> {
  let won = 0;
  for (const act of acts) {
    try {
      await act();
      won += 1;
    } catch (error) {
      if (!hasCode(error, "already_decided", "time_taken")) throw error;
    }
  }
  return won;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  /** Appends its own and shared events to one run, one commit each. */
  async append(store, { runId, name, count }) {
    for (let index = 0; index < Number(count); index += 1) {
      const events = [`${name}:${index}`, `shared:${index}`].map((key) => ({
        runId: String(runId),
        type: "task_progress" as const,
        key,
        data: { index },
      }));
      await store.commit({ statements: [], events });
    }
    return Number(count);
  },

  /** Decides every approval given; answers how many it was the first to decide. */
  async decide(store, { ids, digest, by }) {
    const approvals: unknown[] = Array.isArray(ids) ? ids : [];
    return wins(
      approvals.map((id) => () => {
        const decision = { type: "approve" as const };
        const statements = store.approvals.decide(String(id), String(digest), decision, String(by), false, new Date());
        return store.commit({ statements });
      }),
    );
  },

  /** Claims effects `0…count-1`; answers how many it got. */
  async claim(store, { count, runId }) {
    const ids = Array.from({ length: Number(count) }, (_, index) => `effect-${index}`);
    return wins(
      ids.map((id) => () => store.commit({ statements: store.effects.claim(effectRecord(id, String(runId))) })),
    );
  },

  /** Books each hour in a shared calendar and in one of its own, last the shared one; answers how many it got. */
  async book(store, { name, hours }) {
    const first = Date.parse("2026-03-02T00:00:00Z");
    return wins(
      Array.from({ length: Number(hours) }, (_, hour) => async () => {
        const startsAt = new Date(first + hour * 3_600_000);
        const entry = {
          title: String(name),
          startsAt,
          endsAt: new Date(startsAt.getTime() + 3_600_000),
          attendees: [],
        };
        const places = [`customer:${name}`, "team:shared"];
        const keyed = places.map((calendarId) => ({
          ...entry,
          calendarId,
          runId: "R1",
          key: `${name}/${hour}/${calendarId}`,
        }));
        await store.calendar.book(keyed);
      }),
    );
  },

  /** Takes the lease, says so, and stays until it is killed. */
  async hold(store, { runId }) {
    say(await store.runs.takeLease(String(runId), `${process.pid}@${hostname()}:child`, 600_000));
    await new Promise((resolve) => setTimeout(resolve, 600_000));
    return undefined;
  },

  /** Holds the write lock of the file until it is killed. */
  async lock() {
    const { handle } = openSqlite(url.slice("sqlite:".length));
    handle.exec("begin immediate");
    say("locked");
    await new Promise((resolve) => setTimeout(resolve, 600_000));
    return undefined;
  },

  /** Commits task, result and event of one step together, without end, and says each step that is on disk. */
  async stream(store, { runId }) {
    for (let step = 1; ; step += 1) {
      const taskId = `T${step}`;
      const statements = [
        ...store.tasks.put([taskRecord(String(runId), taskId, { status: "done" })]),
        ...store.results.put(resultRecord(String(runId), taskId, { step })),
      ];
      const event = {
        runId: String(runId),
        type: "task_done" as const,
        key: `task_done:${taskId}:1`,
        taskId,
        data: {},
      };
      await store.commit({ statements, events: [event] });
      say(step);
    }
  },
};

const [, , command = "", url = "", args = "{}"] = process.argv;
const store = await openStore(url);
say(await COMMANDS[command]?.(store, JSON.parse(args)));
await store.close();
