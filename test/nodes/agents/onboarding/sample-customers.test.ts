import { describe, expect, test } from "vitest";
import { evaluateBoolean, fillIn } from "../../../../core/expression.js";
import { collectCustomerInformation } from "../../../../nodes/agents/onboarding/collect-customer-information.js";
import { scheduleOnboardingCall } from "../../../../nodes/agents/onboarding/schedule-onboarding-call.js";
import { verifyDocuments } from "../../../../nodes/agents/onboarding/verify-documents.js";
import type { CustomerCase } from "../../../support/onboarding.js";
import {
  collect,
  customerCase,
  customerCases,
  findingsOf,
  inputsFor,
  mission,
  schedule,
  verify,
} from "../../../support/onboarding.js";
import { QuestionAsked } from "../../../support/playbook-context.js";

/** What people answer where a case asks. */
const ANSWERS: Record<string, object> = {
  "C-1002": { application_1: { email: "t.whitcombe@brightwater.example", registration_number: "09876543" } },
  "C-1005": { call_time_1: { starts_at: "2026-03-05T15:00:00+01:00" } },
  "C-1006": {
    scan_identity_document: { full_name: "Marco Bellini", birth_date: "1977-10-02", expires_on: "2033-10-02" },
  },
  "C-1012": { application_1: { time_zone: "America/New_York" } },
  "C-1015": { application_1: { birth_date: "1985-04-03" } },
  "C-1017": { application_1: { country: "US" } },
};

/** Cases whose documents should make a person think. */
const NEED_ATTENTION = ["C-1003", "C-1004", "C-1009", "C-1010", "C-1014"];

async function onboard(caseData: CustomerCase, answers = {}) {
  const options = { answers };
  const T1 = await collect(caseData, options);
  const T2 = await verify(T1.customer, caseData, options);
  const T3 = await schedule(T1.customer, caseData, options, T2.verdict);
  return { T1, T2, T3 };
}

test("there are enough customers, each with an id of its own, a word on what it shows and a time of receipt before the start", () => {
  expect(customerCases.length).toBeGreaterThanOrEqual(12);
  expect(new Set(customerCases.map(({ customer_id }) => customer_id)).size).toBe(customerCases.length);
  for (const caseData of customerCases) {
    expect(caseData["about"]).toEqual(expect.stringMatching(/.{20,}/u));
    expect(caseData["received_at"]).toEqual(expect.stringMatching(/^-P/u));
  }
});

describe.each(customerCases.map((caseData) => [caseData.customer_id, caseData] as const))(
  "sample customer %s",
  (id, caseData) => {
    test("asks exactly where it should", async () => {
      const asked = await onboard(caseData).then(
        () => undefined,
        (error: unknown) => (error instanceof QuestionAsked ? error.question.key : error),
      );

      expect(asked).toBe(Object.keys(ANSWERS[id] ?? {})[0]);
    });

    test("comes through, passes every check and rule, and stays small", async () => {
      const outputs = await onboard(caseData, ANSWERS[id]);
      const { T1, T2, T3 } = outputs;
      const found = [
        ...findingsOf("T1", collectCustomerInformation, T1, inputsFor.collect(caseData), caseData),
        ...findingsOf("T2", verifyDocuments, T2, inputsFor.verify(T1.customer, caseData), caseData),
        ...findingsOf(
          "T3",
          scheduleOnboardingCall,
          T3,
          inputsFor.schedule(T1.customer, caseData, T2.verdict),
          caseData,
        ),
      ];

      expect(found).toEqual([]);
      expect(mission.review.filter(({ that }) => !evaluateBoolean(that, { ...outputs, case: caseData }))).toEqual([]);
      expect(T2.verdict).toBe(NEED_ATTENTION.includes(id) ? "needs_attention" : "verified");
      for (const [playbook, output] of [
        [collectCustomerInformation.summary?.(T1), T1],
        [verifyDocuments.summary?.(T2), T2],
        [scheduleOnboardingCall.summary?.(T3), T3],
      ] as const) {
        expect(playbook?.length).toBeLessThanOrEqual(120);
        expect(JSON.stringify(output).length).toBeLessThan(8192);
      }
    });
  },
);

describe("the reviewer's rules find what no single task can", () => {
  test.each([
    [
      "documents of somebody else",
      "documents_of_the_customer",
      { T2: { customer_name: "Thomas Whitcombe" } },
      "Thomas Whitcombe (C-1001)",
    ],
    [
      "a call with somebody else",
      "call_with_the_customer",
      { T3: { customer_id: "C-1002" } },
      "Anna-Lena Vogt (C-1002)",
    ],
    [
      "a call without the customer",
      "call_in_the_customers_zone",
      { T3: { participants: [] } },
      "Anna-Lena Vogt as a participant in Europe/Berlin",
    ],
    ["a document left out", "every_document_verified", { T2: { documents: [] } }, "passport.txt"],
  ])("%s", async (_, rule, change: { T2?: object; T3?: object }, words) => {
    const caseData = customerCase("C-1001");
    const outputs = await onboard(caseData);
    const scope = {
      ...outputs,
      T2: { ...outputs.T2, ...change.T2 },
      T3: { ...outputs.T3, ...change.T3 },
      case: caseData,
    };
    const broken = mission.review.filter(({ that }) => !evaluateBoolean(that, scope));

    expect(broken.map(({ rule_id }) => rule_id)).toEqual([rule]);
    expect(fillIn(broken[0]?.reason ?? "", scope)).toContain(words);
  });
});
