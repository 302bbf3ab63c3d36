import { toPlainWords } from "./ticket.js";

const MAX_KEYWORD_CHARACTERS = 300;

/** Words that say nothing about the matter; those of politeness and anger stand in most tickets. */
const STOP_WORDS = new Set(
  `about after again all also always and another any anything are ask back because been before best both but call can cannot
  come could dear did different dont does doing done each else enough even every find for from get gets give goes going good got
  had happens has have hello help here hey hi him his how into its just know last let like long look make many may maybe me mine
  month more most much must myself need never next nobody not nothing now off once one only open other our out over own please
  pls press question regards really right said same say says see seem she should show since some something soon still such sure
  support tallyfield team tell thank thanks that the their them then there they thing things think this time today told tried
  try trying two until urgent use used very want wants was week well went were what when where which while who why will with
  without wont work worked working works would yes yesterday yet you your yours`.split(/\s+/u),
);

/** The words of these texts that can be searched for, the first text's first, each once, within the search's length. */
export function keywordsOf(...texts: readonly string[]): readonly string[] {
  const words = new Set(texts.flatMap((text) => toPlainWords(text).split(" ")).filter(isTelling));
  const kept: string[] = [];
  let length = 0;
  for (const word of words) {
    length += word.length + 1;
    if (length > MAX_KEYWORD_CHARACTERS) break;
    kept.push(word);
  }
  return kept;
}

/** The part of a word that its forms share, well enough to see that "links" and "link" are one. */
export function stemOf(word: string): string {
  return word.length <= 4 ? word.replace(/s$/u, "") : word.replace(/(?:ing|ed|es|s|e|ion|ions)$/u, "");
}

function isTelling(word: string): boolean {
  return word.length >= 3 && !STOP_WORDS.has(word);
}
