import { z } from "zod";
import type { Finding } from "../../../core/define-agent.js";
import type { Customer } from "./customer.js";
import { compareDocument } from "./document-findings.js";
import type { DocumentFields, DocumentKind } from "./document-text.js";
import type { DocumentFinding } from "./verdict.js";

/** The labelled values of one document, as it writes them. */
export const TranscriptSchema = z
  .array(z.strictObject({ field: z.string(), value: z.string(), line: z.int().nonnegative(), label: z.string() }))
  .default([]);
type Transcript = z.output<typeof TranscriptSchema>;

interface Verified {
  readonly findings: readonly DocumentFinding[];
  readonly documents: readonly {
    readonly kind: DocumentKind;
    readonly file: string;
    readonly transcript: Transcript;
  }[];
  readonly as_of?: string | undefined;
}

/** What a document says, as the result carries it along. */
export function toTranscript(fields: DocumentFields): Transcript {
  return [...fields].map(([field, { value, line, label }]) => ({
    field,
    value,
    line,
    label,
  }));
}

/** Compares the documents anew, by what the result says that they say: a difference that no finding names was missed. */
export function missedDifferences(
  { findings, documents, as_of }: Verified,
  { customer, received_at }: { readonly customer: Customer; readonly received_at: string },
): Finding[] {
  const receivedAt = new Date(received_at);
  const expected = { customer, receivedAt, now: as_of === undefined ? receivedAt : new Date(as_of) };
  return documents
    .filter(({ transcript }) => transcript.length > 0)
    .flatMap(({ kind, file, transcript }) => {
      const fields: DocumentFields = new Map(transcript.map(({ field, ...at }) => [field, at]));
      const isNamed = (problem: string) =>
        findings.some((finding) => finding.file === file && finding.problem === problem);
      return compareDocument(kind, fields, expected)
        .filter(({ problem }) => !isNamed(problem))
        .map(({ problem, place, found, expected: wanted, reason }) => ({
          checkId: "difference_missed",
          field: "/findings",
          reason:
            `findings has no "${problem}" for ${file}, although ${place} says "${found}" and the application needs ` +
            `${wanted}: ${reason}`,
        }));
    });
}
