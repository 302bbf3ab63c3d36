/**
 * One line of printable characters, in any script: no line ends, no control characters. Without the `u` flag, because
 * JSON Schema's readers differ in it; both read this alike for what a keyboard writes.
 */
export const ONE_LINE = /^[ -~\u00A0-\u2027\u202A-\uFFFF]*$/;
