import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  ChannelVersions,
  Checkpoint,
  CheckpointListOptions,
  CheckpointMetadata,
  CheckpointPendingWrite,
  CheckpointTuple,
  PendingWrite,
} from "@langchain/langgraph-checkpoint";
import {
  BaseCheckpointSaver,
  copyCheckpoint,
  getCheckpointId,
  maxChannelVersion,
  TASKS,
  WRITES_IDX_MAP,
} from "@langchain/langgraph-checkpoint";
import type { Unit } from "../../core/ports.js";
import type { RunFence } from "../../core/records.js";
import { toJson } from "./columns.js";
import type { Database } from "./database.js";
import { Latest } from "./latest.js";
import { packTyped, unpackTyped } from "./packed.js";
import {
  fenceOf,
  isByRows,
  isOwnStep,
  isQuestionOrError,
  namespaceOf,
  placeOf,
  requireThread,
  threadOf,
} from "./saver-config.js";
import {
  assertBlobs,
  assertCheckpoint,
  assertWrites,
  signedBlob,
  signedCheckpoint,
  signedWrite,
} from "./saver-digest.js";
import type { CheckpointKey } from "./saver-templates.js";
import { checkpointPruning, checkpointReads, checkpointWrites } from "./saver-templates.js";
import type { BlobRow, CheckpointRow, WriteRow } from "./schema.js";
import type { Query } from "./template.js";
import { once } from "./template.js";

/**
 * How many checkpoints of each thread and namespace stay. `all` is for time travel, and for graphs with channels of
 * LangGraph's beta `DeltaValue`, which are put together from older checkpoints.
 */
export type History = number | "all";

/** Two: the one to continue from, and the one before it, to look at and to fork from. */
const DEFAULT_HISTORY = 2;
/** Since this version of the format a checkpoint carries its pending sends itself. */
const SENDS_INSIDE = 4;
/** How long a checkpoint that nobody waits for may be overtaken by the next one of its thread. */
const MOMENT_MS = 20;
const VERSION_FRACTIONS = 1e9;
const MAX_THREADS_KNOWN = 1_000;
/** The first superstep in which a node works: what stands before it is the input, which a run's row has. */
const FIRST_WORK = 1;

/**
 * LangGraph's checkpoints, written with everything else of the same turn. With `configurable.run_id` and
 * `configurable.fence` a stale owner's checkpoint is refused; without them, as in a script, it is unguarded. What is not
 * as it was saved is never resumed from: reading it throws `checkpoint_damaged`.
 */
export class CheckpointSaver extends BaseCheckpointSaver {
  readonly #db: Database;
  readonly #history: History;
  readonly #writes: ReturnType<typeof checkpointWrites>;
  readonly #pruning: ReturnType<typeof checkpointPruning>;
  readonly #reads: ReturnType<typeof checkpointReads>;
  /** The checkpoints that nobody waits for. */
  readonly #later: Latest<Later>;
  /** Why the last unit of a thread and namespace that nobody waited for is not on disk. */
  readonly #failed = new Map<string, { readonly fence: number; readonly error: unknown }>();
  /** The stored values, as `channel version`, of the checkpoint last read or written in each thread and namespace. */
  readonly #stored = new Map<string, ReadonlySet<string>>();

  constructor(db: Database, history: History = DEFAULT_HISTORY) {
    super();
    this.#db = db;
    this.#history = history;
    this.#writes = checkpointWrites(db);
    this.#pruning = checkpointPruning(db);
    this.#reads = checkpointReads(db);
    this.#later = new Latest(MOMENT_MS, (place, given) => this.#writeLater(place, given));
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const threadId = threadOf(config);
    if (threadId === undefined) return undefined;
    await this.flush();
    const key = { thread_id: threadId, checkpoint_ns: namespaceOf(config) };
    const checkpointId = getCheckpointId(config);
    const query = checkpointId
      ? this.#reads.find.with({ ...key, checkpoint_id: checkpointId })
      : this.#reads.newest.with(key);
    const stored = await this.#read(query);
    return stored && this.#toTuple(stored);
  }

  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    await this.flush();
    for (const row of await this.#matching(config, options.before)) {
      if (left <= 0) return;
      if (options.filter && !(await this.#passes(row, options.filter))) continue;
      const stored = await this.#read(this.#reads.find.with(row));
      if (!stored) continue;
      left -= 1;
      yield await this.#toTuple(stored);
    }
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const threadId = requireThread(config, "a checkpoint");
    const key = { thread_id: threadId, checkpoint_ns: namespaceOf(config), checkpoint_id: checkpoint.id };
    const given: Given = {
      key,
      parent: getCheckpointId(config) || null,
      checkpoint: copyCheckpoint(checkpoint),
      metadata,
    };
    const fence = fenceOf(config);
    if (fence && isByRows(config) && isOwnStep(metadata)) {
      if (metadata.step >= FIRST_WORK) this.#putLater(given, fence);
      return { configurable: key };
    }
    await this.flush();
    await this.#write(given, fence, newVersions);
    return { configurable: key };
  }

  /**
   * Commits the checkpoints that nobody waits for. What fails is told to the next call on the thread under the same
   * fence, and by the store's own `flush`.
   */
  flush(): Promise<void> {
    return this.#later.flush();
  }

  #putLater(given: Given, fence: RunFence): void {
    const place = placeOf(given.key);
    const failed = this.#failed.get(place);
    this.#failed.delete(place);
    if (failed?.fence === fence.fence) throw failed.error;
    const overtaken = this.#later.get(place);
    this.#later.set(place, { ...given, fence, parent: overtaken ? overtaken.parent : given.parent });
  }

  async #writeLater(place: string, { fence, ...given }: Later): Promise<void> {
    try {
      await this.#write(given, fence);
    } catch (error) {
      this.#failed.set(place, { fence: fence.fence, error });
    }
  }

  /** Commits a checkpoint: its row, the values that are not there yet, and what goes for it. */
  async #write(
    { key, parent, checkpoint, metadata }: Given,
    fence: RunFence | undefined,
    newVersions?: ChannelVersions,
  ): Promise<void> {
    const { channel_values: values, ...rest } = checkpoint;
    const stored = this.#stored.get(placeOf(key));
    const versionOf = (channel: string) => String(newVersions?.[channel] ?? rest.channel_versions[channel]);
    // Nobody knows what of an overtaken one is on no disk: then everything is new that is not known to be stored.
    const isNew = (channel: string) =>
      newVersions ? Object.hasOwn(newVersions, channel) : !stored?.has(`${channel} ${versionOf(channel)}`);
    const changed = Object.keys(values).filter((channel) => values[channel] !== undefined && isNew(channel));
    const [[type, value], [metadataType, metadataValue], blobs] = await Promise.all([
      this.serde.dumpsTyped(rest),
      this.serde.dumpsTyped(metadata),
      Promise.all(changed.map(async (channel) => packTyped(await this.serde.dumpsTyped(values[channel])))),
    ]);
    const versions = Object.fromEntries(
      Object.keys(values).map((channel) => [channel, String(rest.channel_versions[channel])]),
    );
    const held = this.#heldOf(key, versions, new Set(changed));
    const row = signedCheckpoint({
      ...key,
      parent_checkpoint_id: parent,
      type,
      checkpoint: value,
      versions: toJson(versions),
      held: toJson(held),
      metadata_type: metadataType,
      metadata: metadataValue,
    });
    const kept = changed.map((channel, index) => {
      const [blobType, blob] = blobs[index] ?? ["null", new Uint8Array()];
      const version = versionOf(channel);
      return this.#writes.addBlob.with(signedBlob({ ...key, channel, version, type: blobType, value: blob }));
    });
    const statements = [this.#writes.put.with(row), ...kept, ...this.#prune(key, checkpoint.v)];
    await this.#db.commit(guarded(fence, statements));
    this.#remember(
      key,
      held.map((channel) => `${channel} ${versions[channel]}`),
    );
  }

  /** With a random fraction: two branches of a fork must not give one version to two values of a channel. */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(current ?? 0) + 1 + Math.floor(Math.random() * VERSION_FRACTIONS) / VERSION_FRACTIONS;
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string): Promise<void> {
    const key: CheckpointKey = {
      thread_id: requireThread(config, "writes"),
      checkpoint_ns: namespaceOf(config),
      checkpoint_id: getCheckpointId(config),
    };
    if (key.checkpoint_id === "") throw new Error('Writes need a "checkpoint_id" in "configurable".');
    if (isByRows(config) && !writes.some(isQuestionOrError)) return;
    await this.flush();
    const values = await Promise.all(writes.map(async ([, value]) => packTyped(await this.serde.dumpsTyped(value))));
    const statements = writes.map(([channel], index) => {
      const [type, value] = values[index] ?? ["null", new Uint8Array()];
      const idx = WRITES_IDX_MAP[channel] ?? index;
      const row = signedWrite({ ...key, task_id: taskId, idx, channel, type, value });
      // Errors, interrupts and answers have places below zero and are replaced; a task's own writes are made once.
      return (idx < 0 ? this.#writes.replaceWrite : this.#writes.addWrite).with(row);
    });
    await this.#db.commit(guarded(fenceOf(config), statements));
  }

  override async deleteThread(threadId: string): Promise<void> {
    const db = this.#db.sql;
    const checkpoints = db.deleteFrom("checkpoints").where("thread_id", "=", threadId);
    const blobs = db.deleteFrom("checkpoint_blobs").where("thread_id", "=", threadId);
    const writes = db.deleteFrom("checkpoint_writes").where("thread_id", "=", threadId);
    await this.#db.commit({ statements: [once(checkpoints), once(blobs), once(writes)] });
    this.#stored.clear();
  }

  /** The channels whose values are stored: those of this put, and those that stood at this version before. A value may also never have come. */
  #heldOf(key: CheckpointKey, versions: Readonly<Record<string, string>>, changed: ReadonlySet<string>): string[] {
    const stored = this.#stored.get(placeOf(key));
    return Object.keys(versions).filter(
      (channel) => changed.has(channel) || stored?.has(`${channel} ${versions[channel]}`),
    );
  }

  /** Of the threads used last only: to forget one only means that a value lost later is not missed. */
  #remember(key: CheckpointKey, values: readonly string[]): void {
    this.#stored.delete(placeOf(key));
    this.#stored.set(placeOf(key), new Set(values));
    const [oldest] = this.#stored.keys();
    if (this.#stored.size > MAX_THREADS_KNOWN && oldest !== undefined) this.#stored.delete(oldest);
  }

  /** What a superstep wrote is part of the checkpoint after it: writes stay while there is none, or a longer history is wanted. */
  #prune({ thread_id, checkpoint_ns }: CheckpointKey, format: number) {
    if (this.#history === "all") return [];
    const values = { thread_id, checkpoint_ns, kept: Math.max(1, this.#history) - 1 };
    const areNeeded = this.#history > DEFAULT_HISTORY || format < SENDS_INSIDE;
    const { pruneWrites, prune, pruneBlobs } = this.#pruning;
    return [pruneWrites.with(areNeeded ? values : { ...values, kept: 0 }), prune.with(values), pruneBlobs.with(values)];
  }

  /** A checkpoint with all its parts, of one moment: they may be pruned between two. */
  #read(query: Query<CheckpointRow>): Promise<Stored | undefined> {
    return this.#db.readTogether((read) => {
      const [row] = read(query);
      if (row) assertCheckpoint(row);
      return row && { row, blobs: read(this.#reads.blobsOf.with(row)), writes: read(this.#reads.writesOf.with(row)) };
    });
  }

  /** Keys and metadata only, newest first: a filter reads many rows and loads few. */
  #matching(config: RunnableConfig, before: RunnableConfig | undefined) {
    const threadId = threadOf(config);
    const namespace: unknown = config.configurable?.["checkpoint_ns"];
    const checkpointId = getCheckpointId(config);
    const beforeId = before && getCheckpointId(before);
    let query = this.#db.sql
      .selectFrom("checkpoints")
      .select(["thread_id", "checkpoint_ns", "checkpoint_id", "metadata_type", "metadata"])
      .orderBy("checkpoint_id", "desc")
      .orderBy("thread_id")
      .orderBy("checkpoint_ns");
    if (threadId !== undefined) query = query.where("thread_id", "=", threadId);
    if (typeof namespace === "string") query = query.where("checkpoint_ns", "=", namespace);
    if (checkpointId) query = query.where("checkpoint_id", "=", checkpointId);
    if (beforeId) query = query.where("checkpoint_id", "<", beforeId);
    return this.#db.readTogether((read) => read(once(query)));
  }

  /** What cannot be read passes: putting its tuple together then says that it is damaged. */
  async #passes(
    row: Pick<CheckpointRow, "metadata_type" | "metadata">,
    filter: Record<string, unknown>,
  ): Promise<boolean> {
    let metadata: Record<string, unknown>;
    try {
      metadata = await this.serde.loadsTyped(row.metadata_type, row.metadata);
    } catch {
      return true;
    }
    return Object.entries(filter).every(([name, value]) => value === undefined || metadata[name] === value);
  }

  async #toTuple({ row, blobs, writes }: Stored): Promise<CheckpointTuple> {
    assertBlobs(row, blobs);
    assertWrites(row, writes);
    const { thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id } = row;
    this.#remember(
      row,
      blobs.map(({ channel, version }) => `${channel} ${version}`),
    );
    const checkpoint: Checkpoint = {
      ...(await this.serde.loadsTyped(row.type, row.checkpoint)),
      channel_values: await this.#valuesOf(blobs),
    };
    if (checkpoint.v < SENDS_INSIDE && parent_checkpoint_id !== null)
      await this.#addSends(checkpoint, row, parent_checkpoint_id);
    const parent = parent_checkpoint_id !== null && {
      parentConfig: { configurable: { thread_id, checkpoint_ns, checkpoint_id: parent_checkpoint_id } },
    };
    return {
      config: { configurable: { thread_id, checkpoint_ns, checkpoint_id } },
      checkpoint,
      metadata: await this.serde.loadsTyped(row.metadata_type, row.metadata),
      pendingWrites: await this.#pendingOf(writes),
      ...parent,
    };
  }

  async #valuesOf(blobs: readonly BlobRow[]): Promise<Record<string, unknown>> {
    const values = blobs.map(
      async ({ channel, type, value }) => [channel, await this.serde.loadsTyped(...unpackTyped(type, value))] as const,
    );
    return Object.fromEntries(await Promise.all(values));
  }

  #pendingOf(writes: readonly WriteRow[]): Promise<CheckpointPendingWrite[]> {
    return Promise.all(
      writes.map(
        async ({ task_id, channel, type, value }): Promise<CheckpointPendingWrite> => [
          task_id,
          channel,
          await this.serde.loadsTyped(...unpackTyped(type, value)),
        ],
      ),
    );
  }

  /** Older formats kept a checkpoint's sends among its parent's writes. */
  async #addSends(checkpoint: Checkpoint, row: CheckpointRow, parentId: string): Promise<void> {
    const query = this.#reads.writesOf.with({ ...row, checkpoint_id: parentId });
    const writes = await this.#db.readTogether((read) => read(query));
    assertWrites(row, writes);
    const sends = writes.filter((write) => write.channel === TASKS);
    checkpoint.channel_values[TASKS] = await Promise.all(
      sends.map((send) => this.serde.loadsTyped(...unpackTyped(send.type, send.value))),
    );
    const versions = Object.values(checkpoint.channel_versions);
    checkpoint.channel_versions[TASKS] =
      versions.length > 0 ? maxChannelVersion(...versions) : this.getNextVersion(undefined);
  }
}

/** A checkpoint as LangGraph gives it. */
interface Given {
  readonly key: CheckpointKey;
  readonly parent: string | null;
  readonly checkpoint: Checkpoint;
  readonly metadata: CheckpointMetadata;
}

interface Later extends Given {
  readonly fence: RunFence;
}

/** A checkpoint's row with its values and the writes that follow it. */
interface Stored {
  readonly row: CheckpointRow;
  readonly blobs: readonly BlobRow[];
  readonly writes: readonly WriteRow[];
}

function guarded(fence: RunFence | undefined, statements: Unit["statements"]): Unit {
  return fence ? { fence, statements } : { statements };
}
