import { describe, expect, test } from "vitest";
import { isFound, patternFault } from "../../core/pattern.js";
import { fc } from "../support/fast-check.js";

describe("a pattern is found exactly where JavaScript finds it", () => {
  test.each([
    ["^[A-Z]-[0-9]+$", ["A-17", "A-", "xA-17", "A-1\n"]],
    ["(a|b)*c", ["ababc", "abab", "c", ""]],
    ["colou?r\\b", ["the color red", "colours", "colour."]],
    ["^(\\d{3}|x{2,})-?$", ["123", "12", "xxxx-", "x", "1234"]],
    ["\\[(?!(?:A-1|B-2)\\])[A-Z]-[0-9]+\\]", ["see [A-1]", "see [A-2]", "[B-2][C-3]"]],
    ["(?=.*\\d)(?=.*[a-z]).{4,}", ["ab1c", "abcd", "1234", "a1"]],
    ["\\p{Lu}\\p{L}+", ["Ölçü", "ölçü", "ÄB"]],
    ["^.{2}$", ["😀a", "😀", "ab", "a\n"]],
    ["", ["", "x"]],
    ["(?<year>\\d{4})-(?:\\d\\d)", ["2026-11", "26-11"]],
    ["[\\]\\\\^-]+$", ["a]\\", "b^-", "c"]],
    ["a{0}b{2,2}?", ["bb", "abb", "b"]],
    ["x*?y+?\\.$", ["xxyy.", "y.", "xy"]],
    ["(a*)*$|(b+)+c", ["aaa", "bbbc", "bbb"]],
    ["\\u0041\\x42\\u{1F600}|\\t", ["AB😀", "\t", "AB"]],
    ["\\Bb|c\\B", ["ab", "b", "cd", "c"]],
  ])("%s", (pattern, texts) => {
    for (const text of texts)
      expect({ text, found: isFound(pattern, text) }).toEqual({ text, found: new RegExp(pattern, "u").test(text) });
  });

  test("whatever small pattern is written", () => {
    const atom = fc.constantFrom("a", "b", "[ab]", ".", "\\w", "[^a]", "\\b", "^", "$", "(?:)");
    const pattern = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        atom,
        fc.tuple(tie("node"), tie("node")).map(([one, two]) => one + two),
        fc.tuple(tie("node"), tie("node")).map(([one, two]) => `(${one}|${two})`),
        fc
          .tuple(tie("node"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "*?"))
          .map(([one, how]) => `(?:${one})${how}`),
        fc.tuple(fc.constantFrom("(?=", "(?!"), tie("node")).map(([how, one]) => `${how}${one})`),
      ),
    })).node;
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "-"), maxLength: 8 });

    fc.assert(
      fc.property(pattern, text, (source, given) => {
        expect(isFound(source, given)).toBe(new RegExp(source, "u").test(given));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a pattern that never ends elsewhere ends here", () => {
  const long = "a".repeat(5_000);

  test.each(["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){12}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "a*a*a*a*a*b"])(
    "%s",
    (pattern) => {
      expect(isFound(pattern, `${long}!`)).toBe(false);
    },
  );

  test("and when it must take long all the same, it is cut by its steps, not by a clock", () => {
    const slow = "(?=(a|b|c|a)*$)a(?=(a|a)*x)|(?=a*y)a";

    expect(() => isFound(slow, "a".repeat(50_000))).toThrow("takes too long");
  });

  test("a text that is too long for it is refused", () => {
    expect(() => isFound("a", "b".repeat(100_001))).toThrow("100000 characters");
  });
});

test.each([
  ["(a)\\1", "refer back"],
  ["(?<n>a)\\k<n>", "refer back"],
  ["(?<=a)b", "look behind"],
  ["(?<!a)b", "look behind"],
  ["((a{50}){50}){50}", "multiply"],
  ["(?:){1000000000}", "multiply"],
  ["(?:(?=(?:(?=a{90})x){90})x){90}", "multiply"],
  ["a".repeat(1_001), "at most 1000"],
  ["(a", "Invalid regular expression"],
])("%s cannot be used, and why is said", (pattern, why) => {
  expect(patternFault(pattern)).toContain(why);
  expect(() => isFound(pattern, "a")).toThrow(why);
});
