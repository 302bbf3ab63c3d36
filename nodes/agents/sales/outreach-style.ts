import type { Feedback } from "../../../core/define-agent.js";
import type { MailInputs } from "./outreach-facts.js";
import { factsOf } from "./outreach-facts.js";

const MAX_REASON = 200;
const MIN_WORD = 4;
const APPROACHES = ["recap first", "question first", "offer first"] as const;
/** What a mail begins with. */
export type Approach = (typeof APPROACHES)[number];

/** How the next draft is written; the facts stay the same. */
export interface Style {
  readonly isShort: boolean;
  readonly tone: "neutral" | "warm" | "formal";
  readonly approach: Approach;
  /** Pointers of facts that a person wants to see. */
  readonly mention: readonly string[];
  /** Pointers of facts that a person does not want to see. */
  readonly leaveOut: readonly string[];
  /** Each reason, with what became of it. */
  readonly taken: readonly { readonly reason: string; readonly done: string }[];
}

type Change = { readonly style: Partial<Style>; readonly done: string };

/**
 * What the comments so far make of the style, oldest first. `render` gives the text of a style: a comment that would
 * leave the text as it is takes another approach, so that a draft never comes back unchanged.
 */
export function styleFor(feedback: readonly Feedback[], inputs: MailInputs, render: (style: Style) => string): Style {
  let style: Style = { isShort: false, tone: "neutral", approach: APPROACHES[0], mention: [], leaveOut: [], taken: [] };
  for (const { reason } of feedback) {
    const next = changedStyle(reason, style, inputs, render);
    style = {
      ...style,
      ...next.style,
      taken: [...style.taken, { reason: reason.slice(0, MAX_REASON), done: next.done }],
    };
  }
  return style;
}

function changedStyle(reason: string, style: Style, inputs: MailInputs, render: (style: Style) => string): Change {
  const without = leaveOut(reason, style);
  const changes = [lengthOrTone(reason, style), without ?? mention(reason, style, inputs)].flatMap(
    (change) => change ?? [],
  );
  const changed = { ...style, ...Object.assign({}, ...changes.map((change) => change.style)) };
  const before = render(style);
  if (render(changed) !== before) return { style: changed, done: changes.map(({ done }) => done).join(", ") };
  const approach = APPROACHES.find((each) => render({ ...changed, approach: each }) !== before);
  if (!approach) return { style: {}, done: "nothing in the facts could be changed for it" };
  return { style: { ...changed, approach }, done: `took another approach: ${approach}` };
}

function lengthOrTone(reason: string, style: Style): Change | undefined {
  if (/\b(?:shorter|short|brief|concise|too long)\b/iu.test(reason))
    return { style: { isShort: true }, done: "made it shorter" };
  if (/\b(?:longer|more detail)\b/iu.test(reason) && style.isShort)
    return { style: { isShort: false }, done: "made it longer" };
  if (/\b(?:warm|warmer|friendly|friendlier|personal)\b/iu.test(reason))
    return { style: { tone: "warm" }, done: "made it warmer" };
  if (/\b(?:formal|politer|polite)\b/iu.test(reason)) return { style: { tone: "formal" }, done: "made it more formal" };
  return undefined;
}

function leaveOut(reason: string, style: Style): Change | undefined {
  const asked = /\b(?:leave out|do not mention|don't mention|without|remove|drop)\b(.*)/isu.exec(reason)?.[1];
  if (asked === undefined) return undefined;
  const out = (pointer: string, what: string) => ({
    style: { leaveOut: [...style.leaveOut, pointer] },
    done: `left out the ${what}`,
  });
  if (/\b(?:amount|price|sum|money|cost)\b/iu.test(asked)) return out("/analysis/amount", "amount");
  if (/\b(?:aim|need|goal)\b/iu.test(asked)) return out("/deal/need", "aim");
  return /\brole\b/iu.test(asked) ? out("/analysis/contact/role", "role") : undefined;
}

function mention(reason: string, style: Style, inputs: MailInputs): Change | undefined {
  const asked = /\b(?:mention|include|refer to|add|name)\b(.*)/isu.exec(reason)?.[1];
  const pointer = asked === undefined ? undefined : factNamed(asked.toLowerCase(), inputs);
  return pointer === undefined
    ? undefined
    : { style: { mention: [...style.mention, pointer] }, done: `mentioned ${pointer}` };
}

/** The fact that a comment means: by its kind ("the amount", "the workshop"), else by a word of its own text. */
function factNamed(asked: string, inputs: MailInputs): string | undefined {
  const facts = factsOf(inputs);
  const has = (pointer: string) => facts.some(({ fact }) => fact === pointer);
  if (/\b(?:amount|price|sum)\b/u.test(asked) && has("/analysis/amount")) return "/analysis/amount";
  if (/\b(?:close|closing|decision) date\b/u.test(asked) && has("/analysis/expected_close"))
    return "/analysis/expected_close";
  const words = (asked.match(/\p{L}+/gu) ?? []).filter((word) => word.length >= MIN_WORD);
  const found = facts.find(({ fact, value }) => {
    const isContent =
      /^\/analysis\/touches\/\d+\/(?:label|topic)$|^\/deal\/need$|^\/analysis\/agreed_step\/what$/u.test(fact);
    return isContent && words.some((word) => value.toLowerCase().includes(word));
  });
  return found?.fact;
}
