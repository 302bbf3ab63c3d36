import { describe, expect, test } from "vitest";
import { compareNames, isSameCompany, tidyFamilyName, tidyName } from "../../../../nodes/agents/onboarding/names.js";

describe("names are compared as people write them", () => {
  test.each([
    ["ANNA-LENA VOGT", "Anna-Lena Vogt", "identical"],
    ["VOGT, Anna-Lena", "Anna-Lena Vogt", "word_order"],
    ["Lucia Fernandez", "Lucía Fernández", "accents"],
    ["Soren Kjaer", "Søren Kjær", "accents"],
    ["Strauss Rene", "René Strauß", "accents"],
    ["Jörg MÜLLNER", "Joerg Muellner", "transliterated"],
    ["ЙОРДАНКА ХРИСТОВА", "Yordanka Hristova", "transliterated"],
    ["Олена Шевченко", "Olena Shevchenko", "transliterated"],
    ["Щербаков Юрий", "Yuri Shcherbakov", "transliterated"],
    ["Γιώργος Παπαδόπουλος", "Giorgos Papadopoulos", "transliterated"],
    ["THOMAS EDWARD WHITCOMBE", "Thomas Whitcombe", "extra_names"],
    ["Camille Rousseau", "Camille Inès Rousseau", "extra_names"],
    ["Lucía Herrera Ortega", "Lucía Fernández Ortega", "different"],
    ["Anna Vogt", "Anna Vogel", "different"],
    ["Anna", "Anna Vogt", "different"],
    ["", "Anna Vogt", "different"],
  ])("%s and %s are %s", (found, expected, match) => {
    expect(compareNames(found, expected)).toBe(match);
  });

  test.each([
    ["BRIGHTWATER ANALYTICS LIMITED", "Brightwater Analytics Ltd", true],
    ["BURSZTYN LOGISTICS SPÓŁKA Z OGRANICZONĄ ODPOWIEDZIALNOŚCIĄ", "Bursztyn Logistics sp. z o.o.", true],
    ["Hudson Loft Interiors, Inc.", "Hudson Loft Interiors Inc", true],
    ["Рила Метал ООД", "Rila Metal OOD", true],
    ["Brightwater Holdings Ltd", "Brightwater Analytics Ltd", false],
    ["Brightwater Analytics LLP", "Brightwater Analytics Ltd", false],
  ])("%s and %s: one company is %s", (found, expected, isSame) => {
    expect(isSameCompany(found, expected)).toBe(isSame);
  });
});

test("shouted and small names are capitalised, and mixed ones are left to their owners", () => {
  expect(tidyName("  MARY   ANN  O'BRIEN ")).toBe("Mary Ann O'Brien");
  expect(tidyName("LUDWIG VAN BEETHOVEN")).toBe("Ludwig van Beethoven");
  expect(tidyName("MCDONALD")).toBe("McDonald");
  expect(tidyName("DeShawn")).toBe("DeShawn");
  expect(tidyFamilyName("DE WIT")).toBe("de Wit");
});
