import type { DecisionType } from "../../core/approval.js";
import type { Evidence } from "../../core/define-agent.js";
import type { Json } from "../../core/digest.js";
import type { ApprovalView } from "../../core/views.js";
import { cut, inWords } from "../../core/words.js";
import type { Paint } from "./paint.js";
import { count, distance, wrap } from "./text.js";

const MIN_COLUMNS = 60;
const MAX_COLUMNS = 120;
const MIN_BLOCK = 4;
const DIVIDER = " │ ";
/** What the consequences say for those who type commands; on a screen there is a key for it. */
const FINAL_CLAUSE = /; with --final ([^.]*)\./u;
const ANSWER_CLAUSE = / \(give its result with --answer\)/u;

export interface ScreenOptions {
  readonly columns: number;
  /** Lines to fill at most; the evidence is cut to fit. */
  readonly rows: number;
  readonly paint: Paint;
  readonly now: Date;
  readonly position?: string;
  readonly problem?: string;
}

/** One choice on the screen: the key, its name, what it leads to. */
export interface Choice {
  readonly key: string;
  readonly name: string;
  readonly consequence: string;
  readonly does: DecisionType | "reject_for_good" | "later" | "all";
}

/** A request on one screen. `isCut` says that evidence was left off for want of room. */
export function approvalScreen(approval: ApprovalView, options: ScreenOptions): { text: string; isCut: boolean } {
  const columns = Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, options.columns)) - 1;
  const top = header(approval, columns, options);
  const blocks = evidenceOf(approval).map((evidence) => evidenceBlock(evidence, columns, options.paint));
  const build = (isCut: boolean) => footer(approval, columns, options, isCut);
  const room = options.rows - top.length - build(true).length;
  const shown = fitBlocks(blocks, room, options.paint);
  const isCut = shown !== blocks;
  return { text: [...top, ...shown.flat(), ...build(isCut)].join("\n"), isCut };
}

/** What can be pressed for this request, in the order shown. */
export function choicesOf(approval: ApprovalView, isCut: boolean): readonly Choice[] {
  const { consequences } = approval.shown;
  const decided = approval.allowed.flatMap((type): Choice[] => {
    const words = consequences[type] ?? "";
    const final = FINAL_CLAUSE.exec(words)?.[1];
    const plain = toolsInWords(approval, words.replace(FINAL_CLAUSE, ".").replace(ANSWER_CLAUSE, ""));
    const choice: Choice = { key: KEYS[type], name: nameOf(approval, type), consequence: plain, does: type };
    if (final === undefined) return [choice];
    return [
      choice,
      {
        key: "f",
        name: "fail now",
        consequence: `${final.replace(/^it /u, "The task ").replace(/^the /u, "The ")}.`,
        does: "reject_for_good",
      },
    ];
  });
  const all: readonly Choice[] = isCut
    ? [{ key: "v", name: "view all", consequence: "Shows the evidence in full.", does: "all" }]
    : [];
  return [
    ...decided,
    { key: "s", name: "skip", consequence: "Decide later; this run waits, the others go on.", does: "later" },
    ...all,
  ];
}

/** Names of tools as a person says them: `put_in_outbox` is "put in outbox". */
function toolsInWords({ shown }: ApprovalView, text: string): string {
  return shown.proposed.reduce((words, { tool }) => words.replaceAll(tool, inWords(tool)), text);
}

const KEYS: Readonly<Record<DecisionType, string>> = { approve: "a", edit: "e", reject: "r", answer: "w" };

function nameOf({ kind }: ApprovalView, type: DecisionType): string {
  if (kind === "in_doubt") return type === "approve" ? "it happened" : "it did not";
  if (type === "edit") return "edit first";
  return type;
}

function header(approval: ApprovalView, columns: number, { paint, now, position, problem }: ScreenOptions): string[] {
  const { shown } = approval;
  const first = [position, shown.title, shown.missionName]
    .filter((part) => part !== undefined && part !== "")
    .join("  ·  ");
  const by = shown.agentName === "" ? "" : `, by ${shown.agentName}`;
  const asked = `${shown.taskTitle}${by}. For: ${inWords(approval.assigned_to)}, due ${distance(approval.due_at, now)}.`;
  return [
    paint.dim("─".repeat(columns)),
    paint.bold(cut(first, columns)),
    paint.dim(cut(asked, columns)),
    ...wrap(shown.question, columns).map(paint.cyan),
    ...shown.reasons.flatMap((reason) => hanging("• ", reason, columns).map(paint.yellow)),
    ...(shown.degraded ? [paint.yellow("Made the lesser way: no specialist was left for it.")] : []),
    ...(problem === undefined ? [] : wrap(problem, columns).map(paint.red)),
  ];
}

function footer(approval: ApprovalView, columns: number, { paint }: ScreenOptions, isCut: boolean): string[] {
  const choices = choicesOf(approval, isCut);
  const width = Math.max(...choices.map(({ name }) => name.length));
  const lines = choices.flatMap(({ key, name, consequence }) => {
    const [first = "", ...rest] = wrap(consequence, columns - width - 5);
    const indent = " ".repeat(width + 5);
    return [`${paint.bold(key)}  ${name.padEnd(width)}  ${first}`, ...rest.map((line) => `${indent}${line}`)];
  });
  return [paint.dim("─".repeat(columns)), ...lines];
}

/** The evidence, and what is not in it: the subject when there is none, the acts that approving does. */
function evidenceOf({ shown }: ApprovalView): readonly Evidence[] {
  const subject: Evidence = { title: "What it is about", left: { label: "", text: plainText(shown.subject) } };
  return shown.evidence.length > 0 || shown.subject === null ? shown.evidence : [subject];
}

function evidenceBlock({ title, left, right }: Evidence, columns: number, paint: Paint): string[] {
  if (!right) return [paint.bold(title), ...labelled(left, columns, paint)];
  const width = Math.floor((columns - DIVIDER.length) / 2);
  const [a, b] = [sideOf(left, width), sideOf(right, width)];
  const height = Math.max(a.length, b.length);
  const lines = Array.from({ length: height }, (_, index) => {
    const style = index === 0 ? paint.dim : (text: string) => text;
    return `${style((a[index] ?? "").padEnd(width))}${paint.dim(DIVIDER)}${style(b[index] ?? "")}`.trimEnd();
  });
  return [paint.bold(cut(title, columns)), ...lines];
}

function sideOf({ label, text }: Evidence["left"], width: number): string[] {
  return [cut(label, width), ...wrap(text, width)];
}

function labelled({ label, text }: Evidence["left"], columns: number, paint: Paint): string[] {
  return [...(label === "" ? [] : [paint.dim(label)]), ...wrap(text, columns)];
}

/** The blocks themselves when they fit; else cut from the last to the first, since the first matters most. */
function fitBlocks(blocks: string[][], room: number, paint: Paint): string[][] {
  const heights = blocks.map(({ length }) => length);
  let over = heights.reduce((sum, height) => sum + height, 0) - room;
  if (over <= 0) return blocks;
  const later = [...heights.keys()].slice(1).reverse();
  const turns = [
    ...later.map((index) => [index, MIN_BLOCK] as const),
    ...later.map((index) => [index, 1] as const),
    [0, MIN_BLOCK] as const,
  ];
  for (const [index, least] of turns) {
    const height = heights[index] ?? 0;
    const taken = Math.min(Math.max(0, over), Math.max(0, height - least));
    heights[index] = height - taken;
    over -= taken;
  }
  return blocks.map((block, index) => cutBlock(block, heights[index] ?? block.length, paint));
}

function cutBlock(block: string[], height: number, paint: Paint): string[] {
  if (block.length <= height) return block;
  const left = count(block.length - Math.max(1, height - 1), "more line");
  if (height === 1) return [`${block[0] ?? ""}${paint.dim(`  … ${left}`)}`];
  return [...block.slice(0, height - 1), paint.dim(`… ${left}`)];
}

function hanging(mark: string, text: string, columns: number): string[] {
  return wrap(text, columns - mark.length).map(
    (line, index) => `${index === 0 ? mark : " ".repeat(mark.length)}${line}`,
  );
}

/** A JSON value as a person reads it: one line for each field. */
function plainText(value: Json): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.map((item: Json) => `- ${oneLine(item)}`).join("\n");
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${inWords(key)}: ${oneLine(item ?? null)}`)
    .join("\n");
}

function oneLine(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
