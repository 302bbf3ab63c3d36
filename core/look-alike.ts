/** Letters of other scripts (Cyrillic, Greek, Armenian, phonetic) by the letter of ours that they look like. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  ...{
    a: "аαɑ",
    b: "вβ",
    c: "сϲ",
    d: "ԁ",
    e: "еε",
    f: "ғ",
    g: "ցɡ",
    h: "нһհ",
    i: "іιı",
    j: "јϳ",
    k: "кκ",
    l: "ӏǀ",
    m: "м",
  },
  ...{
    n: "ηո",
    o: "оοօσ",
    p: "рρ",
    q: "ԛք",
    r: "г",
    s: "ѕ",
    t: "тτ",
    u: "υս",
    v: "ѵν",
    w: "ԝω",
    x: "хχ",
    y: "уγү",
    z: "ᴢ",
  },
};
const OURS = new Map(
  Object.entries(LOOK_ALIKES).flatMap(([ours, others]) => [...others].map((other) => [other, ours] as const)),
);
const UNSEEN = /[\p{Cf}\p{Cc}\p{Mn}\p{Me}]/gu;
const MAX_SHOWN = 80;

/** What a name looks like to the eye: without case, marks and what cannot be seen, its letters as ours. */
export function lookOf(name: string): string {
  const plain = name.normalize("NFKD").replace(UNSEEN, "").toLowerCase();
  return [...plain].map((letter) => OURS.get(letter) ?? letter).join("");
}

/** A name for messages and records, at most 80 characters: what is unseen or not ASCII is written out as `\u{…}`. */
export function writtenOut(name: string): string {
  const cut = name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN - 1)}…` : name;
  return cut.replace(/[^ -~…]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16) ?? ""}}`);
}
