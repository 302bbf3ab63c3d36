import { hash } from "node:crypto";
import { OrchestratorError } from "../../core/errors.js";
import { fromJson } from "./columns.js";
import type { BlobRow, CheckpointRow, WriteRow } from "./schema.js";

type Unsigned<Row> = Omit<Row, "digest">;

/** The row with the digest of everything in it, its key included: a row that was altered or put elsewhere shows. */
export function signedCheckpoint(row: Unsigned<CheckpointRow>): CheckpointRow {
  return { ...row, digest: checkpointDigest(row) };
}

/** As `signedCheckpoint`, for a channel's value. */
export function signedBlob(row: Unsigned<BlobRow>): BlobRow {
  return { ...row, digest: blobDigest(row) };
}

/** As `signedCheckpoint`, for a task's write. */
export function signedWrite(row: Unsigned<WriteRow>): WriteRow {
  return { ...row, digest: writeDigest(row) };
}

/** Throws `checkpoint_damaged` when the checkpoint is not as it was saved. */
export function assertCheckpoint(row: CheckpointRow): void {
  if (checkpointDigest(row) !== row.digest) throw damaged(row, "the checkpoint itself was altered");
}

/** Throws `checkpoint_damaged` unless these are the values that the checkpoint was saved with, as they were saved. */
export function assertBlobs(row: CheckpointRow, blobs: readonly BlobRow[]): void {
  const altered = blobs.find((blob) => blobDigest(blob) !== blob.digest);
  if (altered) throw damaged(row, `the value of channel "${altered.channel}" was altered`);
  const missing = fromJson<string[]>(row.held).find((name) => !blobs.some(({ channel }) => channel === name));
  if (missing !== undefined) throw damaged(row, `the value of channel "${missing}" is missing`);
}

/** Throws `checkpoint_damaged` when a write that follows the checkpoint is not as it was saved. */
export function assertWrites(row: CheckpointRow, writes: readonly WriteRow[]): void {
  const altered = writes.find((write) => writeDigest(write) !== write.digest);
  if (altered) throw damaged(row, `a write to channel "${altered.channel}" was altered`);
}

function checkpointDigest(row: Unsigned<CheckpointRow>): string {
  const { thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, versions, held, metadata_type } = row;
  const texts = [thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, versions, held, metadata_type];
  return digestOfParts(texts, row.checkpoint, row.metadata);
}

function blobDigest({ thread_id, checkpoint_ns, channel, version, type, value }: Unsigned<BlobRow>): string {
  return digestOfParts([thread_id, checkpoint_ns, channel, version, type], value);
}

function writeDigest(row: Unsigned<WriteRow>): string {
  const { thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value } = row;
  return digestOfParts([thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type], value);
}

/** The lengths stand in front, so that no byte can move from one part to the next unseen. */
function digestOfParts(texts: readonly (string | number | null)[], ...bytes: readonly Uint8Array[]): string {
  const head = Buffer.from(JSON.stringify([...texts, ...bytes.map(({ length }) => length)]));
  // What was put in by another hand may be text.
  return hash("sha256", Buffer.concat([head, ...bytes.map((part) => Buffer.from(part))]), "hex");
}

function damaged({ thread_id, checkpoint_ns, checkpoint_id }: CheckpointRow, what: string): OrchestratorError {
  const where = checkpoint_ns === "" ? "" : ` in "${checkpoint_ns}"`;
  return new OrchestratorError(
    "checkpoint_damaged",
    `Checkpoint ${checkpoint_id} of thread ${thread_id}${where} is damaged: ${what}. Nothing was resumed. Put a copy of ` +
      `the store from before the damage in its place. Or drop the thread's checkpoints with ` +
      `checkpointer.deleteThread("${thread_id}"): the next call begins at the plan again, and what the run's own rows ` +
      `hold as done is not done twice.`,
  );
}
