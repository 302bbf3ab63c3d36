import { describe, expect, test } from "vitest";
import { parseYaml } from "../../../tools/connectors/parse-yaml.js";

/** Levels of lists, each of ten aliases of the one before: a few lines that write out to ten to the power of the levels. */
function bomb(levels: number, leaf = "lol"): string {
  const lists = Array.from(
    { length: levels },
    (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(10)}]`,
  );
  return [`l0: &l0 ${leaf}`, ...lists].join("\n");
}

describe("YAML is read as the JSON that it means", () => {
  test.each<[string, unknown]>([
    ["a: 1\nb: [x, 2.5, -3, true, null, ~, '4']\n", { a: 1, b: ["x", 2.5, -3, true, null, null, "4"] }],
    ["200: ok\ntrue: yes\nnull: no", { 200: "ok", true: "yes", null: "no" }],
    ["day: 2020-01-01\non: off\nhex: 0x10", { day: "2020-01-01", on: "off", hex: 16 }],
    ["text: |\n  two\n  lines\nfold: >-\n  one\n  line\n", { text: "two\nlines\n", fold: "one line" }],
    ["base: &b { x: 1 }\nsame: *b", { base: { x: 1 }, same: { x: 1 } }],
    ["- &a [&a 1, *a]\n- *a", [[1, 1], 1]],
    ["a:\nb: !!str 5\n", { a: null, b: "5" }],
    ["", null],
  ])("%j", (text, json) => {
    expect(parseYaml(text)).toEqual(json);
  });

  test("up to 64 levels deep", () => {
    expect(() => parseYaml("[".repeat(64) + "]".repeat(64))).not.toThrow();
    expect(() => parseYaml(bomb(60, "1").replace(/(\*l\d+,)+/gu, "$1"))).not.toThrow();
  });

  test("a name that means something to every object is a name like any other", () => {
    const read = parseYaml("__proto__: { admin: true }\nconstructor: 1");

    expect(Object.keys(read as object)).toEqual(["__proto__", "constructor"]);
    expect((read as { admin?: boolean }).admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("an alias stands for the same value, so that what is shared is not copied", () => {
    const read = parseYaml("a: &a { x: 1 }\nb: *a") as { a: object; b: object };

    expect(read.a).toBe(read.b);
  });
});

describe("what has no such meaning, or means to do harm, is refused with its line", () => {
  test.each<[string, string, string]>([
    ["aliases that write out beyond reason", bomb(9), "line 8: with its aliases written out it is longer than 4000000"],
    ["a few aliases of a long text", bomb(2, "x".repeat(100_000)), "with its aliases written out"],
    ["an alias within what it stands for", "a: &a [1, *a]", "line 1: *a leads to itself"],
    ["an alias of nothing", "a: *b", "line 1: "],
    ["an alias of what comes later", "a: *b\nb: &b 1", "line 1: "],
    ["more than can be read", "a: 1\n".repeat(400_001), "more than 2000000 characters"],
    ["lists in lists", "[".repeat(66) + "]".repeat(66), "nested deeper than 64"],
    ["lists in lists without end", "- ".repeat(200_000), "nested deeper than 64"],
    [
      "objects in objects",
      Array.from({ length: 66 }, (_, level) => `${" ".repeat(level)}a:`).join("\n"),
      "line 65: it is nested deeper than 64",
    ],
    ["an alias as a key", "a: &a b\n*a : 1", "line 2: "],
    ["aliases that nest", bomb(70, "1").replace(/(\*l\d+,)+/gu, "$1"), "nested deeper than 64"],
    ["a key twice", "a: 1\nb: 2\na: 3", 'line 3: the key "a" is there twice'],
    ["merging", "a: &a { x: 1 }\nb:\n  <<: *a", "line 3: YAML 1.2 does not merge by <<"],
    ["a tag of a language", "a: !!js/function 'function(){}'", "line 1: Unresolved tag"],
    ["a tag of its own", "a: !env SECRET", "line 1: Unresolved tag"],
    ["bytes", "a: !!binary aGk=", "line 1: Unresolved tag"],
    ["a set", "a: !!set { b }", "line 1: Unresolved tag"],
    ["an older version, which reads words differently", "%YAML 1.1\n---\na: yes", "another YAML than 1.2"],
    ["a list as a key", "? [a]\n: 1", "line 1: "],
    ["two documents", "a: 1\n---\nb: 2", "line 2: a second document begins"],
    ["no number of JSON", "a: .inf", "line 1: JSON has no such value"],
    ["broken text", "a: 'x\nb: 2", "line "],
  ])("%s", (_, text, words) => {
    expect(() => parseYaml(text)).toThrow(words);
  });
});
