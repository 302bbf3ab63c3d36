import { z } from "zod";
import { splitAddress } from "./address.js";
import type { Country, Format } from "./countries.js";
import { findCountry } from "./countries.js";
import type { Application, Customer, FieldName } from "./customer.js";
import { readDate } from "./dates.js";
import { tidyFamilyName, tidyName } from "./names.js";
import { readCountry, readTimeZone } from "./places.js";

/** A field that only the customer, or somebody who knows, can put right. */
export interface FieldProblem {
  readonly field: FieldName;
  readonly kind: "missing" | "invalid" | "ambiguous";
  readonly found: string;
  /** What would do, with an example, or what the found text may mean. */
  readonly needed: string;
}

/** The application in the house's writing, or what keeps it from being that. Nothing is made up. */
export interface NormalisedApplication {
  readonly fields: Omit<Customer, "customer_id">;
  readonly problems: readonly FieldProblem[];
}

const OLDEST_YEARS = 110;
const YOUNGEST_YEARS = 18;
const EMAIL = z.email();

/** Reads every field by the rules of its country. `today` bounds the date of birth. */
export function normaliseApplication(application: Application, today: Date): NormalisedApplication {
  const read = new FieldReader(application);
  const countryCode = read.one("country", "a country, such as DE or Germany", readCountry);
  const country = findCountry(countryCode);
  const firstName = read.text("first_name", "the given name, as in the passport", tidyName);
  const lastName = read.text("last_name", "the family name, as in the passport", tidyFamilyName);
  const address = readAddress(read, application, country);
  const fields = {
    full_name: `${firstName} ${lastName}`.trim(),
    first_name: firstName,
    last_name: lastName,
    birth_date: read.one("birth_date", birthDateNeeded(country), (text) => readBirthDate(text, country, today)),
    email: read.one("email", "an e-mail address, such as name@company.example", readEmail),
    phone: read.one("phone", "a phone number with area code, such as +49 221 9471230", (text) =>
      readPhone(text, country),
    ),
    company_name: read.text("company_name", "the company's name, as in the register", squeeze),
    registration_number: read.one("registration_number", registrationNeeded(country), (text) =>
      readFormat(text, country?.registration),
    ),
    country: countryCode,
    address,
    time_zone: countryCode === "" ? "" : readZone(read, application, countryCode, address),
  };
  // Without its country nothing else can be judged: what is there is judged once the country is known.
  const problems = read.problems.filter(
    ({ field, kind }) => countryCode !== "" || kind === "missing" || field === "country",
  );
  return { fields, problems };
}

/** A phone number as E.164: `0221 / 947-12 30` of Germany becomes `+492219471230`. */
function readPhone(text: string, country: Country | undefined) {
  const bare = text.replace(/\s*(?:ext\.?|x|durchwahl)\s*\d+\s*$/iu, "").replace(/\(0\)/gu, "");
  if (/[^\d\s()+./-]/u.test(bare)) return undefined;
  const digits = bare.replace(/\D/gu, "");
  const isInternational = bare.trim().startsWith("+") || digits.startsWith("00");
  if (isInternational) return readInternational(bare.trim().startsWith("+") ? digits : digits.slice(2), country);
  if (!country) return undefined;
  const { trunk } = country;
  const national = trunk !== "" && digits.startsWith(trunk) ? digits.slice(trunk.length) : digits;
  return isLong(national, country) ? { value: `+${country.callingCode}${national}` } : undefined;
}

function readInternational(digits: string, country: Country | undefined) {
  if (!/^[1-9]\d{7,14}$/u.test(digits)) return undefined;
  const isHome = country !== undefined && digits.startsWith(country.callingCode);
  if (isHome && !isLong(digits.slice(country.callingCode.length), country)) return undefined;
  return { value: `+${digits}` };
}

function isLong(national: string, { phoneDigits: [least, most] }: Country): boolean {
  return national.length >= least && national.length <= most;
}

function readEmail(text: string) {
  const address = text
    .trim()
    .replace(/^mailto:/iu, "")
    .toLowerCase();
  return EMAIL.safeParse(address).success ? { value: address } : undefined;
}

function readBirthDate(text: string, country: Country | undefined, today: Date) {
  const reading = readDate(text, country?.dateOrder);
  if (!reading || !("value" in reading)) return reading;
  const year = today.getUTCFullYear();
  const monthDay = today.toISOString().slice(4, 10);
  const isOfAge = reading.value <= `${year - YOUNGEST_YEARS}${monthDay}`;
  return isOfAge && reading.value >= `${year - OLDEST_YEARS}${monthDay}` ? reading : undefined;
}

function readFormat(text: string, format: Format | undefined) {
  if (!format) return { value: squeeze(text) };
  const compact = text.toUpperCase().replace(/[\s./-]/gu, "");
  return format.pattern.test(compact) ? { value: compact.replace(format.pattern, format.written) } : undefined;
}

function readAddress(read: FieldReader, application: Application, country: Country | undefined): Customer["address"] {
  const parts = { ...splitAddress(application.address ?? "", country), ...given(application) };
  const postal = country?.postal;
  return {
    street: read.text("street", "street and house number", squeeze, parts.street),
    postal_code: read.one("postal_code", postalNeeded(country), (text) => readFormat(text, postal), parts.postal_code),
    city: read.text("city", "the city", tidyName, parts.city),
    region: squeeze(parts.region ?? ""),
  };
}

/** Address fields that the customer, or a person who answered, wrote on their own; they win over the one-text address. */
function given(application: Application): Partial<Record<"street" | "postal_code" | "city" | "region", string>> {
  const { street, postal_code, city, region } = application;
  const all = { street, postal_code, city, region };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => (value ?? "").trim() !== ""));
}

function readZone(read: FieldReader, application: Application, country: string, address: Customer["address"]): string {
  const text = application.time_zone ?? "";
  const needed = "an IANA time zone, such as Europe/Berlin";
  const reading = readTimeZone(text, country, address.region, address.city);
  if (text.trim() !== "" || reading !== undefined) {
    return read.one("time_zone", needed, () => reading, text.trim() === "" ? `${address.city}, ${country}` : text);
  }
  read.problems.push({ field: "time_zone", kind: "missing", found: "", needed });
  return "";
}

/** Reads fields one by one and keeps what is wrong with them. */
class FieldReader {
  readonly #application: Application;
  readonly problems: FieldProblem[] = [];

  constructor(application: Application) {
    this.#application = application;
  }

  text(field: FieldName, needed: string, tidy: (text: string) => string, found = this.#application[field]): string {
    return this.one(field, needed, (text) => ({ value: tidy(text) }), found);
  }

  /** The field's one value, or an empty text and a problem. */
  one(
    field: FieldName,
    needed: string,
    reader: (text: string) => { readonly value: string } | { readonly candidates: readonly string[] } | undefined,
    found = this.#application[field],
  ): string {
    const text = (found ?? "").trim();
    if (text === "") {
      this.problems.push({ field, kind: "missing", found: "", needed });
      return "";
    }
    const reading = reader(text);
    if (reading && "value" in reading) return reading.value;
    if (reading)
      this.problems.push({ field, kind: "ambiguous", found: text, needed: `one of: ${reading.candidates.join("; ")}` });
    else this.problems.push({ field, kind: "invalid", found: text, needed });
    return "";
  }
}

function birthDateNeeded(country: Country | undefined): string {
  const order = country?.dateOrder === "mdy" ? " or MM/DD/YYYY" : "";
  return `a date of birth of somebody of age, such as 1986-03-14${order}`;
}

function registrationNeeded(country: Country | undefined): string {
  return `the number in the company register${country ? `, such as ${country.registration.example}` : ""}`;
}

function postalNeeded(country: Country | undefined): string {
  return `the postal code${country ? `, such as ${country.postal.example}` : ""}`;
}

function squeeze(text: string): string {
  return text.normalize("NFC").replace(/\s+/gu, " ").trim();
}
