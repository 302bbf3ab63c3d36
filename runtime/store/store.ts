import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Clock, Store } from "../../core/ports.js";
import type { EventRecord } from "../../core/records.js";
import { ApprovalStore } from "./approvals.js";
import { ArticleStore } from "./articles.js";
import { CalendarStore } from "./calendar.js";
import { SqliteDatabase } from "./database.js";
import { EffectStore } from "./effects.js";
import { EventStore } from "./events.js";
import { FigureStore } from "./figures.js";
import { JournalStore } from "./journal.js";
import { KillStore } from "./kills.js";
import { MessageStore } from "./messages.js";
import { MissionStore } from "./missions.js";
import { ObservationStore } from "./observations.js";
import { ResourceStore } from "./resources.js";
import { ResultStore } from "./results.js";
import { RunStore } from "./runs.js";
import type { History } from "./saver.js";
import { CheckpointSaver } from "./saver.js";
import { openSqlite } from "./sqlite.js";
import { storePathOf } from "./store-path.js";
import { TaskStore } from "./tasks.js";

export interface StoreOptions {
  /** Checkpoints kept of each thread and namespace; default the newest two. */
  readonly history?: History;
  /** Gets every event that this process appends to the file, once it is on disk. */
  readonly onEvent?: (event: EventRecord) => void;
  /** Stamps events, as it stamps the rows beside them. */
  readonly clock?: Clock;
  /** Called after each commit, before anybody hears of it: what a crash at this moment would leave is on disk. */
  readonly afterCommit?: () => void;
  /** How long to wait for another process's lock; default five seconds. Heeded by the first to open the file. */
  readonly busyTimeoutMs?: number;
}

/** A store with the saver that keeps LangGraph's checkpoints in it. */
export interface OpenStore extends Store {
  readonly checkpointer: BaseCheckpointSaver;
}

/**
 * Opens the store of a URL, `sqlite:<path>`, and creates the file when there is none. Opening one file twice in a
 * process shares one handle; each opener closes once.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<OpenStore> {
  const file = openSqlite(
    storePathOf(url),
    options.busyTimeoutMs === undefined ? {} : { busyTimeoutMs: options.busyTimeoutMs },
  );
  const stopListening = file.commits.listen(options);
  const db = new SqliteDatabase(file, options.clock ?? { now: () => new Date() });
  let closing: Promise<void> | undefined;
  const kills = new KillStore(db);
  const checkpointer = new CheckpointSaver(db, options.history);
  return {
    url,
    runs: new RunStore(db),
    tasks: new TaskStore(db),
    results: new ResultStore(db),
    journal: new JournalStore(db),
    effects: new EffectStore(db, kills),
    resources: new ResourceStore(db),
    approvals: new ApprovalStore(db),
    events: new EventStore(db),
    observations: new ObservationStore(db),
    figures: new FigureStore(db),
    missions: new MissionStore(db),
    kills,
    calendar: new CalendarStore(db),
    messages: new MessageStore(db),
    articles: new ArticleStore(db),
    checkpointer,
    commit: (unit) => db.commit(unit),
    async flush() {
      await checkpointer.flush();
      await db.flush();
    },
    close() {
      closing ??= checkpointer
        .flush()
        .then(() => db.close())
        .finally(stopListening);
      return closing;
    },
  };
}
