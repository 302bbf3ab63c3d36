import type { DecisionView } from "./report-sentences.js";
import { endedBy, tookInWords } from "./report-sentences.js";
import type { FinalReport, KpiView } from "./views.js";
import { capital, cut, dayInWords, figureText, inWords, kpiName, listInWords, numberInWords } from "./words.js";

/** Beyond this many names a sentence is no sentence any more. */
const MOST_NAMES = 4;
const LONGEST = 320;
const VERBS: Readonly<Record<string, string>> = {
  approved: "approved",
  edited: "corrected",
  rejected: "rejected",
  answered: "answered what was asked about",
};

type Facts = Omit<FinalReport, "summary">;

/** What was done for whom, with what result, and which people and outside acts it took: three sentences for a stranger. */
export function inThreeSentences(facts: Facts): string {
  return [whatWasDone(facts), whatCameOfIt(facts), whoAndWhatElse(facts)].map(asSentence).join(" ");
}

function asSentence(text: string): string {
  return /[.!?…]$/u.test(text) ? text : `${text}.`;
}

function whatWasDone(facts: Facts): string {
  const { tasks, status } = facts;
  const ended = { completed: "was completed", failed: "failed", cancelled: "was cancelled" }[status];
  const done = tasks.filter((task) => task.status === "done");
  const frame = `The mission "${cut(facts.mission, 120)}" ${ended} for ${cut(facts.title, 160)} on ${dayInWords(facts.finished_at)}, ${tookInWords(facts)} after it began`;
  const names = done.length > 0 && done.length <= MOST_NAMES ? `: ${listInWords(done.map(({ title }) => title))}` : "";
  return `${frame}; ${countOf(done.length, tasks.length)} done${names}${notDone(facts)}`;
}

function countOf(done: number, all: number): string {
  if (done === 0) return "none of its tasks was";
  if (done === all)
    return all === 1 ? "its one task was" : all === 2 ? "both tasks were" : `all ${numberInWords(all)} tasks were`;
  return `${numberInWords(done)} of ${numberInWords(all)} tasks ${done === 1 ? "was" : "were"}`;
}

function notDone({ tasks, status }: Facts): string {
  const skipped = tasks.filter((task) => task.status === "skipped").length;
  if (status !== "completed" || skipped === 0) return "";
  return ` (${numberInWords(skipped)} ${skipped === 1 ? "was" : "were"} not needed)`;
}

function whatCameOfIt(facts: Facts): string {
  if (facts.failure !== null) return `It ended because of this: ${cut(facts.failure, LONGEST)}`;
  const last = facts.tasks.findLast((task) => task.status === "done" && task.summary);
  const result = last?.summary
    ? `The result: ${cut(last.summary, LONGEST).replace(/\.$/u, "")}`
    : "No result came of it";
  const [kpi] = facts.kpis;
  return facts.status === "completed" && kpi ? `${result}; ${kpiInWords(kpi)}` : result;
}

function kpiInWords(kpi: KpiView): string {
  const figure = (value: number) => `${figureText(value)} ${kpi.unit}`;
  const name = kpiName(kpi).toLowerCase();
  if (kpi.actual === null) return `the ${name} will be known later`;
  const basis = kpi.basis === "measured" ? "" : ` (${kpi.basis})`;
  const against = [
    ...(kpi.baseline === null ? [] : [`a baseline of ${figure(kpi.baseline)}`]),
    ...(kpi.target === null ? [] : [`a target of ${figure(kpi.target)}`]),
  ];
  return `the ${name} is ${figure(kpi.actual)}${basis}${against.length > 0 ? `, against ${listInWords(against)}` : ""}`;
}

function whoAndWhatElse(facts: Facts): string {
  return `${decisionsInWords(facts)}, and ${actsInWords(facts)}`;
}

function decisionsInWords(facts: Facts): string {
  const { decisions, tasks, open_questions: open = [] } = facts;
  const [first] = decisions;
  const unanswered = open.length === 1 ? "one question was" : `${numberInWords(open.length)} questions were`;
  const left = open.length === 0 ? "" : `${unanswered} not answered when ${endedBy(facts)}`;
  if (first === undefined) {
    if (left !== "") return capital(left);
    const isNamed = facts.status === "cancelled" && facts.cancelled_by !== undefined;
    return `Nobody had to be asked${isNamed ? ` before ${endedBy(facts)}` : ""}`;
  }
  return left === "" ? decidedInWords(first, decisions, tasks) : `${decidedInWords(first, decisions, tasks)}, ${left}`;
}

function decidedInWords(first: DecisionView, decisions: Facts["decisions"], tasks: Facts["tasks"]): string {
  const people = listInWords([...new Set(decisions.map(({ by }) => cut(by, 60)))], MOST_NAMES);
  if (decisions.length > 1) return `${people} decided ${numberInWords(decisions.length)} questions`;
  const title = tasks.find((task) => task.task_id === first.task_id)?.title ?? first.task_id;
  return `${people} ${VERBS[first.decision] ?? "decided"} "${cut(title, 120)}"`;
}

/** What the run changed. What is not known to have happened is said, and never counted as done. */
function actsInWords({ effects, status }: Facts): string {
  const done = effects.filter(({ status: state }) => state === "done" || state === "not_undone" || state === "left");
  const doubtful = effects.filter((effect) => effect.status === "claimed").length;
  const names = listInWords([...new Set(done.map(({ tool }) => inWords(tool)))], MOST_NAMES);
  const stands = status === "completed" ? "was done" : "was done and still stands";
  const acts =
    done.length === 0
      ? effects.some(({ undo }) => undo)
        ? "nothing of what it did stands"
        : "nothing was changed outside"
      : done.length === 1
        ? `one act ${stands} (${names})`
        : `${numberInWords(done.length)} acts ${stands.replace("was", "were").replace("stands", "stand")} (${names})`;
  const doubt =
    doubtful === 0
      ? ""
      : `; of ${numberInWords(doubtful)} more it is not known whether ${doubtful === 1 ? "it" : "they"} happened`;
  return `${acts}${undoneInWords(effects)}${doubt}`;
}

/** How many acts were taken back; those that people let stand count among what stands. */
function undoneInWords(effects: Facts["effects"]): string {
  const back = effects.filter(({ status }) => status === "undone" || status === "undone_by_hand");
  if (back.length === 0) return "";
  const byHand = back.filter(({ status }) => status === "undone_by_hand").length;
  const hand = byHand === 0 ? "" : byHand === back.length ? " by hand" : `, ${numberInWords(byHand)} of them by hand`;
  return back.length === 1 ? `; one act was undone${hand}` : `; ${numberInWords(back.length)} acts were undone${hand}`;
}
