import { beforeAll, describe, expect, test } from "vitest";
import { documentVerificationAgent } from "../../../nodes/agents/document-verification-agent.js";
import type { Customer } from "../../../nodes/agents/onboarding/customer.js";
import { verifyDocuments as playbook } from "../../../nodes/agents/onboarding/verify-documents.js";
import { createMemoryDocuments, readDataFile } from "../../support/fake-services.js";
import type { CustomerCase, OnboardingOptions } from "../../support/onboarding.js";
import { collect, customerCase, findingsOf, inputsFor, verify } from "../../support/onboarding.js";
import { questionOf } from "../../support/playbook-context.js";

const good = customerCase("C-1001");
let customer: Customer;

beforeAll(async () => {
  customer = (await collect(good)).customer;
});

async function verifySample(id: string, options: OnboardingOptions = {}) {
  const caseData = customerCase(id);
  const collected = await collect(caseData, options);
  return { caseData, customer: collected.customer, output: await verify(collected.customer, caseData, options) };
}

const passport = (lines: readonly string[]) => ["PASSPORT", "", ...lines].join("\n");
const GOOD_PASSPORT = [
  "Surname: VOGT",
  "Given names: ANNA-LENA",
  "Date of birth: 14.03.1986",
  "Valid until: 20.05.2034",
];

/** The good customer with another identity document; the other two files stay as they are. */
async function verifyPassport(lines: readonly string[], options: OnboardingOptions = {}) {
  const files = {
    "passport.txt": passport(lines),
    "bill.txt": "Kunde: Nordlicht Instruments GmbH\nAnschrift: Venloer Str. 241, 50823 Köln",
    "register.txt":
      "Firma: Nordlicht Instruments GmbH\nHandelsregister: HRB 45678\nSitz und Anschrift: Venloer Str. 241, 50823 Köln",
  };
  const caseData: CustomerCase = {
    ...good,
    documents: [
      { kind: "identity_document", file: "passport.txt" },
      { kind: "proof_of_address", file: "bill.txt" },
      { kind: "company_register_extract", file: "register.txt" },
    ],
  };
  return verify(customer, caseData, { services: { documents: createMemoryDocuments(files) }, ...options });
}

describe("T2 compares documents with the application", () => {
  test("documents that agree are verified, without findings and without a question", async () => {
    const { output } = await verifySample("C-1001");

    expect(output).toMatchObject({ verdict: "verified", findings: [], customer_name: "Anna-Lena Vogt" });
    expect(output.recommendation).toBe("Approve: 3 documents agree with the application.");
    expect(output.documents.map(({ state }) => state)).toEqual(["read", "read", "read"]);
  });

  test("an expired passport names document, line, date found and date needed, against now and the day of receipt", async () => {
    const { output } = await verifySample("C-1003");

    expect(output.verdict).toBe("needs_attention");
    expect(output.findings.find(({ problem }) => problem === "expired")).toEqual({
      finding_id: "F2",
      document: "identity_document",
      file: "sample/documents/C-1003/passeport.txt",
      place: "line 11, Date d'expiration / Date of expiry",
      field: "expires_on",
      found: "2023-05-11",
      expected: "a date after 2026-03-02",
      severity: "blocking",
      problem: "expired",
      reason: "The document expired on 2023-05-11, before the application came in on 2026-03-01.",
    });
    expect(output.recommendation).toContain("an identity document that is valid");
  });

  test("a passport counts through its last day by the customer's clock, and one that ran out since receipt is told apart", async () => {
    const lastDay = await verifyPassport([...GOOD_PASSPORT.slice(0, 3), "Valid until: 02.03.2026"]);
    const since = await verifyPassport([...GOOD_PASSPORT.slice(0, 3), "Valid until: 01.03.2026"], { hoursAgo: 48 });

    expect(lastDay.findings.map(({ problem, severity }) => [problem, severity])).toEqual([["expires_soon", "warning"]]);
    expect(since.findings[0]).toMatchObject({
      problem: "expired",
      reason: expect.stringContaining("since the application came in"),
    });
  });

  test("a name that does not match is shown beside the application's", async () => {
    const { output, customer, caseData } = await verifySample("C-1004");
    const evidence = playbook.evidence?.(output, inputsFor.verify(customer, caseData), {}) ?? [];

    expect(output.findings).toMatchObject([
      { problem: "name_mismatch", severity: "blocking", place: "line 4, APELLIDOS" },
    ]);
    expect(evidence).toEqual([
      {
        title: 'F1 blocking: The name is "LUCÍA HERRERA ORTEGA", not "Lucía Fernández Ortega".',
        left: {
          label: "identity document, line 4, APELLIDOS (sample/documents/C-1004/dni.txt)",
          text: "LUCÍA HERRERA ORTEGA",
        },
        right: { label: "Application", text: "Lucía Fernández Ortega" },
      },
    ]);
  });

  test("a wrong address names the parts that differ", async () => {
    const { output } = await verifySample("C-1009");

    expect(output.findings.find(({ severity }) => severity === "blocking")).toMatchObject({
      document: "proof_of_address",
      place: "line 4, Adres",
      found: "ul. Długa 12, 31-147 Kraków",
      expected: "ul. Mokotowska 33, 00-560 Warszawa, PL",
      reason: "The address differs in street and postal code and city.",
    });
  });

  test("a missing document is a finding, whether it was never given or its file is gone", async () => {
    const { output } = await verifySample("C-1010");
    const gone = await verify(customer, good, { services: { documents: createMemoryDocuments({}) } });

    expect(output.findings.map(({ problem }) => problem)).toEqual(["extra_name", "missing_document"]);
    expect(gone.findings.map(({ problem }) => problem)).toEqual(Array(3).fill("missing_document"));
    expect(gone.documents.map(({ state }) => state)).toEqual(Array(3).fill("missing"));
  });

  test("a company in liquidation and a signatory without power are found in the register", async () => {
    const { output } = await verifySample("C-1014");

    expect(output.findings.map(({ problem, severity }) => [problem, severity])).toEqual([
      ["extra_name", "note"],
      ["company_name_mismatch", "blocking"],
      ["company_not_active", "blocking"],
      ["not_an_officer", "warning"],
    ]);
  });

  test("transliterations are notes and keep nobody waiting", async () => {
    const cyrillic = await verifySample("C-1008");
    const umlauts = await verifySample("C-1016");

    expect(cyrillic.output.verdict).toBe("verified");
    expect(cyrillic.output.findings[0]).toMatchObject({
      problem: "name_transliterated",
      severity: "note",
      found: "ЙОРДАНКА ХРИСТОВА",
      expected: "Yordanka Hristova",
    });
    expect(umlauts.output).toMatchObject({ verdict: "verified", findings: [{ problem: "name_transliterated" }] });
  });

  test.each([
    ["accents and case", ["Surname: VOGT", "Given names: Anna-Léna"]],
    ["word order", ["Name: VOGT Anna-Lena"]],
    ["columns", ["Surname          Vogt", "Given names      Anna-Lena"]],
    ["dotted leaders", ["Surname ........ Vogt", "Given names .... Anna-Lena"]],
    ["a table", ["| Surname | Vogt |", "| Given names | Anna-Lena |"]],
  ])("%s make no difference", async (_, names) => {
    const output = await verifyPassport([...names, "Date of birth: 14 March 1986", "Valid until: 2034-05-20"]);

    expect(output.findings).toEqual([]);
  });

  test("another day of birth and a field that is not there are found", async () => {
    const output = await verifyPassport(["Surname: VOGT", "Given names: ANNA-LENA", "Date of birth: 15.03.1986"]);

    expect(output.findings).toMatchObject([
      { problem: "birth_date_mismatch", place: "line 5, Date of birth", found: "15.03.1986", expected: "1986-03-14" },
      { problem: "not_legible", field: "expires_on", place: "field expires_on", severity: "warning" },
    ]);
  });
});

describe("T2 asks what a scan says", () => {
  test("a picture is unreadable: the question names the file and the fields", async () => {
    const question = await questionOf(verifySample("C-1006"));

    expect(question.key).toBe("scan_identity_document");
    expect(question.question).toContain("sample/documents/C-1006/carta-identita.png");
    expect(question.answer.safeParse({ full_name: "", birth_date: "", expires_on: "" }).success).toBe(true);
  });

  test("what a person reads is compared like any document, and what is left empty is not legible", async () => {
    const read = { full_name: "Bellini Marco", birth_date: "02.10.1977", expires_on: "2033-10-02" };
    const clean = await verifySample("C-1006", { answers: { scan_identity_document: read } });
    const poor = await verifySample("C-1006", { answers: { scan_identity_document: { ...read, expires_on: "" } } });

    expect(clean.output).toMatchObject({ verdict: "verified", findings: [] });
    expect(clean.output.documents[0]?.state).toBe("described_by_person");
    expect(poor.output.findings).toMatchObject([{ problem: "not_legible", field: "expires_on" }]);
  });

  test("text without any known label counts as unreadable too", async () => {
    const question = await questionOf(verifyPassport(["%&/( lorem ipsum"]));

    expect(question.key).toBe("scan_identity_document");
  });
});

describe("T2 heeds a person's comment", () => {
  const comment = { from: "mira", reason: "She married in May, the card is new." };

  test("a result sent back asks which findings may be set aside, once for each comment", async () => {
    const question = await questionOf(verifySample("C-1004", { feedback: [comment], attempt: 2 }));
    const answers = { sent_back_1: { set_aside: ["F1"], because: "Marriage certificate seen." } };
    const { output } = await verifySample("C-1004", { feedback: [comment], answers, attempt: 3 });
    const again = await questionOf(verifySample("C-1004", { feedback: [comment, comment], answers, attempt: 4 }));

    expect(question.question).toContain("She married in May");
    expect(output).toMatchObject({
      verdict: "verified",
      findings: [{ severity: "note", set_aside: "Marriage certificate seen." }],
    });
    expect(again.key).toBe("sent_back_2");
  });

  test("a person may add what the rules did not see", async () => {
    const answers = { sent_back_1: { set_aside: [], because: "Looked at it.", add: "The photo is of somebody else." } };
    const output = await verify(customer, good, { feedback: [comment], answers });

    expect(output).toMatchObject({
      verdict: "needs_attention",
      findings: [{ problem: "seen_by_person", severity: "blocking" }],
    });
    expect(findingsOf("T2", playbook, output, inputsFor.verify(customer, good), good)).toEqual([]);
  });

  test("what a check said is met by reading again, and asked only when it comes back word for word", async () => {
    const refusal = { from: "checks", field: "/customer_name", reason: "customer_name is wrong." };
    const output = await verify(customer, good, { feedback: [refusal] });
    const question = await questionOf(verify(customer, good, { feedback: [refusal, refusal] }));

    expect(output.verdict).toBe("verified");
    expect(question.key).toBe("sent_back_1");
  });
});

describe("T2's checks find planted faults", () => {
  const faults = (change: Partial<Awaited<ReturnType<typeof verify>>>) => async () => {
    const output = { ...(await verify(customer, good)), ...change };
    return findingsOf("T2", playbook, output, inputsFor.verify(customer, good), good);
  };
  const finding = {
    finding_id: "F1",
    document: "identity_document" as const,
    file: "sample/documents/C-1002/passport.txt",
    place: "line 4",
    field: "full_name",
    found: "x",
    expected: "y",
    severity: "note" as const,
    problem: "extra_name",
    reason: "…",
  };

  test("a clean result passes", async () => {
    expect(await faults({})()).toEqual([]);
  });

  test.each([
    [
      "another customer's name",
      { customer_name: "Thomas Whitcombe" },
      "/customer_name",
      'customer_name is "Thomas Whitcombe", but the application is from "Anna-Lena Vogt".',
    ],
    [
      "another customer's id",
      { customer_id: "C-1002" },
      "/customer_id",
      'customer_id is "C-1002", but the documents belong to C-1001.',
    ],
    [
      "a document that was not looked at",
      { documents: [] },
      "/documents",
      "sample/documents/C-1001/passport.txt belongs to the case",
    ],
    [
      "a finding from another case",
      { findings: [finding] },
      "/findings/0/file",
      "Finding F1 rests on sample/documents/C-1002/passport.txt",
    ],
    [
      "a finding without evidence",
      { findings: [{ ...finding, file: "sample/documents/C-1001/passport.txt", found: "" }] },
      "/findings",
      'Findings ["F1"] lack the place',
    ],
    [
      "a verdict that its findings belie",
      { verdict: "needs_attention" as const },
      "/verdict",
      'with 0 open findings (none) it must be "verified"',
    ],
  ])("%s is found, with field and evidence", async (_, change, field, words) => {
    const found = await faults(change)();

    expect(found[0]).toMatchObject({ field, reason: expect.stringContaining(words) });
    expect(found.length).toBe("documents" in change ? 3 : 1);
  });
});

test("A2 is the dataset's agent, and results stay small", async () => {
  const { output } = await verifySample("C-1014");

  expect(readDataFile("specialized_agents.json")).toContainEqual({
    agent_id: documentVerificationAgent.agentId,
    name: documentVerificationAgent.name,
    description: documentVerificationAgent.description,
  });
  expect(JSON.stringify(output).length).toBeLessThan(8192);
  expect(playbook.summary?.(output).length).toBeLessThanOrEqual(120);
});
