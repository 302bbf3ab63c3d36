import { NeedsPerson } from "../core/approval.js";
import type { Finding, Playbook } from "../core/define-agent.js";
import { isJsonObject } from "../core/define-agent.js";
import type { Json, JsonObject } from "../core/digest.js";
import { canonicalJson } from "../core/digest.js";
import { TaskFailure } from "../core/errors.js";
import type { Scope } from "../core/expression.js";
import { evaluate } from "../core/expression.js";
import { killWords, Stopped } from "../core/kill.js";
import { redactError, redactJson } from "../core/redact.js";
import type { Loose, PlaybookRun } from "./playbook-context.js";
import { createContext } from "./playbook-context.js";
import { ownFindings, parseInputs, parseItem } from "./task-checks.js";
import { resolveInput, toInputs } from "./task-inputs.js";

const MAX_ITEMS_AT_ONCE = 8;
const ABANDON_MS = 5_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What one attempt needs besides the playbook's own surroundings. */
export interface AttemptRun extends Omit<PlaybookRun, "prefix" | "signal"> {
  readonly scope: Scope;
  readonly signal: AbortSignal;
  /** Whose contract and check hold for each item of a `for_each`, whoever does them. */
  readonly skill: Playbook | undefined;
}

/** The output of an attempt, with the inputs that it was made from. As a whole it is not checked yet. */
export interface AttemptOutput {
  readonly output: Json;
  readonly inputs: JsonObject;
  /** What the skill's own check says about single items: once collected they cannot be told apart. */
  readonly findings: readonly Finding[];
}

/**
 * Runs the task's playbook once, or once for each item, within the task's deadline. Throws `NeedsPerson` when only a
 * person can move it, `TaskFailure` when it gave up; anything else that it throws is a bug in the playbook.
 */
export async function runAttempt(run: AttemptRun): Promise<AttemptOutput> {
  // One signal for both ends: `AbortSignal.any` would cost more than all else here.
  const end = new AbortController();
  const { signal } = end;
  const isDue = new Error("deadline");
  const timer = setTimeout(() => end.abort(isDue), Math.min(run.task.deadlineMs, MAX_TIMER_MS));
  const follow = (): void => end.abort(run.signal.reason);
  if (run.signal.aborted) follow();
  else run.signal.addEventListener("abort", follow, { once: true });
  const loose: Loose = { inFlight: new Set(), requests: [] };
  const own = { runId: run.session.runId, agentId: run.agent.id };
  const unwatch = run.session.stops.whenOn(own, (kill) => end.abort(new Stopped(own, killWords(kill))));
  const work = run.task.forEach ? runItems(run, run.task.forEach, signal, loose) : runWhole(run, signal, loose);
  try {
    const output = await abandonable(work, signal);
    await Promise.allSettled([...loose.inFlight]);
    const open = stopOf(loose, signal) ?? (await firstOf(run, loose));
    if (open) throw open;
    return output;
  } catch (error) {
    if (!signal.aborted) await Promise.allSettled([...loose.inFlight]);
    run.signal.throwIfAborted();
    const stopped = stopOf(loose, signal);
    if (stopped) throw stopped;
    if (signal.reason === isDue) {
      const minutes = run.task.deadlineMs / 60_000;
      throw new TaskFailure("transient", `Task ${run.task.id} was cut at its deadline of ${minutes} minutes.`, {
        code: "deadline_exceeded",
        cause: error,
      });
    }
    throw (await firstOf(run, loose)) ?? error;
  } finally {
    clearTimeout(timer);
    unwatch();
    run.signal.removeEventListener("abort", follow);
  }
}

/** Why the kill switch stopped the attempt, if it did: then nothing that it came to counts. */
function stopOf({ stopped }: Loose, { reason }: AbortSignal): Stopped | undefined {
  return stopped ?? (reason instanceof Stopped ? reason : undefined);
}

/** The request to wait for first; the others are written beside it, so that a person sees all that is open at once. */
async function firstOf(run: AttemptRun, { requests }: Loose): Promise<NeedsPerson | undefined> {
  const [first, ...others] = requests;
  for (const { request } of others) if (request.subject !== first?.request.subject) await run.session.ask(request);
  return first;
}

async function runWhole(run: AttemptRun, signal: AbortSignal, loose: Loose): Promise<AttemptOutput> {
  const inputs = toInputs(run.task, run.scope);
  const output = await runPlaybook(run, inputs, { signal, prefix: "" }, loose);
  return { output, inputs, findings: [] };
}

async function runItems(
  run: AttemptRun,
  forEach: NonNullable<AttemptRun["task"]["forEach"]>,
  signal: AbortSignal,
  loose: Loose,
): Promise<AttemptOutput> {
  const items = resolveInput(run.task, "for_each", forEach.list, run.scope) ?? [];
  if (!Array.isArray(items))
    throw new TaskFailure(
      "contract",
      `Task ${run.task.id}: for_each needs a list, but got ${JSON.stringify(items).slice(0, 80)}.`,
    );
  if (items.length > forEach.maxItems) {
    throw new TaskFailure(
      "permanent",
      `Task ${run.task.id}: ${items.length} items, but max_items is ${forEach.maxItems}.`,
    );
  }
  const shared = toInputs(run.task, run.scope);
  const outputs: Json[] = new Array(items.length).fill(null);
  const findings: Finding[][] = [];
  let finished = 0;
  const ends = await inTurn(items.length, Math.min(MAX_ITEMS_AT_ONCE, run.agent.maxParallel), async (index) => {
    const inputs = { ...shared, item: items[index] ?? null, index };
    const output = await runPlaybook(run, inputs, { signal, prefix: `item:${index}/` }, loose);
    outputs[index] = parseItem(run.skill, output, index);
    findings[index] = ownFindings(run.skill, outputs[index], inputs, run.session.run.caseData, `/items/${index}`);
    finished += 1;
    run.session.progress(run.task.id, finished / items.length, `${finished} of ${items.length}`);
  });
  if ("broken" in ends) throw ends.broken;
  if (ends.asking) throw ends.asking;
  return { output: collect(forEach.collect, outputs), inputs: shared, findings: findings.flat() };
}

/**
 * Does so many things, so many at once. After the first failure nothing more is begun; what only waits for a person
 * keeps nobody back, so that all that has to be asked is asked together.
 */
async function inTurn(
  count: number,
  atOnce: number,
  act: (index: number) => Promise<void>,
): Promise<{ broken?: unknown; asking?: NeedsPerson }> {
  const ends: { broken?: unknown; asking?: NeedsPerson } = {};
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count && !("broken" in ends); index = next++) {
      try {
        await act(index);
      } catch (error) {
        if (error instanceof NeedsPerson) ends.asking ??= error;
        else if (!("broken" in ends)) ends.broken = error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return ends;
}

/** Item results as one output; a reducer is CEL over `acc` and `item`, begun with the first item. Order is the items'. */
function collect(how: NonNullable<AttemptRun["task"]["forEach"]>["collect"], outputs: readonly Json[]): Json {
  if (how === "list") return { items: outputs };
  if (how === "merge") return Object.assign({}, ...outputs.filter(isJsonObject));
  const [first, ...rest] = outputs;
  return rest.reduce<Json>((acc, item) => evaluate(how.cel, { acc, item }), first ?? null);
}

async function runPlaybook(
  run: AttemptRun,
  inputs: JsonObject,
  where: { signal: AbortSignal; prefix: string },
  loose: Loose,
): Promise<Json> {
  const parsed = parseInputs(run.task, run.playbook, inputs);
  const context = createContext({ ...run, ...where }, loose);
  try {
    return toJson(run.playbook, await run.playbook.run(context, parsed));
  } catch (thrown) {
    const error = redactError(thrown);
    if (isOwnWord(error) || where.signal.aborted) throw error;
    throw isEngineError(error) ? error : asBug(run, error);
  }
}

function toJson(playbook: Playbook, output: unknown): Json {
  try {
    canonicalJson(output);
    return redactJson(JSON.parse(JSON.stringify(output)) as Json); // safe: what JSON.parse returns is JSON
  } catch (cause) {
    throw new TaskFailure("contract", `The skill ${playbook.skill} returned something that is not JSON.`, { cause });
  }
}

/** What ends an attempt on purpose. */
function isOwnWord(error: unknown): boolean {
  return error instanceof NeedsPerson || error instanceof TaskFailure || error instanceof Stopped;
}

function isEngineError(error: unknown): boolean {
  return error instanceof Error && error.name === "OrchestratorError";
}

function asBug(run: AttemptRun, error: unknown): TaskFailure {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new TaskFailure("bug", `The playbook ${run.playbook.skill} of ${run.agent.name} broke: ${message}`, {
    cause: error,
  });
}

/** A playbook that ignores its signal is left behind five seconds after it; what it calls later is refused by its signal. */
async function abandonable<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  let arm = (): void => undefined;
  const abandoned = new Promise<never>((_, reject) => {
    arm = () => {
      timer = setTimeout(() => reject(signal.reason), ABANDON_MS);
    };
  });
  if (signal.aborted) arm();
  else signal.addEventListener("abort", arm, { once: true });
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", arm);
    work.catch(() => undefined);
  }
}
