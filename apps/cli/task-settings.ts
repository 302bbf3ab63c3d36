import type { Task, TaskInput } from "../../core/mission.js";
import { spanText } from "../../core/words.js";

const DEFAULT_ATTEMPTS = 3;
const DEFAULT_FIRST_DELAY_MS = 1_000;
const DEFAULT_DEADLINE_MS = 3_600_000;
const DEFAULT_MAX_ITEMS = 100;

/** Every field of a task that is not the default, by the name that it has in files. */
export function taskSettings(task: Task): readonly (readonly [name: string, value: string])[] {
  const inputs = Object.entries(task.inputs ?? {}).map(([name, input]) => `${name} = ${inputText(input)}`);
  return [
    ...line("inputs", inputs.join(", ")),
    ...line("reads", task.reads.join(", ")),
    ...line("writes", task.writes.join(", ")),
    ...line("resources", task.resources?.join(", ")),
    ...line("when", task.when),
    ...line("join", joinText(task)),
    ...line("for_each", forEachText(task)),
    ...line("route", task.route?.map(({ when, to }) => `${when ?? "otherwise"} → ${to}`).join("; ")),
    ...line("retry", retryText(task)),
    ...line("deadline_minutes", task.deadlineMs === DEFAULT_DEADLINE_MS ? undefined : String(task.deadlineMs / 60_000)),
    ...line("on_failure", failureText(task)),
    ...task.checks.map(({ id, that, reason }) => ["check", `${id}: ${that}; else "${reason}"`] as const),
    ...line("approval", approvalText(task)),
    ...line("output", task.output && JSON.stringify(task.output)),
  ];
}

function line(name: string, value: string | undefined): (readonly [string, string])[] {
  return value === undefined || value === "" ? [] : [[name, value]];
}

function inputText(input: TaskInput): string {
  if (input.from === "reference") return `${input.path}${input.optional ? "?" : ""}`;
  return input.from === "cel" ? `(${input.expression})` : JSON.stringify(input.value);
}

function joinText({ join }: Task): string | undefined {
  if (!join) return undefined;
  const within = join.withinMinutes === undefined ? "" : ` within ${join.withinMinutes} min`;
  return `${join.need}${within}, else ${join.else}`;
}

function forEachText({ forEach }: Task): string | undefined {
  if (!forEach) return undefined;
  const collect = typeof forEach.collect === "string" ? forEach.collect : `(${forEach.collect.cel})`;
  const most = forEach.maxItems === DEFAULT_MAX_ITEMS ? "" : `, at most ${forEach.maxItems}`;
  return `${inputText(forEach.list)}, collected as ${collect}${most}`;
}

function retryText({ retry }: Task): string | undefined {
  if (retry.attempts === DEFAULT_ATTEMPTS && retry.firstDelayMs === DEFAULT_FIRST_DELAY_MS) return undefined;
  return `${retry.attempts} attempts, the first after ${spanText(retry.firstDelayMs)}`;
}

function failureText({ onFailure }: Task): string | undefined {
  if (onFailure === "ask") return undefined;
  return typeof onFailure === "string" ? onFailure : `${onFailure.task} stands in`;
}

function approvalText({ approval }: Task): string {
  const { unless, sample, role, dueMinutes } = approval;
  return [
    ...(unless === undefined ? [] : [`unless ${unless}`]),
    ...(sample === undefined ? [] : [`a sample of ${sample * 100} % in any case`]),
    ...(role === undefined ? [] : [`by ${role}`]),
    ...(dueMinutes === undefined ? [] : [`within ${spanText(dueMinutes * 60_000)}`]),
  ].join(", ");
}
