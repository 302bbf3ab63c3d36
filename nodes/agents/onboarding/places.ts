import { IANAZone } from "luxon";
import { COUNTRIES, findCountry } from "./countries.js";
import { fold } from "./names.js";

/** A reading of what somebody wrote: one value, several that it may mean, or none. */
export type Reading = { readonly value: string } | { readonly candidates: readonly string[] } | undefined;

/** Names that are a country and something else too: nobody but the customer knows which. */
const TWO_PLACES: Readonly<Record<string, readonly string[]>> = {
  georgia: ["GE (the country)", "US (the state)"],
  jersey: ["JE (the island)", "US (New Jersey)"],
  korea: ["KR (South Korea)", "KP (North Korea)"],
  guinea: ["GN (Guinea)", "GQ (Equatorial Guinea)", "GW (Guinea-Bissau)"],
  congo: ["CG (Republic of the Congo)", "CD (Democratic Republic of the Congo)"],
};

const BY_REGION: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  US: byZone({
    "America/New_York": "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV MI",
    "America/Chicago": "AL AR IA IL LA MN MO MS OK WI",
    "America/Denver": "CO MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV WA",
    "Pacific/Honolulu": "HI",
  }),
  CA: byZone({
    "America/Toronto": "QC",
    "America/Winnipeg": "MB",
    "America/Edmonton": "AB",
    "America/Regina": "SK",
    "America/Halifax": "NS NB PE",
    "America/St_Johns": "NL",
  }),
  AU: byZone({
    "Australia/Sydney": "NSW ACT VIC TAS",
    "Australia/Brisbane": "QLD",
    "Australia/Adelaide": "SA",
    "Australia/Perth": "WA",
    "Australia/Darwin": "NT",
  }),
};

/** Cities that need no state, and those that do: several zones for one name. States with two zones are left to their cities. */
const BY_CITY: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  US: {
    "new york": ["America/New_York"],
    boston: ["America/New_York"],
    atlanta: ["America/New_York"],
    miami: ["America/New_York"],
    chicago: ["America/Chicago"],
    austin: ["America/Chicago"],
    houston: ["America/Chicago"],
    denver: ["America/Denver"],
    seattle: ["America/Los_Angeles"],
    "san francisco": ["America/Los_Angeles"],
    "los angeles": ["America/Los_Angeles"],
    portland: ["America/Los_Angeles (Oregon)", "America/New_York (Maine)"],
    springfield: ["America/Chicago (Illinois, Missouri)", "America/New_York (Massachusetts, Ohio)"],
    columbus: ["America/New_York (Ohio, Georgia)", "America/Chicago (Nebraska)"],
  },
  CA: {
    toronto: ["America/Toronto"],
    montreal: ["America/Toronto"],
    ottawa: ["America/Toronto"],
    vancouver: ["America/Vancouver"],
    calgary: ["America/Edmonton"],
  },
  AU: {
    sydney: ["Australia/Sydney"],
    melbourne: ["Australia/Sydney"],
    brisbane: ["Australia/Brisbane"],
    perth: ["Australia/Perth"],
  },
};

/** The two-letter code of a country that a person wrote in some way: `Deutschland`, `uk`, `FR`. */
export function readCountry(text: string): Reading {
  const plain = fold(text).replace(/^the /u, "");
  const several = TWO_PLACES[plain];
  if (several) return { candidates: several };
  const code = withoutNote(text).toUpperCase();
  if (/^[A-Z]{2}$/u.test(code) && englishNames().has(code)) return { value: code };
  const known = COUNTRIES.find((country) => country.aliases.includes(plain));
  if (known) return { value: known.code };
  const named = [...englishNames()].find(([, name]) => fold(name) === plain);
  return named && { value: named[0] };
}

/** The IANA zone of a place: given, the country's only one, or by state and city. */
export function readTimeZone(given: string, country: string, region: string, city: string): Reading {
  const zone = withoutNote(given);
  if (zone !== "") return IANAZone.isValidZone(zone) ? { value: zone } : undefined;
  const zones = findCountry(country)?.zones ?? [];
  const [only] = zones;
  if (only !== undefined && zones.length === 1) return { value: only };
  const byRegion = BY_REGION[country]?.[region.trim().toUpperCase()];
  if (byRegion !== undefined) return { value: byRegion };
  const byCity = BY_CITY[country]?.[fold(city)] ?? [];
  const [cityOnly] = byCity;
  if (cityOnly !== undefined && byCity.length === 1) return { value: cityOnly };
  const inState = byCity.find(
    (zone) => region.trim() !== "" && zone.includes(STATE_NAMES[region.trim().toUpperCase()] ?? "?"),
  );
  if (inState !== undefined) return { value: withoutNote(inState) };
  const candidates = byCity.length > 0 ? byCity : zones;
  return candidates.length > 0 ? { candidates } : undefined;
}

const STATE_NAMES: Readonly<Record<string, string>> = { OR: "Oregon", NE: "Nebraska" };

/** Somebody may answer with the very words of the choice: `GE (the country)`. */
function withoutNote(text: string): string {
  return text.replace(/\s*\(.*$/u, "").trim();
}

let names: ReadonlyMap<string, string> | undefined;

/** All ISO 3166 codes that the platform can name in English. */
function englishNames(): ReadonlyMap<string, string> {
  if (names) return names;
  const display = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const found = new Map<string, string>();
  for (const code of letters.flatMap((first) => letters.map((second) => first + second))) {
    const name = display.of(code);
    if (name !== undefined && !NOT_COUNTRIES.has(code)) found.set(code, name);
  }
  names = found;
  return found;
}

const NOT_COUNTRIES = new Set([
  "EU",
  "EZ",
  "UN",
  "ZZ",
  "QO",
  "XA",
  "XB",
  "UK",
  "DD",
  "SU",
  "YU",
  "AN",
  "BU",
  "FX",
  "TP",
  "ZR",
]);

function byZone(zones: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(zones).flatMap(([zone, regions]) => regions.split(" ").map((region) => [region, zone])),
  );
}
