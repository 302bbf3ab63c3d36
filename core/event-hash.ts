import { canonicalJson, sha256 } from "./digest.js";
import type { EventRecord } from "./records.js";

/** What the first event of a run has in place of a previous hash. */
export const FIRST_HASH = "";

/**
 * The hash of an event: sha256 of the RFC 8785 form of everything that is known of it, and of the hash before it.
 * Appending and verifying share it. The members are put in their order here, since every event passes through.
 */
export function hashOfEvent(event: Omit<EventRecord, "hash">): string {
  const members = [
    `"at":"${event.at.toISOString()}"`,
    `"data":${canonicalJson(event.data)}`,
    `"key":${canonicalJson(event.key)}`,
    `"previous_hash":${canonicalJson(event.previousHash)}`,
    `"run_id":${canonicalJson(event.runId)}`,
    `"seq":${canonicalJson(event.seq)}`,
    ...(event.taskId === undefined ? [] : [`"task_id":${canonicalJson(event.taskId)}`]),
    `"type":${canonicalJson(event.type)}`,
  ];
  return sha256(`{${members.join(",")}}`);
}
