import { z } from "zod";
import { NeedsPerson } from "../core/approval.js";
import { jsonSchemaOf } from "../core/contract.js";
import type { CallOptions, Feedback, Playbook, PlaybookContext, Question } from "../core/define-agent.js";
import type { Json, JsonObject } from "../core/digest.js";
import { TaskFailure } from "../core/errors.js";
import { Stopped } from "../core/kill.js";
import type { AgentCard, Task } from "../core/mission.js";
import type { Callbacks, RunSession, Toolbox } from "../core/session.js";
import type { ToolReply } from "../core/tool.js";
import { throwIfKilled } from "./kill-wait.js";
import { pause } from "./retry.js";
import { TurnKeys } from "./turns.js";

/** Everything that one run of a playbook works with. */
export interface PlaybookRun {
  readonly session: RunSession;
  readonly task: Task;
  readonly attempt: number;
  readonly agent: AgentCard;
  readonly playbook: Playbook;
  readonly toolbox: Toolbox;
  readonly now: () => Date;
  readonly board: JsonObject;
  readonly feedback: readonly Feedback[];
  readonly signal: AbortSignal;
  readonly callbacks?: Callbacks;
  /** JSON Schema of the task's contract: what a fallback's general question is narrowed to. */
  readonly contract: JsonObject;
  /** `item:<i>/` inside `for_each`, else empty. */
  readonly prefix: string;
}

/** What is still open when a playbook has returned or thrown: calls in flight, and requests that it may have swallowed. */
export interface Loose {
  readonly inFlight: Set<Promise<unknown>>;
  readonly requests: NeedsPerson[];
  /** Set once the kill switch has stopped a call: the run of the playbook counts for nothing then, whatever it makes of it. */
  stopped?: Stopped;
}

/**
 * The context of one run of a playbook. Time, randomness, ids and tool calls are turns keyed by what they are, never
 * by global order, so that a rerun after a crash reads the same values whatever finishes first.
 */
export function createContext(run: PlaybookRun, loose: Loose): PlaybookContext {
  const keys = new TurnKeys(run.prefix);
  const { session, task, attempt } = run;
  const draw = <Value extends Json>(name: string, make: () => Value): Value => {
    run.signal.throwIfAborted();
    const key = keys.value(name);
    const known = session.turn(task.id, attempt, key);
    // safe: the turn was recorded below under the same name
    if (known) return known.reply as Value;
    const reply = make();
    const at = run.now();
    const turn = {
      runId: session.runId,
      taskId: task.id,
      attempt,
      key,
      kind: "value" as const,
      name,
      args: {},
      reply,
      at,
      durationMs: 0,
      costMicroUsd: 0,
    };
    void session.commit({ turns: [turn] });
    return reply;
  };

  return {
    runId: session.runId,
    taskId: task.id,
    agentId: run.agent.id,
    attempt,
    caseData: session.run.caseData,
    blackboard: run.board,
    feedback: run.feedback,
    answers: answersOf(run),
    signal: run.signal,
    call: (tool: string, args: unknown, options?: CallOptions) =>
      track(loose, callTool(run, keys, tool, args, options ?? {}, loose)),
    ask: (question: Question) => track(loose, ask(run, question)),
    now: () => new Date(draw("now", () => run.now().toISOString())),
    random: () => draw("random", () => Math.random()),
    id: () => draw("id", () => crypto.randomUUID()),
    sleep: (ms) => sleep(ms, run.signal),
    progress: (doneSoFar, total, note) =>
      session.progress(task.id, total > 0 ? Math.min(1, doneSoFar / total) : 0, note),
  } as PlaybookContext; // safe: the generic signatures of `call` and `ask` only add types to values that the gate and `ask` parse
}

async function callTool(
  run: PlaybookRun,
  keys: TurnKeys,
  tool: string,
  args: unknown,
  options: CallOptions,
  loose: Loose,
): Promise<ToolReply> {
  run.signal.throwIfAborted();
  if (loose.stopped) throw loose.stopped;
  const plain = JSON.parse(JSON.stringify(args ?? {})) as Json; // safe: what JSON.parse returns is JSON
  const reply = await run.toolbox.call({
    session: run.session,
    task: run.task,
    attempt: run.attempt,
    agent: run.agent,
    declared: run.playbook.tools,
    tool,
    args: plain,
    options,
    turnKey: keys.call(tool, plain),
    signal: run.signal,
    callbacks: run.callbacks,
  });
  throwIfKilled(reply, { runId: run.session.runId, agentId: run.agent.id, tool });
  return reply;
}

async function ask(run: PlaybookRun, question: Question): Promise<unknown> {
  const answers = answersOf(run);
  const problems: string[] = [];
  if (question.key in answers) {
    const parsed = question.answer.safeParse(answers[question.key]);
    if (parsed.success) return parsed.data;
    problems.push(`The last answer did not fit: ${z.prettifyError(parsed.error)}`);
  }
  const isGeneral = run.playbook.skill === "*";
  throw new NeedsPerson({
    taskId: run.task.id,
    attempt: run.attempt,
    kind: "question",
    subject: `${subjectOf(run)}${question.key}`,
    shown: {
      question: question.question,
      subject: null,
      proposed: [],
      evidence: question.evidence ?? [],
      reasons: [...problems, ...run.feedback.map((entry) => `${entry.from}: ${entry.reason}`)],
      schema: isGeneral ? run.contract : jsonSchemaOf(question.answer, "input"),
      degraded: run.playbook.degraded ?? false,
    },
  });
}

/** Each item of a `for_each` has questions of its own. */
function subjectOf(run: Pick<PlaybookRun, "prefix">): string {
  return `ask:${run.prefix}`;
}

/** Answers of people to the questions of this task, or of this item of it, by question key; the newest wins. */
function answersOf(run: PlaybookRun): JsonObject {
  const answers: Record<string, Json> = {};
  const subject = subjectOf(run);
  for (const request of run.session.requests()) {
    if (request.taskId !== run.task.id || request.kind !== "question" || request.status !== "answered") continue;
    if (request.subject.startsWith(subject))
      answers[request.subject.slice(subject.length)] = request.decision?.answer ?? null;
  }
  return answers;
}

async function track<Value>(loose: Loose, work: Promise<Value>): Promise<Value> {
  const watched = work.catch((error: unknown) => {
    if (error instanceof NeedsPerson) loose.requests.push(error);
    if (error instanceof Stopped) loose.stopped ??= error;
  });
  loose.inFlight.add(watched);
  try {
    return await work;
  } finally {
    loose.inFlight.delete(watched);
  }
}

/** A wait of a playbook, ended early by its signal. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (!Number.isFinite(ms) || ms < 0)
    throw new TaskFailure("bug", `sleep(${ms}): a wait is a number of milliseconds from 0.`);
  await pause(ms, signal);
}
