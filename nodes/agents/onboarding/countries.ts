/** What the house knows of writing things down in one country. Formats are applied to the text without spaces, dots, dashes and slashes. */
export interface Country {
  readonly code: string;
  /** Other ways to write it, folded to lower case without accents; English names are known anyway. */
  readonly aliases: readonly string[];
  readonly callingCode: string;
  /** The digit that national numbers begin with and international ones do not; Italy keeps its 0. */
  readonly trunk: string;
  /** Least and most digits of a number after the calling code. */
  readonly phoneDigits: readonly [number, number];
  readonly postal: Format;
  readonly registration: Format;
  /** More than one: the place decides. */
  readonly zones: readonly string[];
  /** How a date of three numbers is read; absent where both ways are in use. */
  readonly dateOrder?: "dmy" | "mdy" | "ymd";
}

/** A pattern over compact text, how to write it out, and an example for people. */
export interface Format {
  readonly pattern: RegExp;
  readonly written: string;
  readonly example: string;
}

const FIVE: Format = { pattern: /^(\d{5})$/u, written: "$1", example: "50672" };
const FOUR: Format = { pattern: /^(\d{4})$/u, written: "$1", example: "1010" };
const EUROPE = { trunk: "0", phoneDigits: [8, 11], dateOrder: "dmy" } as const;

/** Countries whose forms are checked in full; others pass with the general rules. */
export const COUNTRIES: readonly Country[] = [
  {
    ...EUROPE,
    code: "DE",
    aliases: ["deutschland", "allemagne", "alemania", "ger", "brd"],
    callingCode: "49",
    postal: FIVE,
    registration: { pattern: /^(HRA|HRB)(\d{1,6})$/u, written: "$1 $2", example: "HRB 45678" },
    zones: ["Europe/Berlin"],
  },
  {
    ...EUROPE,
    code: "AT",
    aliases: ["osterreich", "oesterreich"],
    callingCode: "43",
    phoneDigits: [7, 13],
    postal: FOUR,
    registration: { pattern: /^(?:FN)?(\d{5,6})([A-Z])$/u, written: "FN $1$2", example: "FN 123456a" },
    zones: ["Europe/Vienna"],
  },
  {
    ...EUROPE,
    code: "CH",
    aliases: ["schweiz", "suisse", "svizzera"],
    callingCode: "41",
    phoneDigits: [9, 9],
    postal: { ...FOUR, example: "8005" },
    registration: {
      pattern: /^CHE(\d{3})(\d{3})(\d{3})$/u,
      written: "CHE-$1.$2.$3",
      example: "CHE-123.456.789",
    },
    zones: ["Europe/Zurich"],
  },
  {
    ...EUROPE,
    code: "FR",
    aliases: ["frankreich", "francia", "republique francaise"],
    callingCode: "33",
    phoneDigits: [9, 9],
    postal: { ...FIVE, example: "69002" },
    registration: { pattern: /^(\d{3})(\d{3})(\d{3})$/u, written: "$1 $2 $3", example: "552 100 554" },
    zones: ["Europe/Paris"],
  },
  {
    ...EUROPE,
    code: "ES",
    aliases: ["espana", "spanien", "espagne"],
    callingCode: "34",
    trunk: "",
    phoneDigits: [9, 9],
    postal: { ...FIVE, example: "41004" },
    registration: { pattern: /^([A-Z])(\d{7}[0-9A-J])$/u, written: "$1$2", example: "B12345678" },
    zones: ["Europe/Madrid"],
  },
  {
    ...EUROPE,
    code: "IT",
    aliases: ["italia", "italien", "italie"],
    callingCode: "39",
    trunk: "",
    phoneDigits: [8, 11],
    postal: { ...FIVE, example: "10121" },
    registration: { pattern: /^(?:IT)?(\d{11})$/u, written: "$1", example: "01234567890" },
    zones: ["Europe/Rome"],
  },
  {
    ...EUROPE,
    code: "GB",
    aliases: ["uk", "great britain", "england", "scotland", "wales", "grossbritannien"],
    callingCode: "44",
    phoneDigits: [9, 10],
    postal: { pattern: /^([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})$/u, written: "$1 $2", example: "EC1A 4HD" },
    registration: { pattern: /^([A-Z]{2}\d{6}|\d{8})$/u, written: "$1", example: "09876543" },
    zones: ["Europe/London"],
  },
  {
    ...EUROPE,
    code: "IE",
    aliases: ["eire", "republic of ireland"],
    callingCode: "353",
    phoneDigits: [7, 9],
    postal: { pattern: /^([A-Z]\d[\dW])([A-Z\d]{4})$/u, written: "$1 $2", example: "D02 X285" },
    registration: { pattern: /^(\d{5,6})$/u, written: "$1", example: "654321" },
    zones: ["Europe/Dublin"],
  },
  {
    ...EUROPE,
    code: "NL",
    aliases: ["nederland", "holland", "the netherlands", "niederlande"],
    callingCode: "31",
    phoneDigits: [9, 9],
    postal: { pattern: /^(\d{4})([A-Z]{2})$/u, written: "$1 $2", example: "3511 BV" },
    registration: { pattern: /^(?:KVK)?(\d{8})$/u, written: "$1", example: "71234567" },
    zones: ["Europe/Amsterdam"],
  },
  {
    ...EUROPE,
    code: "PL",
    aliases: ["polska", "polen"],
    callingCode: "48",
    trunk: "",
    phoneDigits: [9, 9],
    postal: { pattern: /^(\d{2})(\d{3})$/u, written: "$1-$2", example: "00-549" },
    registration: { pattern: /^(?:KRS)?(\d{10})$/u, written: "$1", example: "0000123456" },
    zones: ["Europe/Warsaw"],
  },
  {
    ...EUROPE,
    code: "SE",
    aliases: ["sverige", "schweden"],
    callingCode: "46",
    phoneDigits: [7, 10],
    postal: { pattern: /^(\d{3})(\d{2})$/u, written: "$1 $2", example: "411 03" },
    registration: { pattern: /^(\d{6})(\d{4})$/u, written: "$1-$2", example: "556677-8899" },
    zones: ["Europe/Stockholm"],
    dateOrder: "ymd",
  },
  {
    ...EUROPE,
    code: "BG",
    aliases: ["balgariya", "българия", "bulgarien"],
    callingCode: "359",
    postal: { ...FOUR, example: "1000" },
    registration: { pattern: /^(?:BG)?(\d{9})$/u, written: "$1", example: "204567891" },
    zones: ["Europe/Sofia"],
  },
  {
    code: "US",
    aliases: ["usa", "u.s.a.", "united states of america", "america"],
    callingCode: "1",
    trunk: "1",
    phoneDigits: [10, 10],
    postal: { pattern: /^(\d{5})(?:\d{4})?$/u, written: "$1", example: "10013" },
    registration: { pattern: /^(\d{2})(\d{7})$/u, written: "$1-$2", example: "47-1234567" },
    zones: ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"],
    dateOrder: "mdy",
  },
  {
    code: "CA",
    aliases: ["kanada"],
    callingCode: "1",
    trunk: "1",
    phoneDigits: [10, 10],
    postal: { pattern: /^([A-Z]\d[A-Z])(\d[A-Z]\d)$/u, written: "$1 $2", example: "M5V 2T6" },
    registration: { pattern: /^(\d{9})(?:RC\d{4})?$/u, written: "$1", example: "123456789" },
    zones: ["America/Toronto", "America/Winnipeg", "America/Edmonton", "America/Vancouver", "America/Halifax"],
  },
  {
    code: "IN",
    aliases: ["bharat", "indien"],
    callingCode: "91",
    trunk: "0",
    phoneDigits: [10, 10],
    postal: { pattern: /^(\d{6})$/u, written: "$1", example: "560001" },
    registration: {
      pattern: /^([LU]\d{5}[A-Z]{2}\d{4}[A-Z]{3}\d{6})$/u,
      written: "$1",
      example: "U72200KA2015PTC082988",
    },
    zones: ["Asia/Kolkata"],
    dateOrder: "dmy",
  },
  {
    code: "JP",
    aliases: ["nippon", "nihon"],
    callingCode: "81",
    trunk: "0",
    phoneDigits: [9, 10],
    postal: { pattern: /^(\d{3})(\d{4})$/u, written: "$1-$2", example: "150-0002" },
    registration: { pattern: /^(\d{13})$/u, written: "$1", example: "7010401001234" },
    zones: ["Asia/Tokyo"],
    dateOrder: "ymd",
  },
  {
    code: "AU",
    aliases: ["australien"],
    callingCode: "61",
    trunk: "0",
    phoneDigits: [9, 9],
    postal: { ...FOUR, example: "2000" },
    registration: { pattern: /^(\d{2})(\d{3})(\d{3})(\d{3})$/u, written: "$1 $2 $3 $4", example: "51 824 753 556" },
    zones: ["Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide", "Australia/Perth"],
    dateOrder: "dmy",
  },
];

/** The rules of a country by its two-letter code. */
export function findCountry(code: string): Country | undefined {
  return COUNTRIES.find((country) => country.code === code);
}
