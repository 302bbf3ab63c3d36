import { z } from "zod";
import type { Finding, PlaybookContext } from "../../../core/define-agent.js";
import { definePlaybook, giveUp } from "../../../core/define-agent.js";
import type { FieldProblem } from "./application.js";
import { normaliseApplication } from "./application.js";
import { findCountry } from "./countries.js";
import type { Application, Customer, FieldName } from "./customer.js";
import { ApplicationSchema, CustomerSchema } from "./customer.js";
import { repeatedFeedback } from "./feedback.js";
import { compareNames } from "./names.js";

const MAX_ROUNDS = 3;

const InputSchema = z.strictObject({ customer_id: z.string().min(1), application: ApplicationSchema });

const OutputSchema = z.strictObject({
  customer: CustomerSchema,
  /** What was rewritten, from the application's writing to the house's. */
  changes: z.array(z.strictObject({ field: z.string(), from: z.string(), to: z.string() })),
  /** Application fields that a person supplied, because the application left them open. */
  supplied_by_person: z.array(z.string()),
});
type Output = z.output<typeof OutputSchema>;

const LABELS: Readonly<Record<FieldName, string>> = {
  first_name: "first name",
  last_name: "last name",
  birth_date: "date of birth",
  email: "e-mail address",
  phone: "phone number",
  company_name: "company name",
  registration_number: "registration number",
  country: "country",
  street: "street",
  postal_code: "postal code",
  city: "city",
  region: "state or region",
  address: "address",
  time_zone: "time zone",
};

/** Checks an application for completeness, writes every field the house's way, and asks for what only a person can know. */
export const collectCustomerInformation = definePlaybook({
  skill: "collect_customer_information",
  version: "1",
  input: InputSchema,
  output: OutputSchema,
  tools: [],

  async run(ctx, { customer_id, application }) {
    const supplied = new Map<FieldName, string>(await askAgain(ctx, application));
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const complete = { ...application, ...Object.fromEntries(supplied) };
      const { fields, problems } = normaliseApplication(complete, ctx.now());
      if (problems.length === 0) {
        const customer = { customer_id, ...fields };
        return { customer, changes: changesOf(complete, customer), supplied_by_person: [...supplied.keys()] };
      }
      for (const [field, value] of await askFor(ctx, round, complete, problems)) supplied.set(field, value);
    }
    throw giveUp(
      "permanent",
      `After ${MAX_ROUNDS} rounds of questions the application of ${customer_id} is still incomplete.`,
    );
  },

  check: (output, inputs) => [
    ...emptyFields(output, inputs.application),
    ...badFormats(output),
    ...otherName(output, inputs),
  ],

  summary({ customer, changes, supplied_by_person }) {
    const asked = supplied_by_person.length > 0 ? `, ${supplied_by_person.length} supplied by a person` : "";
    return `${customer.full_name}, ${customer.company_name}: complete, ${changes.length} fields tidied${asked}`.slice(
      0,
      120,
    );
  },
});

/** One question for all open fields, so that a person is asked once. */
async function askFor(
  ctx: PlaybookContext,
  round: number,
  application: Application,
  problems: readonly FieldProblem[],
) {
  const shape = Object.fromEntries(
    problems.map(({ field, needed }) => [field, z.string().min(1).describe(`${LABELS[field]}: ${needed}`)]),
  );
  const who =
    application.company_name?.trim() || `${application.first_name ?? ""} ${application.last_name ?? ""}`.trim();
  const answer = await ctx.ask({
    key: `application_${round}`,
    question: `The application of ${who || "this customer"} ${problems.map(inWords).join("; it ")}. What should stand there?`,
    answer: z.strictObject(shape),
    evidence: problems.map(({ field, found, needed }) => ({
      title: LABELS[field],
      left: { label: "In the application", text: found || "(nothing)" },
      right: { label: "What is needed", text: needed },
    })),
  });
  return problems.map(({ field }): [FieldName, string] => [field, answer[field] ?? ""]);
}

/** A reason that came back word for word cannot be helped by reading again: the field's value is asked for. */
async function askAgain(ctx: PlaybookContext, application: Application): Promise<[FieldName, string][]> {
  const asked: [FieldName, string][] = [];
  for (const { field: pointer = "", reason } of repeatedFeedback(ctx.feedback)) {
    const field = fieldOf(pointer);
    if (!field) continue;
    const answer = await ctx.ask({
      key: `refused_${field}`,
      question: `The ${LABELS[field]} was refused twice: ${reason} What should stand there?`,
      answer: z.strictObject({ value: z.string().min(1).describe(LABELS[field]) }),
      evidence: [
        {
          title: LABELS[field],
          left: { label: "In the application", text: application[field] ?? "(nothing)" },
          right: { label: "Why it was refused", text: reason },
        },
      ],
    });
    asked.push([field, answer.value]);
  }
  return asked;
}

function fieldOf(pointer: string): FieldName | undefined {
  const last = pointer.split("/").at(-1) ?? "";
  const name = last === "full_name" ? "last_name" : last;
  return ApplicationSchema.keyof().safeParse(name).data;
}

function inWords({ field, kind, found }: FieldProblem): string {
  if (kind === "missing") return `has no ${LABELS[field]}`;
  return `says "${found}" as ${LABELS[field]}, which ${kind === "ambiguous" ? "may mean several things" : "cannot be right"}`;
}

function changesOf(application: Application, customer: Customer): Output["changes"] {
  const written: Partial<Record<FieldName, string>> = { ...customer, ...customer.address, address: "" };
  return ApplicationSchema.keyof().options.flatMap((field) => {
    const [from, to] = [application[field] ?? "", written[field] ?? ""];
    return from === "" || to === "" || from === to ? [] : [{ field, from, to }];
  });
}

function emptyFields({ customer }: Output, application: Application): Finding[] {
  const { address, ...rest } = customer;
  const { region: _optional, ...place } = address;
  const named = [
    ...Object.entries(rest).map(([field, value]) => ({ field, pointer: `/customer/${field}`, value })),
    ...Object.entries(place).map(([field, value]) => ({ field, pointer: `/customer/address/${field}`, value })),
  ];
  return named
    .filter(({ value }) => value.trim() === "")
    .map(({ field, pointer }) => ({
      checkId: "required_field_missing",
      field: pointer,
      reason: `${pointer.slice(1).replaceAll("/", ".")} is empty, but an onboarding needs it; the application says "${saidIn(application, field)}".`,
    }));
}

function saidIn(application: Application, field: string): string {
  if (field === "full_name") return `${application.first_name ?? ""} ${application.last_name ?? ""}`.trim();
  const known = ApplicationSchema.keyof().safeParse(field);
  return (known.success ? application[known.data] : undefined) ?? application.address ?? "";
}

function badFormats({ customer }: Output): Finding[] {
  const formats: readonly [keyof Omit<Customer, "address">, RegExp, string][] = [
    ["birth_date", /^\d{4}-\d{2}-\d{2}$/u, "a date as 1986-03-14"],
    ["email", /^[^\s@A-Z]+@[^\s@A-Z]+\.[^\s@A-Z]+$/u, "an e-mail address in lower case"],
    ["phone", /^\+[1-9]\d{7,14}$/u, "a phone number as +492219471230"],
    ["country", /^[A-Z]{2}$/u, "a two-letter country code"],
    ["time_zone", /^(?:UTC|[A-Z]\w*(?:\/[\w+-]+)+)$/u, "an IANA time zone"],
  ];
  const found = formats.filter(([field, pattern]) => customer[field] !== "" && !pattern.test(customer[field]));
  const bad = found.map(([field, , needed]) => badFormat(field, customer[field], needed));
  const registration = findCountry(customer.country)?.registration;
  const compact = customer.registration_number.toUpperCase().replace(/[\s./-]/gu, "");
  if (registration && compact !== "" && !registration.pattern.test(compact)) {
    bad.push(badFormat("registration_number", customer.registration_number, `written as ${registration.example}`));
  }
  return bad;
}

function badFormat(field: string, value: string, needed: string): Finding {
  return {
    checkId: "field_format",
    field: `/customer/${field}`,
    reason: `customer.${field} is "${value}", but it must be ${needed}.`,
  };
}

/** The result must be about the person who applied, unless somebody supplied the name. */
function otherName({ customer, supplied_by_person }: Output, { application }: z.output<typeof InputSchema>): Finding[] {
  if (supplied_by_person.includes("first_name") || supplied_by_person.includes("last_name")) return [];
  const applied = `${application.first_name ?? ""} ${application.last_name ?? ""}`.trim();
  const match = compareNames(customer.full_name, applied);
  if (customer.full_name === "" || applied === "" || match !== "different") return [];
  return [
    {
      checkId: "customer_name",
      field: "/customer/full_name",
      reason: `customer.full_name is "${customer.full_name}", but the application is from "${applied}".`,
    },
  ];
}
