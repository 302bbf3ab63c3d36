import type { z } from "zod";
import type { Feedback, Playbook, PlaybookContext, Question } from "../../core/define-agent.js";
import type { JsonObject } from "../../core/digest.js";
import { canonicalJson, sha256 } from "../../core/digest.js";
import type { RefusalCode } from "../../core/errors.js";
import type { ToolContext, ToolDefinition, ToolReply } from "../../core/tool.js";
import type { FakeServices } from "./fake-services.js";
import { createFakeServices } from "./fake-services.js";

/** Thrown where a playbook asks a person and the test gave no answer: the attempt ends there, as in a real run. */
export class QuestionAsked extends Error {
  override readonly name = "QuestionAsked";
  readonly question: Question;

  constructor(question: Question) {
    super(question.question);
    this.question = question;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a list of tools holds tools of every input and output.
type AnyTool = ToolDefinition<string, any, any>;

/** One act as the fake gate keeps it. Share the map between contexts to play several attempts of one case. */
export interface DoneEffect {
  readonly args: string;
  readonly value: unknown;
}

/** What a test says about the world of a playbook; everything has a harmless default. */
export interface FakeContextOptions {
  readonly tools?: readonly AnyTool[];
  readonly services?: Partial<FakeServices>;
  readonly now?: string;
  readonly answers?: JsonObject;
  readonly feedback?: readonly Feedback[];
  readonly caseData?: JsonObject;
  readonly blackboard?: JsonObject;
  readonly attempt?: number;
  readonly agentId?: string;
  readonly runId?: string;
  readonly taskId?: string;
  readonly effects?: Map<string, DoneEffect>;
  /** What people say when a second act of the same kind is meant (`again`); approved unless a reason to reject is given. */
  readonly rejectSecond?: string;
  /** Replies to give instead of calling a tool, by tool name. */
  readonly refusals?: Readonly<Record<string, { code: RefusalCode; reason: string; transient?: boolean }>>;
}

/** A context that runs real tools against fakes; `calls` tells what was called. */
export interface FakeContext extends PlaybookContext {
  readonly calls: { readonly tool: string; readonly args: unknown }[];
}

/** A playbook's world in memory: fixed clock, given answers, tools run with the gate's checks of arguments, result and effect. */
export function createPlaybookContext(options: FakeContextOptions = {}): FakeContext {
  const services = createFakeServices(options.services);
  const effects = options.effects ?? new Map<string, DoneEffect>();
  const signal = new AbortController().signal;
  const calls: { tool: string; args: unknown }[] = [];
  const now = () => new Date(options.now ?? "2026-03-02T08:00:00Z");
  let ids = 0;
  const base = { agentId: options.agentId ?? "A0", runId: options.runId ?? "run-1" };
  return {
    ...base,
    taskId: options.taskId ?? "T0",
    attempt: options.attempt ?? 1,
    caseData: options.caseData ?? {},
    blackboard: options.blackboard ?? {},
    feedback: options.feedback ?? [],
    answers: options.answers ?? {},
    signal,
    calls,
    async call(name, args, callOptions) {
      calls.push({ tool: name, args });
      const refusal = options.refusals?.[name];
      if (refusal) return { ok: false, transient: false, ...refusal };
      if (callOptions?.again && options.rejectSecond) return refused("rejected_by_person", options.rejectSecond);
      const tool = options.tools?.find((candidate) => candidate.name === name);
      if (!tool) return { ok: false, code: "unknown_tool", reason: `There is no tool ${name}.`, transient: false };
      const toolContext = { ...services, ...base, signal, now, idempotencyKey: "" };
      // The caller's type argument says what this tool returns; the tool's own schema has just parsed it.
      return (await runTool(tool, args, toolContext, effects, callOptions?.again)) as ToolReply<never>;
    },
    async ask(question) {
      const answer = options.answers?.[question.key];
      if (answer === undefined) throw new QuestionAsked(question);
      // `parse` gives the output of this very schema; the intersection of the question's type hides that.
      return question.answer.parse(answer) as never;
    },
    now,
    random: () => 0.5,
    id: () => `id-${++ids}`,
    sleep: async () => {},
    progress: () => {},
  };
}

/** Runs a playbook as the engine does: inputs and output pass its contracts. */
export async function runPlaybook<Input extends z.ZodType, Output extends z.ZodType>(
  playbook: Playbook<Input, Output>,
  context: PlaybookContext,
  inputs: z.input<Input>,
): Promise<z.output<Output>> {
  return playbook.output.parse(await playbook.run(context, playbook.input.parse(inputs)));
}

/** The question that a playbook ends its attempt with; fails when it asks none. */
export async function questionOf(work: Promise<unknown>): Promise<Question> {
  try {
    await work;
  } catch (error) {
    if (error instanceof QuestionAsked) return error.question;
    throw error;
  }
  throw new Error("The playbook asked nothing.");
}

async function runTool(
  tool: AnyTool,
  args: unknown,
  context: ToolContext,
  effects: Map<string, DoneEffect>,
  again = "",
): Promise<ToolReply<unknown>> {
  const parsed = tool.input.safeParse(args);
  if (!parsed.success) return refused("bad_arguments", parsed.error.message);
  const id =
    tool.effect === "reads" ? undefined : sha256(canonicalJson([tool.name, tool.dedupeKey?.(parsed.data), again]));
  const digest = canonicalJson(args);
  const done = id === undefined ? undefined : effects.get(id);
  if (done && done.args !== digest) return refused("effect_conflict", `It was done with other arguments: ${done.args}`);
  if (done) return { ok: true, value: done.value };
  try {
    const value = tool.output.parse(await tool.run(parsed.data, { ...context, idempotencyKey: id ?? "" }));
    if (id !== undefined) effects.set(id, { args: digest, value });
    return { ok: true, value };
  } catch (error) {
    return refused("tool_failed", error instanceof Error ? error.message : String(error));
  }
}

function refused(code: RefusalCode, reason: string): ToolReply<never> {
  return { ok: false, code, reason, transient: false };
}
