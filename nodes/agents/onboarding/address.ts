import type { Country } from "./countries.js";
import type { Customer } from "./customer.js";
import { compareNames, fold, isOtherAlphabet, sound } from "./names.js";

/** The parts of an address that could be told apart; none when there was nothing. */
export interface AddressParts {
  readonly street?: string;
  readonly postal_code?: string;
  readonly city?: string;
  readonly region?: string;
}

/** How the address on a document goes with the application's: the parts that differ, and whether letters were transliterated. */
export interface AddressMatch {
  readonly differing: readonly ("street" | "postal code" | "city")[];
  readonly isTransliterated: boolean;
}

const SHORT_WORDS: Readonly<Record<string, string>> = {
  street: "st",
  road: "rd",
  avenue: "ave",
  boulevard: "blvd",
  lane: "ln",
  square: "sq",
  strasse: "str",
  north: "n",
  east: "e",
  south: "s",
  west: "w",
};
// Where the state or ward stands beside the postal code, so that the city cannot be told from one text.
const PARTS_UNCLEAR = new Set(["IN", "JP"]);
// Words for "street" and "number" that some write and others leave out.
const IDLE_WORDS = new Set("ul ulica ulitsa ул улица c calle via rue no nr num numero".split(" "));

const CITY_NAMES: readonly (readonly string[])[] = [
  ["koln", "cologne", "koeln"],
  ["munchen", "munich", "muenchen"],
  ["wien", "vienna"],
  ["warszawa", "warsaw"],
  ["goteborg", "gothenburg"],
  ["sofiya", "sofia", "софия"],
  ["torino", "turin"],
  ["milano", "milan"],
  ["sevilla", "seville"],
  ["zurich", "zuerich"],
  ["bengaluru", "bangalore"],
];

/** Splits an address written as one text: the part that holds the postal code names the city, what stands before it is the street. */
export function splitAddress(text: string, country: Country | undefined): AddressParts {
  const parts = text
    .split(/[\n,;]+/u)
    .map((part) => part.trim().replace(/^[A-Z]{1,2}-(?=\d)/u, ""))
    .filter((part) => part !== "" && !isCountryLine(part, country));
  if (!country || parts.length < 2 || PARTS_UNCLEAR.has(country.code)) return {};
  const index = parts.findLastIndex((part) => findPostal(part, country) !== undefined);
  const line = parts[index];
  const postal = line === undefined ? undefined : findPostal(line, country);
  if (line === undefined || postal === undefined) return { street: parts[0] ?? "", city: parts.at(-1) ?? "" };
  const rest = line.replace(postal, "").trim();
  const region = /^[A-Z]{2,3}$/u.test(rest.split(" ").at(-1) ?? "") ? (rest.split(" ").at(-1) ?? "") : "";
  const beside = region === "" ? rest : rest.slice(0, -region.length).trim();
  const before = parts.slice(0, index);
  const city = beside === "" ? (before.pop() ?? "") : beside;
  return { street: before.join(", "), postal_code: postal, city, region };
}

/** Compares a document's address with the application's, part by part; abbreviations, accents and city names in two languages pass. */
export function compareAddress(found: string, { address }: Pick<Customer, "address">): AddressMatch {
  const isTransliterated = isOtherAlphabet(found);
  const text = reduce(found, isTransliterated);
  const compact = found.toUpperCase().replace(/[^A-Z0-9]/gu, "");
  const differing: AddressMatch["differing"][number][] = [];
  const street = reduce(address.street, isTransliterated)
    .split(" ")
    .filter((word) => word !== "");
  if (!street.every((word) => holdsWord(text, word))) differing.push("street");
  if (!compact.includes(address.postal_code.toUpperCase().replace(/[^A-Z0-9]/gu, ""))) differing.push("postal code");
  if (!cityWords(address.city).some((city) => ` ${text} `.includes(` ${reduce(city, isTransliterated)} `)))
    differing.push("city");
  return { differing, isTransliterated };
}

function cityWords(city: string): readonly string[] {
  const plain = fold(city);
  return CITY_NAMES.find((names) => names.includes(plain)) ?? [plain];
}

function reduce(text: string, isTransliterated: boolean): string {
  const words = fold(text)
    .split(" ")
    .filter((word) => !IDLE_WORDS.has(word))
    .map((word) => SHORT_WORDS[word] ?? word.replace(/strasse$/u, "str"));
  return (isTransliterated ? words.map(sound) : words).join(" ");
}

/** Numbers must stand alone; a word may be written together with its neighbour, as in `Venloerstr.` */
function holdsWord(text: string, word: string): boolean {
  if (text.split(" ").includes(word)) return true;
  return !/\d/u.test(word) && text.replace(/ /gu, "").includes(word);
}

function findPostal(part: string, country: Country): string | undefined {
  const words = part.split(" ");
  for (let length = 2; length >= 1; length--) {
    for (let start = 0; start + length <= words.length; start++) {
      const candidate = words.slice(start, start + length).join(" ");
      if (country.postal.pattern.test(candidate.toUpperCase().replace(/[\s./-]/gu, ""))) return candidate;
    }
  }
  return undefined;
}

function isCountryLine(part: string, country: Country | undefined): boolean {
  if (!country) return false;
  const plain = fold(part);
  return (
    part === country.code ||
    country.aliases.includes(plain) ||
    compareNames(part, englishName(country.code)) === "identical"
  );
}

function englishName(code: string): string {
  return new Intl.DisplayNames(["en"], { type: "region" }).of(code) ?? code;
}
