import { DateTime } from "luxon";
import { inWords } from "../../../core/words.js";
import { compareAddress } from "./address.js";
import { findCountry } from "./countries.js";
import type { Customer } from "./customer.js";
import { addressLine } from "./customer.js";
import { readDate } from "./dates.js";
import type { DocumentField, DocumentFields, DocumentKind } from "./document-text.js";
import { compareNames, fold, isOtherAlphabet, isSameCompany, sound } from "./names.js";

/** `blocking` should not be approved, `warning` needs an explanation, `note` is only worth knowing. */
export type Severity = "blocking" | "warning" | "note";

/** One difference between a document and the application. */
export interface Difference {
  readonly problem: string;
  readonly place: string;
  readonly field: string;
  readonly found: string;
  readonly expected: string;
  readonly severity: Severity;
  readonly reason: string;
}

/** What documents are compared with. */
export interface Expectation {
  readonly customer: Customer;
  /** When the application came in, and today. */
  readonly receivedAt: Date;
  readonly now: Date;
}

const SOON_DAYS = 30;
const NOT_ACTIVE =
  /liquidat|dissol|insolv|strike|struck|gelosch|bankrupt|inactive|radi(?:ee|ato)|administration|ceased/u;

/** All differences of one document, in the order of its fields. */
export function compareDocument(kind: DocumentKind, fields: DocumentFields, expected: Expectation): Difference[] {
  const found = {
    identity_document: compareIdentity,
    proof_of_address: compareResidence,
    company_register_extract: compareRegister,
  }[kind](fields, expected);
  return found.filter((difference) => difference !== undefined);
}

function compareIdentity(fields: DocumentFields, expected: Expectation) {
  return [personName(fields, expected), birthDate(fields, expected), expiry(fields, expected)];
}

function compareResidence(fields: DocumentFields, { customer }: Expectation) {
  return [holderName(fields, customer), addressOn(fields, customer, "blocking")];
}

function compareRegister(fields: DocumentFields, { customer }: Expectation) {
  return [
    companyName(fields, customer),
    registrationNumber(fields, customer),
    addressOn(fields, customer, "warning"),
    companyStatus(fields),
    officer(fields, customer),
  ];
}

function personName(fields: DocumentFields, { customer }: Expectation): Difference | undefined {
  const [surname, given] = [fields.get("surname"), fields.get("given_names")];
  const whole = fields.get("full_name");
  const field = surname ?? whole;
  if (!field) return notLegible("full_name", customer.full_name);
  const found = surname ? `${given?.value ?? ""} ${surname.value}`.trim() : field.value;
  return nameDifference(found, customer.full_name, field, "blocking");
}

function holderName(fields: DocumentFields, customer: Customer): Difference | undefined {
  const field = fields.get("full_name");
  if (!field) return notLegible("full_name", customer.full_name);
  // A bill may be made out to the company as well as to its owner.
  if (isSameCompany(field.value, customer.company_name)) return undefined;
  return nameDifference(field.value, customer.full_name, field, "blocking");
}

function nameDifference(
  found: string,
  expected: string,
  field: DocumentField,
  severity: Severity,
): Difference | undefined {
  const match = compareNames(withoutTitle(found), expected);
  const base = { field: "full_name", place: placeOf(field), found, expected };
  if (match === "different") {
    return { ...base, problem: "name_mismatch", severity, reason: `The name is "${found}", not "${expected}".` };
  }
  if (match === "transliterated") {
    const reason = `"${found}" is another way to write "${expected}".`;
    return { ...base, problem: "name_transliterated", severity: "note", reason };
  }
  if (match !== "extra_names") return undefined;
  const reason = `One of "${found}" and "${expected}" has a name more; the others agree.`;
  return { ...base, problem: "extra_name", severity: "note", reason };
}

function birthDate(fields: DocumentFields, { customer }: Expectation): Difference | undefined {
  const field = fields.get("birth_date");
  if (!field) return notLegible("birth_date", customer.birth_date);
  const reading = readDate(field.value, findCountry(customer.country)?.dateOrder);
  const dates = reading === undefined ? [] : "value" in reading ? [reading.value] : reading.candidates;
  if (dates.includes(customer.birth_date)) return undefined;
  return {
    problem: "birth_date_mismatch",
    field: "birth_date",
    place: placeOf(field),
    found: field.value,
    expected: customer.birth_date,
    severity: "blocking",
    reason: `The date of birth is ${dates[0] ?? `"${field.value}"`}, not ${customer.birth_date}.`,
  };
}

function expiry(fields: DocumentFields, { customer, receivedAt, now }: Expectation): Difference | undefined {
  const field = fields.get("expires_on");
  const zone = customer.time_zone;
  const today = dayIn(now, zone);
  const received = dayIn(receivedAt, zone);
  if (!field) return notLegible("expires_on", `a date after ${today}`);
  const reading = readDate(field.value, findCountry(customer.country)?.dateOrder ?? "dmy");
  if (!reading || !("value" in reading)) return notLegible("expires_on", `a date after ${today}`, field);
  const expires = reading.value;
  const base = { field: "expires_on", place: placeOf(field), found: expires };
  if (expires < today) {
    const since =
      expires < received ? `before the application came in on ${received}` : "since the application came in";
    const reason = `The document expired on ${expires}, ${since}.`;
    return { ...base, problem: "expired", expected: `a date after ${today}`, severity: "blocking", reason };
  }
  const soon = dayIn(new Date(now.getTime() + SOON_DAYS * 86_400_000), zone);
  if (expires > soon) return undefined;
  const reason = `The document expires within ${SOON_DAYS} days.`;
  return { ...base, problem: "expires_soon", expected: `a date after ${soon}`, severity: "warning", reason };
}

function addressOn(fields: DocumentFields, customer: Customer, severity: Severity): Difference | undefined {
  const field = fields.get("address");
  const expected = addressLine(customer);
  if (!field) return notLegible("address", expected);
  const { differing, isTransliterated } = compareAddress(field.value, customer);
  const base = { field: "address", place: placeOf(field), found: field.value, expected };
  if (differing.length > 0) {
    const reason = `The address differs in ${differing.join(" and ")}.`;
    return { ...base, problem: "address_mismatch", severity, reason };
  }
  if (!isTransliterated) return undefined;
  const reason = "The address is the same, written in another alphabet.";
  return { ...base, problem: "address_transliterated", severity: "note", reason };
}

function companyName(fields: DocumentFields, { company_name: expected }: Customer): Difference | undefined {
  const field = fields.get("company_name");
  if (!field) return notLegible("company_name", expected);
  const base = { field: "company_name", place: placeOf(field), found: field.value, expected };
  if (!isSameCompany(field.value, expected)) {
    const reason = `The register knows "${field.value}", the application "${expected}".`;
    return { ...base, problem: "company_name_mismatch", severity: "blocking", reason };
  }
  if (!isOtherAlphabet(field.value)) return undefined;
  const reason = `"${field.value}" is another way to write "${expected}".`;
  return { ...base, problem: "company_name_transliterated", severity: "note", reason };
}

function registrationNumber(fields: DocumentFields, customer: Customer): Difference | undefined {
  const field = fields.get("registration_number");
  const expected = customer.registration_number;
  if (!field) return notLegible("registration_number", expected);
  if (alphanumeric(field.value).includes(alphanumeric(expected))) return undefined;
  return {
    problem: "registration_number_mismatch",
    field: "registration_number",
    place: placeOf(field),
    found: field.value,
    expected,
    severity: "blocking",
    reason: `The register's number is ${field.value}, the application's ${expected}.`,
  };
}

function companyStatus(fields: DocumentFields): Difference | undefined {
  const field = fields.get("status");
  if (!field || !NOT_ACTIVE.test(fold(field.value))) return undefined;
  return {
    problem: "company_not_active",
    field: "status",
    place: placeOf(field),
    found: field.value,
    expected: "an active company",
    severity: "blocking",
    reason: `The register says of the company: ${field.value}.`,
  };
}

function officer(fields: DocumentFields, { full_name }: Customer): Difference | undefined {
  const field = fields.get("officers");
  if (!field) return undefined;
  const officers = fold(field.value).split(" ").map(sound);
  if (
    fold(full_name)
      .split(" ")
      .every((word) => officers.includes(sound(word)))
  )
    return undefined;
  return {
    problem: "not_an_officer",
    field: "officers",
    place: placeOf(field),
    found: field.value,
    expected: full_name,
    severity: "warning",
    reason: `${full_name} is not among those who may act for the company.`,
  };
}

function notLegible(field: string, expected: string, at?: DocumentField): Difference {
  return {
    problem: "not_legible",
    field,
    place: at ? placeOf(at) : `field ${field}`,
    found: at?.value ?? "(not found)",
    expected,
    severity: "warning",
    reason: `The document has no readable ${inWords(field)}.`,
  };
}

function placeOf({ line, label }: DocumentField): string {
  return line > 0 ? `line ${line}, ${label}` : label;
}

function withoutTitle(name: string): string {
  return name.replace(/^(?:mr|mrs|ms|dr|herr|frau|mme|m|sig|sra?|dott|pan|pani)\.?\s+/iu, "");
}

function alphanumeric(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9]/gu, "");
}

function dayIn(moment: Date, zone: string): string {
  return DateTime.fromJSDate(moment, { zone }).toFormat("yyyy-MM-dd");
}
