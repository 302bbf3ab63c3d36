import { describe, expect, test } from "vitest";
import { readFields } from "../../../../nodes/agents/onboarding/document-text.js";

const read = (text: string, kind: Parameters<typeof readFields>[0] = "identity_document") =>
  Object.fromEntries(
    [...readFields(kind, text.split("\n"))].map(([field, { value, line }]) => [field, `${line}: ${value}`]),
  );

describe("labelled values are found in the layouts of life", () => {
  test.each([
    ["a colon", "Surname: VOGT"],
    ["dotted leaders", "Surname ............ VOGT"],
    ["columns", "Surname          VOGT"],
    ["a table", "| Surname | VOGT |"],
    ["an equals sign", "Surname = VOGT"],
    ["two languages", "Nom / Surname: VOGT"],
    ["a numbered label", "1. Surname: VOGT"],
  ])("%s", (_, line) => {
    expect(read(`PASSPORT\n${line}`)).toEqual({ surname: "2: VOGT" });
  });

  test("a label above its value, with or without a blank line between", () => {
    expect(read("Surname\nVOGT\n\nGiven names\n\nAnna")).toEqual({ surname: "2: VOGT", given_names: "6: Anna" });
  });

  test("an address may go on below its label or indented beside it", () => {
    const below = read(
      "Registered office address\n18 Redcliff Street\nBristol\nBS1 6LS\n\nStatus: Active",
      "company_register_extract",
    );
    const beside = read("Address: Haarlemmerdijk 88\n         1013 JE Amsterdam\nAccount: 1", "proof_of_address");

    expect(below).toEqual({ address: "2: 18 Redcliff Street, Bristol, BS1 6LS", status: "6: Active" });
    expect(beside).toEqual({ address: "1: Haarlemmerdijk 88, 1013 JE Amsterdam" });
  });

  test("the first of two equal labels counts, and officers are gathered", () => {
    const text = "Director: Ann Lee\nDirector: Bo Lind\nCompany name: One\nCompany name: Two";

    expect(read(text, "company_register_extract")).toEqual({ officers: "1: Ann Lee; Bo Lind", company_name: "3: One" });
  });

  test("a label means what the kind of document makes it mean", () => {
    expect(read("Name: Nordlicht GmbH", "company_register_extract")).toEqual({ company_name: "1: Nordlicht GmbH" });
    expect(read("Name: Anna Vogt", "proof_of_address")).toEqual({ full_name: "1: Anna Vogt" });
    expect(read("nothing here\nthat is labelled")).toEqual({});
  });
});
