/** How two writings of one name go together; `different` means that they do not. */
export type NameMatch = "identical" | "word_order" | "accents" | "transliterated" | "extra_names" | "different";

const PARTICLES = new Set([
  "van",
  "von",
  "der",
  "den",
  "de",
  "del",
  "della",
  "di",
  "da",
  "dos",
  "du",
  "la",
  "le",
  "y",
  "zu",
  "af",
]);

// Letters that lose their accent but do not decompose.
const FLAT: Readonly<Record<string, string>> = {
  ß: "ss",
  ø: "o",
  đ: "d",
  ł: "l",
  æ: "ae",
  œ: "oe",
  þ: "th",
  ð: "d",
  ı: "i",
};

const LATIN_OF: Readonly<Record<string, string>> = {
  ...letters("абвгдезийклмнопрстуфъыэ", "a b v g d e z i i k l m n o p r s t u f a i e"),
  ...letters("жхцчшщьюяіїєґё", "zh h ts ch sh sht i iu ia i i e g e"),
  ...letters("αβγδεζηικλμνξοπρσςτυφψω", "a v g d e z i i k l m n x o p r s s t i f ps o"),
  ...letters("θχ", "th h"),
};

// Spellings that go back to one letter of another alphabet, longest first.
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/shch|sht|sch/gu, "sh"],
  [/kh|ch/gu, "h"],
  [/ae|aa/gu, "a"],
  [/oe/gu, "o"],
  [/ue|ou/gu, "u"],
  [/yu|iu|ju/gu, "iu"],
  [/ya|ja/gu, "ia"],
  [/tz|ts/gu, "c"],
  [/ph/gu, "f"],
  [/ks/gu, "x"],
  [/w/gu, "v"],
  [/[yj]/gu, "i"],
  [/(.)\1+/gu, "$1"],
];

/** Lower case without accents, punctuation or doubled spaces; other alphabets stay as they are. */
export function fold(text: string): string {
  const flat = text.toLowerCase().replace(/[ßøđłæœþðı]/gu, (letter) => FLAT[letter] ?? letter);
  return squeeze(withoutAccents(flat).replace(/[^\p{L}\p{N}]+/gu, " "));
}

/** A person's name as it is written in a letter: spaces squeezed, SHOUTED or lower-case words capitalised, the rest left alone. */
export function tidyName(text: string): string {
  const words = squeeze(text.normalize("NFC")).split(" ");
  return words.map((word, index) => tidyWord(word, index > 0)).join(" ");
}

/** As `tidyName`, for a family name: it may begin with a small word, as in `de Wit`. */
export function tidyFamilyName(text: string): string {
  const words = squeeze(text.normalize("NFC")).split(" ");
  return words.map((word, index) => tidyWord(word, index < words.length - 1)).join(" ");
}

/** Compares two names: letter case, accents and word order do not matter; transliterations are said to be such. */
export function compareNames(found: string, expected: string): NameMatch {
  const [a, b] = [wordsOf(lower(found)), wordsOf(lower(expected))];
  if (a.join(" ") === b.join(" ")) return "identical";
  if (isSameSet(a, b)) return "word_order";
  const [plainA, plainB] = [wordsOf(fold(found)), wordsOf(fold(expected))];
  if (isSameSet(plainA, plainB)) return "accents";
  const [soundA, soundB] = [plainA.map(sound), plainB.map(sound)];
  if (isSameSet(soundA, soundB)) return "transliterated";
  if (holds(plainA, plainB) || holds(plainB, plainA) || holds(soundA, soundB)) return "extra_names";
  return "different";
}

/** True when two companies' names are one, whatever the case, accents, dots and the long form of the legal form. */
export function isSameCompany(found: string, expected: string): boolean {
  const [a, b] = [companyKey(found), companyKey(expected)];
  return a === b || sound(a) === sound(b);
}

/** True when a text is written in another alphabet than Latin. */
export function isOtherAlphabet(text: string): boolean {
  return /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(text);
}

/** What a word sounds like in plain Latin letters: equal for the usual spellings of one name, and not meant to be read. */
export function sound(word: string): string {
  const latin = [...word.replaceAll("ου", "u")].map((letter) => LATIN_OF[letter] ?? letter).join("");
  return SPELLINGS.reduce((text, [pattern, written]) => text.replace(pattern, written), latin);
}

function companyKey(name: string): string {
  return fold(name.replace(/\./gu, ""))
    .replace(/\blimited\b/gu, "ltd")
    .replace(/\bincorporated\b/gu, "inc")
    .replace(/\bcorporation\b/gu, "corp")
    .replace(/\bgesellschaft mit beschrankter haftung\b/gu, "gmbh")
    .replace(/\bprivate\b/gu, "pvt")
    .replace(/\bsp z oo\b|\bspolka z ograniczona odpowiedzialnoscia\b/gu, "spzoo")
    .replace(/\baktiebolag\b/gu, "ab")
    .replace(/ /gu, "");
}

function tidyWord(word: string, mayBeParticle: boolean): string {
  const isMixed = word !== word.toLowerCase() && word !== word.toUpperCase();
  if (isMixed) return word;
  const small = word.toLowerCase();
  if (mayBeParticle && PARTICLES.has(small)) return small;
  const capitalised = small.replace(
    /(^|[-'’])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
  return capitalised.replace(/^Mc(\p{L})/u, (_, letter: string) => `Mc${letter.toUpperCase()}`);
}

function wordsOf(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

function lower(text: string): string {
  return squeeze(
    text
      .normalize("NFC")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, " "),
  );
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join(" ") === [...b].sort().join(" ");
}

/** At least first and last name of the shorter one are in the longer one. */
function holds(longer: readonly string[], shorter: readonly string[]): boolean {
  return shorter.length >= 2 && shorter.every((word) => longer.includes(word));
}

function withoutAccents(text: string): string {
  // Only Latin and Greek accents go: in Cyrillic a breve makes another letter, which `sound` maps on its own.
  return text
    .normalize("NFD")
    .replace(/([\p{Script=Latin}\p{Script=Greek}])\p{M}+/gu, "$1")
    .normalize("NFC");
}

function squeeze(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}

function letters(from: string, to: string): Record<string, string> {
  const written = to.split(" ");
  return Object.fromEntries([...from].map((letter, index) => [letter, written[index] ?? ""]));
}
