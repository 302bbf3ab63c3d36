import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MissionParts } from "./missions.js";
import { ownData, sharedData } from "./shared-data.js";

interface Trace {
  readonly name: string;
  readonly workflow: {
    readonly specification: { readonly tasks: readonly { id: string; name: string; parents: readonly string[] }[] };
    readonly execution: { readonly tasks: readonly { id: string; runtimeInSeconds: number }[] };
  };
}

/** Name and path of our own traces and, where they are beside the checkout, of those of real workflows (WfInstances). */
export function traces(): readonly (readonly [name: string, path: string])[] {
  const real = sharedData("wfinstances");
  if (!real) process.stdout.write("skips the traces of real workflows: their data is not beside this checkout\n");
  return [ownData("traces"), ...(real === undefined ? [] : [real])].flatMap((folder) =>
    readdirSync(folder).map((name) => [name, join(folder, name)] as const),
  );
}

/** A workflow trace (WfFormat) as a mission: a task for each of its own, which takes as long as it did. Ids become safe ones. */
export function traceMission(path: string): MissionParts {
  // safe: the files are of one published format
  const { name, workflow } = JSON.parse(readFileSync(path, "utf8")) as Trace;
  const ids = new Map(workflow.specification.tasks.map(({ id }, index) => [id, `T${index + 1}`]));
  const seconds = new Map(workflow.execution.tasks.map(({ id, runtimeInSeconds }) => [id, runtimeInSeconds]));
  return {
    mission_name: name.padEnd(3, "."),
    tasks: workflow.specification.tasks.map(({ id, name: task, parents }) => ({
      task_id: ids.get(id) ?? "",
      task: task.padEnd(3, "."),
      depends_on: parents.flatMap((parent) => ids.get(parent) ?? []),
      estimated_duration_minutes: (seconds.get(id) ?? 0) / 60,
    })),
  };
}
