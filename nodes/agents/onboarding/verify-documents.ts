import { z } from "zod";
import type { Evidence, Finding, PlaybookContext } from "../../../core/define-agent.js";
import { definePlaybook, valueFrom } from "../../../core/define-agent.js";
import { inWords } from "../../../core/words.js";
import type { readDocument } from "../../../tools/read-document.js";
import { CustomerSchema } from "./customer.js";
import type { Expectation } from "./document-findings.js";
import { compareDocument } from "./document-findings.js";
import type { DocumentFields, DocumentKind } from "./document-text.js";
import { DOCUMENT_KINDS, readFields } from "./document-text.js";
import { missedDifferences, TranscriptSchema, toTranscript } from "./missed-differences.js";
import { settleFeedback } from "./settle-feedback.js";
import type { DocumentFinding } from "./verdict.js";
import { DocumentFindingSchema, recommend, verdictOf } from "./verdict.js";

const MAX_SHOWN = 160;

const InputSchema = z.strictObject({
  customer: CustomerSchema,
  documents: z.array(z.strictObject({ kind: z.enum(DOCUMENT_KINDS), file: z.string().min(1) })),
  received_at: z.iso.datetime({ offset: true }),
});
type Input = z.output<typeof InputSchema>;

const OutputSchema = z.strictObject({
  customer_id: z.string(),
  customer_name: z.string(),
  verdict: z.enum(["verified", "needs_attention"]),
  recommendation: z.string(),
  findings: z.array(DocumentFindingSchema),
  documents: z.array(
    z.strictObject({
      kind: z.enum(DOCUMENT_KINDS),
      file: z.string(),
      state: z.enum(["read", "described_by_person", "missing"]),
      /** What it says, so that the findings can be proved; empty when a person gave the result. */
      transcript: TranscriptSchema,
    }),
  ),
  /** The moment that the documents had to be valid at. */
  as_of: z.iso.datetime().optional(),
});
type Output = z.output<typeof OutputSchema>;
type DocumentState = Output["documents"][number];

const LABELS: Readonly<Record<DocumentKind, string>> = {
  identity_document: "identity document",
  proof_of_address: "proof of address",
  company_register_extract: "company register extract",
};

/** Compares the documents with the application and says where they differ; a person decides what follows. */
export const verifyDocuments = definePlaybook({
  skill: "verify_documents",
  version: "2",
  input: InputSchema,
  output: OutputSchema,
  tools: ["read_document"],

  async run(ctx, inputs) {
    const expected = { customer: inputs.customer, receivedAt: new Date(inputs.received_at), now: ctx.now() };
    const documents: DocumentState[] = [];
    const found: Omit<DocumentFinding, "finding_id">[] = [];
    for (const [index, kind] of DOCUMENT_KINDS.entries()) {
      const given = inputs.documents.filter((document) => document.kind === kind);
      if (given.length === 0) found.push(missing(kind, "(none given)"));
      for (const { file } of given) {
        const { findings, ...read } = await verifyOne(ctx, kind, file, expected);
        documents.push({ kind, file, ...read });
        found.push(...findings);
      }
      ctx.progress(index + 1, DOCUMENT_KINDS.length, LABELS[kind]);
    }
    const numbered = found.map((finding, index) => ({ finding_id: `F${index + 1}`, ...finding }));
    const findings = await settleFeedback(ctx, inputs.customer.full_name, numbered);
    return {
      customer_id: inputs.customer.customer_id,
      customer_name: inputs.customer.full_name,
      verdict: verdictOf(findings),
      recommendation: recommend(findings, documents.length),
      findings,
      documents,
      as_of: expected.now.toISOString(),
    };
  },

  check: (output, inputs) => [
    ...unchecked(output, inputs),
    ...missedDifferences(output, inputs),
    ...strangeFindings(output, inputs),
    ...wrongVerdict(output),
  ],

  summary({ customer_name, verdict, findings, documents }) {
    const open = findings.filter(({ severity }) => severity !== "note");
    if (verdict === "verified")
      return `${customer_name}: ${documents.length} documents agree with the application`.slice(0, 120);
    return `${customer_name}: ${open.map(({ problem }) => inWords(problem)).join(", ")}`.slice(0, 120);
  },

  evidence: (output, inputs) =>
    output.findings.length > 0 ? output.findings.map(sideBySide) : [agreement(output, inputs)],
});

async function verifyOne(ctx: PlaybookContext, kind: DocumentKind, file: string, expected: Expectation) {
  const reply = valueFrom(await ctx.call<typeof readDocument>("read_document", { path: file }));
  if (reply.kind === "missing") return { state: "missing" as const, transcript: [], findings: [missing(kind, file)] };
  const read = reply.kind === "text" ? readFields(kind, reply.lines) : undefined;
  const isReadable = read !== undefined && read.size > 0;
  const fields = isReadable ? read : await askWhatItSays(ctx, kind, file, expected);
  const findings = compareDocument(kind, fields, expected).map((difference) => ({
    document: kind,
    file,
    ...difference,
    found: difference.found.slice(0, MAX_SHOWN),
    expected: difference.expected.slice(0, MAX_SHOWN),
  }));
  const state = isReadable ? ("read" as const) : ("described_by_person" as const);
  return { state, transcript: toTranscript(fields), findings };
}

const DESCRIBED: Readonly<Record<DocumentKind, Readonly<Record<string, string>>>> = {
  identity_document: {
    full_name: "the name on the document",
    birth_date: "the date of birth, as 1986-03-14",
    expires_on: "the day until which it is valid, as 2031-05-20",
  },
  proof_of_address: { full_name: "to whom it is addressed", address: "the address in one line" },
  company_register_extract: {
    company_name: "the company's name",
    registration_number: "its number in the register",
    address: "its registered address in one line",
    status: "its status, such as active",
  },
};

/** A scan holds no text: a person says what is on it. What is left empty counts as not legible. */
async function askWhatItSays(ctx: PlaybookContext, kind: DocumentKind, file: string, { customer }: Expectation) {
  const shape = Object.entries(DESCRIBED[kind]).map(
    ([field, what]) => [field, z.string().max(200).describe(what)] as const,
  );
  const answer = await ctx.ask({
    key: `scan_${kind}`,
    question: `The ${LABELS[kind]} of ${customer.full_name} cannot be read by machine. What does ${file} say? Leave empty what is not legible.`,
    answer: z.strictObject(Object.fromEntries(shape)),
    evidence: [
      {
        title: LABELS[kind],
        left: { label: "File to look at", text: file },
        right: { label: "What to write down", text: Object.values(DESCRIBED[kind]).join("; ") },
      },
    ],
  });
  const legible = Object.entries(answer).filter(([, value]) => value.trim() !== "");
  const fields: DocumentFields = new Map(
    legible.map(([field, value]) => [field, { value, line: 0, label: "as read by a person" }]),
  );
  return fields;
}

function missing(kind: DocumentKind, file: string): Omit<DocumentFinding, "finding_id"> {
  return {
    document: kind,
    file,
    place: "whole document",
    field: kind,
    found: "no document",
    expected: `a ${LABELS[kind]}`,
    severity: "blocking",
    problem: "missing_document",
    reason: `There is no ${LABELS[kind]} among the documents.`,
  };
}

function sideBySide(finding: DocumentFinding): Evidence {
  const aside = finding.set_aside === undefined ? "" : `; set aside: ${finding.set_aside}`;
  return {
    title: `${finding.finding_id} ${finding.severity}: ${finding.reason}${aside}`,
    left: { label: `${LABELS[finding.document]}, ${finding.place} (${finding.file})`, text: finding.found },
    right: { label: "Application", text: finding.expected },
  };
}

function agreement({ documents }: Output, { customer }: Input): Evidence {
  return {
    title: "No differences",
    left: {
      label: "Documents compared",
      text: documents.map(({ kind, state }) => `${LABELS[kind]} (${state})`).join("; "),
    },
    right: {
      label: "Application",
      text: `${customer.full_name}, born ${customer.birth_date}; ${customer.company_name}`,
    },
  };
}

/** Every document of the case must have been looked at. */
function unchecked(output: Output, { documents }: Input): Finding[] {
  const seen = new Set(output.documents.map(({ file }) => file));
  return documents
    .filter(({ file }) => !seen.has(file))
    .map(({ kind, file }) => ({
      checkId: "document_not_checked",
      field: "/documents",
      reason: `The ${LABELS[kind]} ${file} belongs to the case, but documents does not list it.`,
    }));
}

/** A finding must rest on a document of this case. */
function strangeFindings(output: Output, { documents }: Input): Finding[] {
  const files = new Set(documents.map(({ file }) => file));
  return output.findings.flatMap((finding, index) => {
    if (files.has(finding.file) || finding.problem === "missing_document" || finding.problem === "seen_by_person")
      return [];
    return [
      {
        checkId: "finding_without_document",
        field: `/findings/${index}/file`,
        reason: `Finding ${finding.finding_id} rests on ${finding.file}, which is not a document of this case.`,
      },
    ];
  });
}

function wrongVerdict({ verdict, findings }: Output): Finding[] {
  const right = verdictOf(findings);
  if (verdict === right) return [];
  const open = findings.filter(({ severity }) => severity !== "note").map(({ finding_id }) => finding_id);
  const reason = `verdict is "${verdict}", but with ${open.length} open findings (${open.join(", ") || "none"}) it must be "${right}".`;
  return [{ checkId: "verdict", field: "/verdict", reason }];
}
