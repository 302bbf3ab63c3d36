import { describe, expect, test } from "vitest";
import { compareAddress, splitAddress } from "../../../../nodes/agents/onboarding/address.js";
import { findCountry } from "../../../../nodes/agents/onboarding/countries.js";

describe("an address in one text is taken apart by its postal code", () => {
  test.each([
    [
      "DE",
      "Venloer Str. 12\nD-50672 Köln\nDeutschland",
      { street: "Venloer Str. 12", postal_code: "50672", city: "Köln", region: "" },
    ],
    [
      "GB",
      "18 Redcliff Street, Bristol BS1 6LS",
      { street: "18 Redcliff Street", postal_code: "BS1 6LS", city: "Bristol", region: "" },
    ],
    [
      "GB",
      "1 High St, London, EC1A 4HD, UK",
      { street: "1 High St", postal_code: "EC1A 4HD", city: "London", region: "" },
    ],
    [
      "US",
      "412 Broome Street, New York, NY 10013",
      { street: "412 Broome Street", postal_code: "10013", city: "New York", region: "NY" },
    ],
  ])("%s: %s", (code, text, parts) => {
    expect(splitAddress(text, findCountry(code))).toEqual(parts);
  });

  test("where the city cannot be told, nothing is claimed", () => {
    expect(splitAddress("77 Residency Road, Bengaluru, Karnataka 560025", findCountry("IN"))).toEqual({});
    expect(splitAddress("somewhere", findCountry("DE"))).toEqual({});
    expect(splitAddress("a, b", undefined)).toEqual({});
  });
});

describe("addresses are compared part by part", () => {
  const address = { street: "Venloer Straße 241", postal_code: "50823", city: "Köln", region: "" };

  test.each([
    ["Venloer Str. 241, 50823 Köln", []],
    ["VENLOERSTR. 241, D-50823 COLOGNE", []],
    ["Venloer Str. 24, 50823 Köln", ["street"]],
    ["Venloer Str. 241, 50829 Köln", ["postal code"]],
    ["Venloer Str. 241, 50823 Bonn", ["city"]],
    ["Hauptstr. 1, 10115 Berlin", ["street", "postal code", "city"]],
  ])("%s differs in %j", (found, differing) => {
    expect(compareAddress(found, { address }).differing).toEqual(differing);
  });
});
