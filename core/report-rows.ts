import type { Json } from "./digest.js";
import type { EffectView } from "./effect-views.js";
import type { Html } from "./html.js";
import { html, said } from "./html.js";
import { heightOf } from "./report-room.js";
import type { DecisionView, ReportTask } from "./report-sentences.js";
import { approverOf, byText, effectState, endedFirst, undoText } from "./report-sentences.js";
import type { FinalReport, OpenQuestion } from "./views.js";
import { capital, cut, inWords, momentText } from "./words.js";

const PADDING_MM = 2;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z$/u;
const LONGEST = { id: 24, name: 60, question: 220, comment: 260, args: 340, result: 200 };

/** A row of a table on paper: `height` in millimetres, by its tallest cell. */
export interface PaperRow {
  readonly id: string;
  readonly html: Html;
  readonly height: number;
}

/** One decision: what was asked, what was said, by whom, and whether it is proved who that was. */
export function decisionRow(decision: DecisionView, report: FinalReport): PaperRow {
  const question = cut(decision.question, LONGEST.question);
  const about = taskName(decision.task_id, report);
  const comment = decision.comment === null ? "" : `“${cut(decision.comment, LONGEST.comment)}”`;
  const by = byText({ ...decision, by: cut(decision.by, LONGEST.name) });
  return {
    id: decision.task_id,
    html: html`<tbody class="row"><tr><td>${said(question)}<small>${said(about)}, ${inWords(decision.kind)}</small></td><td><b>${capital(inWords(decision.decision))}</b></td><td>${said(by)}</td><td class="nowrap">${momentText(decision.at)}</td></tr>${comment !== "" && html`<tr><td colspan="4">${said(comment)}</td></tr>`}</tbody>`,
    height:
      tallest([heightOf(question, 92) + heightOf(about, 92, 7.7)], [heightOf(by, 33)]) +
      (comment === "" ? 0 : heightOf(comment, 180) + 1),
  };
}

/** A question that stayed open: what was asked, when, and how the run ended before an answer. */
export function openQuestionRow({ task_id, kind, question, asked_at }: OpenQuestion, report: FinalReport): PaperRow {
  const [asked, about] = [cut(question, LONGEST.question), taskName(task_id, report)];
  const ended = endedFirst(report);
  return {
    id: task_id,
    html: html`<tbody class="row"><tr><td>${said(asked)}<small>${said(about)}, ${inWords(kind)}</small></td><td><b>Not answered</b></td><td>${said(ended)}</td><td><small>asked</small><span class="nowrap">${momentText(asked_at)}</span></td></tr></tbody>`,
    height: tallest([heightOf(asked, 92) + heightOf(about, 92, 7.7)], [heightOf(ended, 33)]),
  };
}

/** One act outside: what exactly, for which task and by whom, who let it be done, and whether it stands. */
export function actRow(effect: EffectView, report: FinalReport): PaperRow {
  const became = undoText(effect);
  const args = [
    ...(became === undefined ? [] : [`${cut(became, LONGEST.args)}. `]),
    cut(argsText(effect.args), LONGEST.args),
  ].join("");
  const name = report.tasks.find(({ agent_id }) => agent_id === effect.agent_id)?.agent_name ?? effect.agent_id;
  const forWhom = `${taskName(effect.task_id, report)}, by ${cut(name, LONGEST.name)}`;
  const approver = cut(approverOf(effect, report.decisions), LONGEST.name + 20);
  const state = effectState(effect, report.status);
  const tool = capital(inWords(cut(effect.tool, LONGEST.name)));
  return {
    id: effect.effect_id,
    html: html`<tbody class="row"><tr><td><b>${said(tool)}</b></td><td>${said(forWhom)}</td><td>${said(approver)}</td><td class="nowrap">${momentText(effect.at)}</td><td><b>${state}</b></td></tr><tr><td colspan="5" class="small">${said(args)}</td></tr></tbody>`,
    height:
      tallest([heightOf(tool, 40)], [heightOf(forWhom, 49)], [heightOf(approver, 29)], [heightOf(state, 18)]) +
      heightOf(args, 180, 7.7) +
      1,
  };
}

/** What came of one task: its summary, or why there is none. */
export function resultRow(task: ReportTask): PaperRow {
  const name = `${cut(task.task_id, LONGEST.id)} ${cut(task.title, LONGEST.name + 20)}`;
  const by = cut(task.agent_name ?? "–", LONGEST.name);
  const result = cut(
    task.error ?? task.summary ?? (task.status === "done" ? "done" : inWords(task.status)),
    LONGEST.result,
  );
  return {
    id: task.task_id,
    html: html`<tbody class="row"><tr><th scope="row">${said(name)}</th><td>${said(by)}</td><td>${said(result)}</td></tr></tbody>`,
    height: tallest([heightOf(name, 55, 8.4)], [heightOf(by, 46, 8.4)], [heightOf(result, 75, 8.4)]),
  };
}

function tallest(...columns: readonly (readonly number[])[]): number {
  return Math.max(...columns.map((cells) => cells.reduce((sum, height) => sum + height, 0))) + PADDING_MM;
}

function taskName(taskId: string, { tasks }: FinalReport): string {
  const title = tasks.find((task) => task.task_id === taskId)?.title;
  const id = cut(taskId, LONGEST.id);
  return title === undefined ? id : `${id} ${cut(title, LONGEST.name)}`;
}

/** Arguments as words: names with their values, lists by commas, moments as a reader writes them. */
function argsText(args: Json): string {
  if (typeof args === "string" && MOMENT.test(args)) return `${momentText(args)} UTC`;
  if (typeof args !== "object" || args === null) return String(args);
  if (Array.isArray(args)) return args.map(argsText).join(", ");
  return Object.entries(args)
    .map(([name, value]) => `${inWords(name)}: ${argsText(value ?? null)}`)
    .join("; ");
}
