import { z } from "zod";
import type { Feedback, PlaybookContext } from "../../../core/define-agent.js";
import { repeatedFeedback } from "./feedback.js";
import type { DocumentFinding } from "./verdict.js";

const MAX_TEXT = 300;

/**
 * A person who sends a verification back knows something that the documents do not say, and rules cannot read it out of
 * a comment: so what stands is asked, once for each comment. What a check or the reviewer said is met by reading again,
 * and asked only when it comes back word for word.
 */
export async function settleFeedback(
  ctx: PlaybookContext,
  customerName: string,
  findings: readonly DocumentFinding[],
): Promise<DocumentFinding[]> {
  const comments = [
    ...ctx.feedback.filter(isFromPerson),
    ...repeatedFeedback(ctx.feedback.filter((entry) => !isFromPerson(entry))),
  ];
  let settled = [...findings];
  for (const [index, comment] of comments.entries())
    settled = await settleOne(ctx, customerName, settled, comment, index + 1);
  return settled;
}

async function settleOne(
  ctx: PlaybookContext,
  customerName: string,
  findings: readonly DocumentFinding[],
  comment: Feedback,
  number: number,
): Promise<DocumentFinding[]> {
  const open = findings.filter(({ severity }) => severity !== "note");
  const listed =
    open.map(({ finding_id, reason }) => `${finding_id} ${reason}`).join(" ") || "There are no open findings.";
  const answer = await ctx.ask({
    key: `sent_back_${number}`,
    question: `The verification of ${customerName} was sent back: "${comment.reason}" Which findings may be set aside, and is there one to add?`,
    answer: z.strictObject({
      set_aside: z
        .array(z.string())
        .describe(`ids of findings that do not matter, such as ${open[0]?.finding_id ?? "F1"}; [] for none`),
      because: z.string().min(3).max(MAX_TEXT).describe("why, for whoever reads it later"),
      add: z.string().min(3).max(MAX_TEXT).describe("something that the documents show and no finding says").optional(),
    }),
    evidence: [
      {
        title: "Sent back",
        left: { label: "Open findings", text: listed },
        right: { label: `Comment of ${comment.from}`, text: comment.reason },
      },
    ],
  });
  const kept = findings.map((finding): DocumentFinding => {
    if (!answer.set_aside.includes(finding.finding_id)) return finding;
    return { ...finding, severity: "note", set_aside: answer.because };
  });
  return answer.add === undefined ? kept : [...kept, seenByPerson(answer.add, `F${findings.length + 1}`)];
}

function seenByPerson(text: string, id: string): DocumentFinding {
  return {
    finding_id: id,
    document: "identity_document",
    file: "(all)",
    place: "as seen by a person",
    field: "whole case",
    found: text,
    expected: "nothing to object to",
    severity: "blocking",
    problem: "seen_by_person",
    reason: text,
  };
}

/** The engine signs for itself with these words, and an earlier agent with its name; everybody else is a person. */
function isFromPerson({ from }: Feedback): boolean {
  return !["checks", "contract", "reviewer", "the agent before"].includes(from) && !from.endsWith(" Agent");
}
