import { didYouMean } from "./lookup.js";
import type { Task } from "./mission.js";
import type { Subject } from "./verify-subject.js";

/** One thing that a task reads: a name (`T1`, `case`, `blackboard`) and the way into it. */
export interface Read {
  readonly root: string;
  readonly path: readonly string[];
  /** True where its absence is provided for. */
  readonly isOptional: boolean;
  readonly pointer: string;
}

/** Checks that what a task reads is there when it runs. Names that are neither a task nor the board are not looked at. */
export function verifyRead(subject: Subject, reader: Task, read: Read): void {
  if (read.root === "blackboard") verifyBoardRead(subject, reader, read);
  const producer = subject.tasks.get(read.root);
  if (producer) verifyTaskRead(subject, reader, producer, read);
}

/** Checks that a task's result has the field, whoever reads it. */
export function verifyField(subject: Subject, producer: Task, { path, isOptional, pointer }: Read): void {
  const standIn = typeof producer.onFailure === "object" ? subject.tasks.get(producer.onFailure.task) : undefined;
  for (const task of standIn ? [producer, standIn] : [producer]) {
    const contract = subject.contractOf(task);
    const ruling = contract.rulingOn(path);
    const name = [producer.id, ...path].join(".");
    const whose =
      task === producer ? `the result of ${task.id}` : `the result of ${task.id}, which stands in for ${producer.id},`;
    if (ruling === "lacks") {
      subject.report(
        "no_such_field",
        pointer,
        `${name}: ${whose} has no field "${path.join(".")}".${didYouMean(path[0] ?? "", contract.fields)}`,
      );
    } else if (ruling === "optional" && !isOptional) {
      subject.report(
        "input_may_be_absent",
        pointer,
        `${name}: ${whose} does not always have this field. Mark it with "?" or make the contract demand it.`,
      );
    }
  }
}

function verifyTaskRead(subject: Subject, reader: Task, producer: Task, read: Read): void {
  const { dependencies, report } = subject;
  if (!dependencies.isAncestor(producer.id, reader.id)) {
    report(
      "not_depended_on",
      read.pointer,
      `${reader.id} reads ${producer.id} but does not depend on it, directly or not; add it to depends_on.`,
    );
    return;
  }
  if (!read.isOptional && !dependencies.isSurelyDone(producer.id, reader.id)) {
    const message = `${producer.id} may be skipped or absent when ${reader.id} runs (${whyAbsent(subject, producer, reader)}). Mark it with "?".`;
    report("input_may_be_absent", read.pointer, message);
    return;
  }
  verifyField(subject, producer, read);
}

function whyAbsent({ mission }: Subject, producer: Task, reader: Task): string {
  if (producer.when !== undefined) return "it has a condition";
  if (mission.tasks.some(({ route }) => route?.some(({ to }) => to === producer.id)))
    return "a route may not choose it";
  if (producer.onFailure === "continue") return "the mission goes on when it fails";
  if (mission.tasks.some(({ onFailure }) => typeof onFailure === "object" && onFailure.task === producer.id))
    return "it only stands in for a failed task";
  if (reader.join) return "its join may go on without it";
  return "a task between them may go on without it";
}

/** A task sees the keys that it declares under `reads`, as the tasks that it depends on wrote them. */
function verifyBoardRead(subject: Subject, reader: Task, { path, pointer, isOptional }: Read): void {
  const [key] = path;
  if (key === undefined) return;
  const writers = verifyKey(subject, reader, key, pointer);
  if (!reader.reads.includes(key) && writers.length > 0) {
    subject.report("unknown_key", pointer, `${reader.id} reads blackboard.${key}; add "${key}" to its reads.`);
  }
  if (isOptional || writers.length === 0 || writers.some((id) => subject.dependencies.isSurelyDone(id, reader.id)))
    return;
  subject.report(
    "input_may_be_absent",
    pointer,
    `"${key}" may not have been written when ${reader.id} runs: ${writers.join(", ")} may be skipped. Mark it with "?".`,
  );
}

/** Checks that a key is declared and comes from a task that the reader depends on; gives the writers that it depends on. */
export function verifyKey(subject: Subject, reader: Task, key: string, pointer: string): readonly string[] {
  const { mission, writers, dependencies, report } = subject;
  const ids = (writers.get(key) ?? []).filter((id) => id !== reader.id);
  if (!Object.hasOwn(mission.blackboard, key)) {
    report(
      "unknown_key",
      pointer,
      `"${key}" is not declared under blackboard.${didYouMean(key, Object.keys(mission.blackboard))}`,
    );
    return [];
  }
  if (ids.length === 0) {
    report("unknown_key", pointer, `${reader.id} reads "${key}", which no other task writes.`);
    return [];
  }
  const [seen, unseen] = [
    ids.filter((id) => dependencies.isAncestor(id, reader.id)),
    ids.filter((id) => !dependencies.isAncestor(id, reader.id)),
  ];
  if (seen.length === 0) {
    report(
      "not_depended_on",
      pointer,
      `${reader.id} reads "${key}" but does not depend on ${ids.join(" or ")}, which writes it; add it to depends_on.`,
    );
  } else if (unseen.length > 0) {
    const message = `${reader.id} reads "${key}" without what ${unseen.join(", ")} writes to it: it does not depend on it.`;
    report("not_depended_on", pointer, message, { severity: "warning" });
  }
  return seen;
}
