import type { RequestDraft } from "../core/approval.js";
import { NeedsPerson } from "../core/approval.js";
import type { Json, JsonObject } from "../core/digest.js";
import type { Ruling } from "../core/policy.js";
import type { EffectRecord } from "../core/records.js";
import type { UndoCall } from "../core/session.js";
import type { ToolDefinition } from "../core/tool.js";
import { undoSubject } from "../core/undo.js";
import { capital, inWords } from "../core/words.js";

/** What a person can say of an act that no code took back: two answers, each with its words. */
const ANSWERS = {
  answer: "Done by hand: you took it back outside. Your answer is the note that says how; it stands in the report.",
  reject: "Left as it is: it stands as it was done. Your comment says why; it stands in the report.",
};

/** What a person can say where code could take an act back, and policies ask first. */
const WORDS_ON_UNDO = {
  approve: "It is taken back, in the way that its tool names.",
  reject: "Left as it is: it stands as it was done. Your comment says why; it stands in the report.",
};

/** As `in_doubt` says them elsewhere, but nothing is done again: the run takes back what it did. */
const DOUBT = {
  approve: "It happened: it is recorded as done, and then taken back (give its result with --answer).",
  reject: "It did not happen: there is nothing to take back.",
};

/** The same while its task or run only wants to end: what was not done is left so. */
const DOUBT_AT_END = {
  approve: "It happened: it is recorded as done (give its result with --answer).",
  reject: "It did not happen: it is recorded as not done, and is not done again for this.",
};

/** What to mind while a try may still do something. */
const AT_WORK =
  "The code that takes it back did not heed its time limit and may still be at it: look outside before you answer.";

/** Why code does not take an act back: its tries failed, or something is in the way of any. */
export interface InTheWay {
  readonly failed?: readonly string[];
  /** The code of a try did not come back, and may still be at it. */
  readonly isAtWork?: boolean;
  readonly reason?: string;
}

/** The request that asks what becomes of an act: what happened, what to do outside, and the two answers. */
export function undoQuestion(
  call: UndoCall,
  effect: EffectRecord,
  tool: ToolDefinition | undefined,
  { failed = [], isAtWork = false, reason }: InTheWay,
): RequestDraft {
  const times = failed.length === 1 ? "one try" : `${failed.length} tries`;
  const untried = isAtWork ? "is not known to be taken back" : "cannot be taken back by code";
  const tried = failed.length > 0 ? `could not be taken back in ${times}` : untried;
  const why = reason === undefined ? tried : "is not taken back by code";
  const asks = `${doneFor(call, effect)} and ${why}. Has somebody taken it back by hand, or is it left as it is?`;
  const reasons = [
    ...(reason === undefined ? failed.slice(-1) : [reason]),
    ...(isAtWork ? [AT_WORK] : []),
    `What to do outside: ${remedyOf(effect, tool)}`,
  ];
  const draft = draftOf(call, effect, { kind: "question", question: asks, reasons, consequences: ANSWERS });
  const schema = { type: "string", minLength: 1, description: "How it was taken back by hand." };
  return { ...draft, shown: { ...draft.shown, schema } };
}

/** Why an act is not taken back by code that another run goes on with. */
export function restsOnIt({ runId, title }: { readonly runId: string; readonly title: string }): string {
  return `Another run rests on it: ${runId} (${title}) went on with what it answered, and did not fail.`;
}

/** The request that asks whether code may take an act back; a yes covers what `covers` says. */
export function undoRequest(
  call: UndoCall,
  effect: EffectRecord,
  { reason, rule }: Ruling,
  covers: JsonObject,
): RequestDraft {
  const question = `${doneFor(call, effect)} and could be taken back. May that be done?`;
  const reasons = [`A person is asked because ${reason} (${rule}), and nobody was asked when it was done.`];
  const draft = draftOf(call, effect, { kind: "tool_call", question, reasons, consequences: WORDS_ON_UNDO });
  return { ...draft, shown: { ...draft.shown, covers } };
}

function doneFor({ task }: UndoCall, effect: EffectRecord): string {
  return `${capital(inWords(effect.tool))} was done for "${task.title}"`;
}

function draftOf(
  { session, task, agent }: UndoCall,
  effect: EffectRecord,
  of: Pick<RequestDraft, "kind"> & Required<Pick<RequestDraft["shown"], "question" | "reasons" | "consequences">>,
): RequestDraft {
  const { kind, question, reasons, consequences } = of;
  return {
    taskId: task.id,
    attempt: session.task(task.id).attempt,
    kind,
    subject: undoSubject(effect.effectId),
    shown: {
      question,
      subject: subjectOf(effect),
      tool: effect.tool,
      proposed: [],
      evidence: [
        {
          title: "What happened",
          left: { label: "done with", text: JSON.stringify(effect.args, null, 1) },
          right: { label: "answered", text: JSON.stringify(effect.result ?? null, null, 1) },
        },
      ],
      reasons: [whyItEnds(session.ending), ...reasons],
      degraded: false,
      taskTitle: task.title,
      agentName: agent.name,
      consequences,
    },
  };
}

/** The question whether an act happened, with what follows from the answers where it is not made again. */
export function withoutRepeat({ request }: NeedsPerson, isTakenBack: boolean): NeedsPerson {
  const consequences = isTakenBack ? DOUBT : DOUBT_AT_END;
  const { schema } = request.shown;
  // Nothing goes on with what it answered, so a yes may do without.
  const mayLack = schema && { schema: { anyOf: [schema, { type: "null" }] } };
  return new NeedsPerson({ ...request, shown: { ...request.shown, consequences, ...mayLack } });
}

function subjectOf({ tool, args, result, settledAt, claimedAt, idempotencyKey }: EffectRecord): Json {
  const doneAt = (settledAt ?? claimedAt).toISOString();
  return { tool, args, result: result ?? null, done_at: doneAt, idempotency_key: idempotencyKey };
}

function whyItEnds(ending: UndoCall["session"]["ending"]): string {
  if (ending?.status === "cancelled") return "The run was cancelled: what it did is taken back.";
  return `The run failed, and what it did is taken back: ${ending?.failure ?? "no reason is known."}`;
}

function remedyOf({ idempotencyKey }: EffectRecord, tool: ToolDefinition | undefined): string {
  return tool?.remedy ?? `its tool names no way. Outside it is known by the key ${idempotencyKey}.`;
}
