/** Somebody else's text as one line of printable characters, at most this long; what is left out shows as `…`. */
export function wordsOf(text: string, maxLength: number): string {
  const line = text
    .slice(0, maxLength * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Z}\p{Cs}\p{Co}]+/gu, " ")
    .trim();
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line;
}
