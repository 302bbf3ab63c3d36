import type { Json, JsonObject } from "../core/digest.js";
import { digestOf } from "../core/digest.js";
import type { EffectCaller, EffectVerdict } from "../core/effect.js";
import { effectIdOf } from "../core/effect.js";
import type { EffectRecord } from "../core/records.js";
import type { Act, Admitted, Outcome } from "./gate-call.js";
import { refusal, refused, toJson } from "./gate-call.js";
import { wordsOf } from "./gate-limits.js";
import { unsettled } from "./gate-settle.js";

/** The effect that a call means, under the given second intent; empty for the first. */
export function effectIdFor(act: Act, again: string): string {
  const { session, task } = act.call;
  const { runId, missionId, caseId } = session.run;
  const { dedupeKey, scope } = identityOf(act);
  return effectIdOf({
    place: { runId, taskId: task.id, missionId, caseId },
    scope,
    tool: act.tool.name,
    dedupeKey,
    again,
  });
}

/** Of the parsed arguments, so that a default left out and the same default written out are one act. */
export function argsDigestOf(act: Act): string {
  return digestOf(toJson(act.parsed));
}

/** Who calls, as far as it decides whether it is the same call as one before. */
export function callerOf(act: Act): EffectCaller {
  const { session, task, attempt, agent, turnKey } = act.call;
  return { runId: session.runId, taskId: task.id, attempt, agentId: agent.id, turnKey, argsDigest: argsDigestOf(act) };
}

/** The row that claims the effect for this call. */
export function claimOf(act: Act, effectId: string, claimedAt: Date): EffectRecord {
  const { call, tool } = act;
  return {
    ...callerOf(act),
    ...identityOf(act),
    effectId,
    fence: call.session.run.fence,
    tool: tool.name,
    again: call.options.again ?? "",
    args: act.args,
    idempotencyKey: effectId,
    status: "claimed",
    ...(act.approvalId !== undefined && { approvalId: act.approvalId }),
    claimedAt,
  };
}

/** What a call is told about an effect that it may not do, because it was done, or somebody is at it. */
export function answerTo(
  verdict: Exclude<EffectVerdict, "claim" | "settle_first">,
  found: EffectRecord,
  act: Act,
): Outcome {
  const { name } = act.tool;
  const when = (found.settledAt ?? found.claimedAt).toISOString();
  const second = `Pass again: "<intent>" if a second one is meant`;
  if (verdict === "unsettled") return { reply: unsettled(found, "somebody is still at it"), ran: false };
  if (verdict === "already_done") {
    return refused("already_done", `${name} was done with these arguments in this attempt, at ${when}. ${second}.`);
  }
  if (verdict === "effect_conflict") {
    const done = `${name} was done at ${when} with other arguments${otherArguments(found, act)}. It cannot be changed by calling again.`;
    return refused("effect_conflict", `${done} ${second}; a person is asked first.`);
  }
  const data = {
    reused: true,
    effect: found.effectId,
    done_by_run: found.runId,
    done_by_task: found.taskId,
    done_at: when,
  };
  if (found.result !== undefined) return { reply: { ok: true, value: found.result }, ran: false, data };
  const reason = `${name} was done at ${when}, but what it answered cannot be used. It is not done again.`;
  return { reply: refusal("bad_output", reason), ran: false, data };
}

/** What an act of the same run was done with; of another run's only which of the call's own arguments differ. */
function otherArguments(found: EffectRecord, { args, call }: Act): string {
  if (found.runId === call.session.runId) return `: ${JSON.stringify(found.args)}`;
  const [before, now] = [membersOf(found.args), membersOf(args)];
  const names = Object.keys(now).filter((name) => digestOf([before[name] ?? null]) !== digestOf([now[name] ?? null]));
  return names.length === 0 ? "" : ` by another run; what differs: ${names.join(", ")}`;
}

function membersOf(args: Json): JsonObject {
  // Safe: JSON that is an object and no list has members.
  return typeof args === "object" && args !== null && !Array.isArray(args) ? (args as JsonObject) : {};
}

/** What keeps arguments from being told apart from others, in words for the tool's author; nothing when its key can be made. */
export function keyFault(act: Admitted): string | undefined {
  if (act.tool.effect === "reads") return undefined;
  try {
    const { dedupeKey }: { readonly dedupeKey: unknown } = identityOf(act);
    return typeof dedupeKey === "string" ? undefined : keyWords(act, "it is no text");
  } catch (error) {
    return keyWords(act, wordsOf(error));
  }
}

function keyWords({ tool }: Admitted, why: string): string {
  return `${tool.name} cannot tell what is one act with these arguments: ${why}. Its dedupeKey has to give a text for all that its input takes, and never to throw.`;
}

function identityOf({ tool, parsed }: Pick<Act, "tool" | "parsed">) {
  // `defineTool` proves it; this is for tools that were built by hand.
  if (!tool.dedupeKey || !tool.dedupeScope)
    throw new Error(`Tool ${tool.name} has an effect but no dedupe key and scope.`);
  return { dedupeKey: tool.dedupeKey(parsed), scope: tool.dedupeScope };
}
