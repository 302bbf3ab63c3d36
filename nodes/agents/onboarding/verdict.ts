import { z } from "zod";
import { DOCUMENT_KINDS } from "./document-text.js";

/** One difference between a document and the application, with the place it was found at. */
export const DocumentFindingSchema = z.strictObject({
  finding_id: z.string(),
  document: z.enum(DOCUMENT_KINDS),
  file: z.string(),
  /** Line and label, `whole document`, or `field …` when the field was not there. */
  place: z.string(),
  field: z.string(),
  found: z.string(),
  expected: z.string(),
  severity: z.enum(["blocking", "warning", "note"]),
  problem: z.string(),
  reason: z.string(),
  /** Why a person decided that it does not matter; its severity is then `note`. */
  set_aside: z.string().optional(),
});
export type DocumentFinding = z.output<typeof DocumentFindingSchema>;

const REMEDIES: Readonly<Record<string, string>> = {
  missing_document: "the missing document",
  expired: "an identity document that is valid",
  expires_soon: "an identity document that is valid for longer",
  name_mismatch: "a document in the applicant's name, or proof of the change of name",
  birth_date_mismatch: "the right date of birth",
  address_mismatch: "a document that shows the address of the application, or the right address",
  company_name_mismatch: "the extract of the company that applies",
  registration_number_mismatch: "the right registration number",
  company_not_active: "proof that the company may still trade",
  not_an_officer: "a power of attorney",
  not_legible: "a legible copy",
};

/** `verified` when nothing but notes is open. */
export function verdictOf(findings: readonly Pick<DocumentFinding, "severity">[]): "verified" | "needs_attention" {
  return findings.every(({ severity }) => severity === "note") ? "verified" : "needs_attention";
}

/** What the person who approves might do, in one or two sentences. */
export function recommend(findings: readonly DocumentFinding[], documentCount: number): string {
  const open = findings.filter(({ severity }) => severity !== "note");
  const notes = findings.length - open.length;
  if (open.length === 0) {
    return `Approve: ${documentCount} documents agree with the application${notes > 0 ? `, with ${notes} to take note of` : ""}.`;
  }
  const needed = [...new Set(open.map(({ problem }) => REMEDIES[problem] ?? "an explanation"))].join("; ");
  const isBlocked = open.some(({ severity }) => severity === "blocking");
  if (isBlocked)
    return `Reject, and ask the customer for: ${needed}. Approve only if you know better than the documents.`;
  return `Approve if it can be explained; otherwise ask the customer for: ${needed}.`;
}
