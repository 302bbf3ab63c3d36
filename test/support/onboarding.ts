import { z } from "zod";
import type { Finding, Playbook } from "../../core/define-agent.js";
import type { JsonObject } from "../../core/digest.js";
import { evaluateBoolean, fillIn } from "../../core/expression.js";
import { collectCustomerInformation } from "../../nodes/agents/onboarding/collect-customer-information.js";
import type { Application, Customer } from "../../nodes/agents/onboarding/customer.js";
import { scheduleOnboardingCall } from "../../nodes/agents/onboarding/schedule-onboarding-call.js";
import { verifyDocuments } from "../../nodes/agents/onboarding/verify-documents.js";
import { bookCalendarEntry } from "../../tools/book-calendar-entry.js";
import { findBusyTimes } from "../../tools/find-busy-times.js";
import { findPublicHolidays } from "../../tools/find-public-holidays.js";
import { readDocument } from "../../tools/read-document.js";
import { readDataFile } from "./fake-services.js";
import type { FakeContextOptions } from "./playbook-context.js";
import { createPlaybookContext, runPlaybook } from "./playbook-context.js";

/** A Monday morning without holidays near it. */
const MONDAY = "2026-03-02T08:00:00Z";

/** What the three agents hold. */
export const ONBOARDING_TOOLS = [readDocument, findBusyTimes, findPublicHolidays, bookCalendarEntry];

const CheckSchema = z.object({ check_id: z.string(), that: z.string(), field: z.string(), reason: z.string() });
const MissionSchema = z.object({
  tasks: z.array(
    z.object({
      task_id: z.string(),
      checks: z.array(CheckSchema),
      inputs: z.record(z.string(), z.unknown()),
    }),
  ),
  review: z.array(z.object({ rule_id: z.string(), that: z.string(), reason: z.string(), send_back: z.string() })),
});

/** The mission file, as far as these tests need it. */
export const mission = MissionSchema.parse(readDataFile("missions/customer-onboarding.json"));

const CaseSchema = z.looseObject({
  customer_id: z.string(),
  application: z.record(z.string(), z.string()),
  documents: verifyDocuments.input.shape.documents,
  call: scheduleOnboardingCall.input.shape.call,
});
export type CustomerCase = z.output<typeof CaseSchema>;

/** All sample customers, in the file's order. */
export const customerCases = z.array(CaseSchema).parse(readDataFile("sample/customers.json"));

/** A sample customer by id. */
export function customerCase(id: string): CustomerCase {
  const found = customerCases.find(({ customer_id }) => customer_id === id);
  if (!found) throw new Error(`There is no sample customer ${id}.`);
  return found;
}

export interface OnboardingOptions extends FakeContextOptions {
  /** How long before `now` the application came in. */
  readonly hoursAgo?: number;
}

/** Inputs of the three tasks, as the mission file hands them over. */
export const inputsFor = {
  // Safe: the playbook parses its inputs.
  collect: ({ customer_id, application }: CustomerCase) => ({ customer_id, application: application as Application }),
  verify: (
    customer: Customer,
    { documents }: CustomerCase,
    { now = MONDAY, hoursAgo = 28 }: OnboardingOptions = {},
  ) => ({
    customer,
    documents,
    received_at: new Date(Date.parse(now) - hoursAgo * 3_600_000).toISOString(),
  }),
  schedule: (customer: Customer, { call }: CustomerCase, verdict: "verified" | "needs_attention" = "verified") => ({
    customer,
    verdict,
    call,
    rules: { lead_hours: 24, search_days: 14, step_minutes: 15 },
  }),
};

/** T1 on a case. */
export function collect(caseData: CustomerCase, options: OnboardingOptions = {}) {
  return runPlaybook(collectCustomerInformation, contextFor(options), inputsFor.collect(caseData));
}

/** T2 on a case whose customer is already collected. */
export function verify(customer: Customer, caseData: CustomerCase, options: OnboardingOptions = {}) {
  return runPlaybook(verifyDocuments, contextFor(options), inputsFor.verify(customer, caseData, options));
}

/** T3 on a case. */
export function schedule(
  customer: Customer,
  caseData: CustomerCase,
  options: OnboardingOptions = {},
  verdict: "verified" | "needs_attention" = "verified",
) {
  return runPlaybook(scheduleOnboardingCall, contextFor(options), inputsFor.schedule(customer, caseData, verdict));
}

/** Everything that a task's checks find: the playbook's own and the mission file's. */
export function findingsOf<Input extends z.ZodType, Output extends z.ZodType>(
  taskId: string,
  playbook: Playbook<Input, Output>,
  output: z.output<Output>,
  inputs: z.output<Input>,
  caseData: CustomerCase,
): Finding[] {
  const task = mission.tasks.find(({ task_id }) => task_id === taskId);
  const scope = { output, inputs, case: caseData };
  const refused = (task?.checks ?? []).filter(({ that }) => !evaluateBoolean(that, scope));
  // Safe: a case that was read from JSON is JSON.
  const own = playbook.check?.(output, inputs, caseData as JsonObject) ?? [];
  return [
    ...own,
    ...refused.map((check) => ({ checkId: check.check_id, field: check.field, reason: fillIn(check.reason, scope) })),
  ];
}

function contextFor(options: OnboardingOptions) {
  return createPlaybookContext({ tools: ONBOARDING_TOOLS, now: MONDAY, ...options });
}
