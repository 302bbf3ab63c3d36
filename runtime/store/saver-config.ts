import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointMetadata, PendingWrite } from "@langchain/langgraph-checkpoint";
import { WRITES_IDX_MAP } from "@langchain/langgraph-checkpoint";
import type { RunFence } from "../../core/records.js";
import type { CheckpointKey } from "./saver-templates.js";

/**
 * In `configurable`, beside a fence: the run's rows hold what its tasks did, and whatever checkpoint is there is continued
 * by them. So nobody waits for the graph's checkpoints, and of several within a moment the newest is made into rows alone;
 * there is none before a node has worked; and what nodes wrote since the last one is not kept. Underscores keep it out of
 * the metadata.
 */
export const BY_ROWS = "__by_rows";

/** True in the graph of a run whose rows are the truth, and not in a graph that is a part of it. */
export function isByRows(config: RunnableConfig): boolean {
  return config.configurable?.[BY_ROWS] === true && namespaceOf(config) === "";
}

/** True for what the graph itself saves on its way, and not for what somebody puts into its thread. */
export function isOwnStep({ source }: CheckpointMetadata): boolean {
  return source === "input" || source === "loop";
}

export function isQuestionOrError([channel]: PendingWrite): boolean {
  return WRITES_IDX_MAP[channel] !== undefined;
}

export function fenceOf(config: RunnableConfig): RunFence | undefined {
  const runId: unknown = config.configurable?.["run_id"];
  const fence: unknown = config.configurable?.["fence"];
  return typeof runId === "string" && typeof fence === "number" ? { runId, fence } : undefined;
}

export function placeOf({ thread_id, checkpoint_ns }: CheckpointKey): string {
  return JSON.stringify([thread_id, checkpoint_ns]);
}

export function threadOf(config: RunnableConfig): string | undefined {
  const threadId: unknown = config.configurable?.["thread_id"];
  return threadId === undefined ? undefined : String(threadId);
}

export function namespaceOf(config: RunnableConfig): string {
  const namespace: unknown = config.configurable?.["checkpoint_ns"];
  return typeof namespace === "string" ? namespace : "";
}

export function requireThread(config: RunnableConfig, what: string): string {
  const threadId = threadOf(config);
  if (threadId === undefined) throw new Error(`Saving ${what} needs a "thread_id" in "configurable".`);
  return threadId;
}
