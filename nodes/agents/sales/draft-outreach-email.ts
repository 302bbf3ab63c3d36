import { z } from "zod";
import type { Evidence } from "../../../core/define-agent.js";
import { definePlaybook, giveUp } from "../../../core/define-agent.js";
import { ONE_LINE } from "../../../core/one-line.js";
import { checkOutreach } from "./check-outreach.js";
import { DealAnalysisSchema, DealSchema } from "./deal.js";
import type { MailInputs } from "./outreach-facts.js";
import { ClaimSchema, factsOf } from "./outreach-facts.js";
import { styleFor } from "./outreach-style.js";
import { composeMail } from "./outreach-text.js";

/** What a person's own mail has for an approach: the defaults below are there for people, who write the mail alone. */
const BY_HAND = "written by a person";

const OutreachEmailSchema = z.strictObject({
  to: z.email(),
  subject: z.string().min(3).max(150).regex(ONE_LINE, "one line, without control characters"),
  body: z.string().min(1).max(3_000),
  claims: z.array(ClaimSchema).default([]),
  /** Whom the mail is written to, by the id of the case's contact. */
  contact_id: z.string().nullable().default(null),
  /** The risk that the mail answers; `null` when it confirms the agreed step. */
  answers_risk: z.string().nullable().default(null),
  approach: z.string().default(BY_HAND),
  feedback_taken: z.array(z.strictObject({ reason: z.string(), done: z.string() })).default([]),
});
type OutreachEmail = z.output<typeof OutreachEmailSchema>;

/** Writes the outreach mail for an analysed deal; every fact in it is a claim that the check can follow. */
export const draftOutreachEmail = definePlaybook({
  skill: "draft_outreach_email",
  version: "1",
  input: z.looseObject({ deal: DealSchema, analysis: DealAnalysisSchema }),
  output: OutreachEmailSchema,
  tools: [],
  proposes: [{ tool: "put_in_outbox", args: { to: "/to", subject: "/subject", body: "/body" } }],

  async run(context, inputs): Promise<OutreachEmail> {
    const { deal, analysis } = inputs;
    const { contact } = analysis;
    if (!contact)
      throw giveUp("permanent", `There is nobody to write to about ${deal.deal_id}: ${analysis.notes.join(" ")}`);
    const optedOut = deal.contacts.find(
      (each) => each.opted_out && (each.contact_id === contact.contact_id || each.email === contact.email),
    );
    if (optedOut)
      throw giveUp("permanent", `${optedOut.name} asked not to be written to; ${deal.deal_id} needs another contact.`);
    const style = styleFor(context.feedback, inputs, (each) => composeMail(inputs, each).body);
    return {
      to: contact.email,
      ...composeMail(inputs, style),
      contact_id: contact.contact_id,
      answers_risk: analysis.next_step.because,
      approach: `${style.approach}, ${style.isShort ? "short" : "full"}, ${style.tone}`,
      feedback_taken: [...style.taken],
    };
  },

  check: (output, inputs) => checkOutreach(output, inputs),
  summary: ({ to, subject }) => `Mail to ${to}: "${subject}"`.slice(0, 120),
  evidence: (output, inputs) => mailShown(output, inputs),
});

function mailShown(mail: OutreachEmail, inputs: MailInputs): Evidence[] {
  const { analysis } = inputs;
  const used = new Set(mail.claims.map(({ fact }) => fact));
  const facts = factsOf(inputs).map(
    ({ fact, value }) => `${used.has(fact) ? "used    " : "not used"} ${value}  (${fact})`,
  );
  const taken = mail.feedback_taken.map(({ reason, done }) => `"${reason}": ${done}`);
  return [
    {
      title: "The facts and the mail that is made of them",
      left: { label: "Facts", text: facts.join("\n") },
      right: { label: "Mail", text: `To: ${mail.to}\nSubject: ${mail.subject}\n\n${mail.body}` },
    },
    {
      title: `Why this mail: ${analysis.score} points (${analysis.band})`,
      left: { label: "Score", text: analysis.reasons.map(({ text }) => text).join("\n") },
      right: {
        label: "Risks, next step, comments",
        text: [...analysis.risks.map(({ text }) => text), analysis.next_step.advice, ...taken].join("\n"),
      },
    },
  ];
}
