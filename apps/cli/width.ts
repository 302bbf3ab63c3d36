/** Takes no column: marks on the letter before, joiners, selectors of a form. */
const NONE = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Takes two columns: East Asian full width, and pictures. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u;

/** How many columns of a terminal the text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const sign of text) width += signWidth(sign);
  return width;
}

/** At most so many columns; what was cut shows as an ellipsis. */
export function fitTo(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let [kept, width] = ["", 0];
  for (const sign of line) {
    width += signWidth(sign);
    if (width > columns - 1) break;
    kept += sign;
  }
  return columns < 1 ? "" : `${kept.trimEnd()}…`;
}

/** The text in one line of exactly so many columns: cut, or filled with spaces. */
export function fill(text: string, columns: number): string {
  const fitted = fitTo(text.replaceAll(/\s+/gu, " ").trim(), columns);
  return `${fitted}${" ".repeat(Math.max(0, columns - widthOf(fitted)))}`;
}

function signWidth(sign: string): number {
  if (NONE.test(sign)) return 0;
  return WIDE.test(sign) ? 2 : 1;
}
