import { html } from "./html.js";

const sign = (path: string) =>
  html`<svg class="mark" width="10" height="10" viewBox="0 0 10 10" aria-hidden="true"><path d="${path}" fill="none" stroke="#161616" stroke-width="2"/></svg>`;

/** Signs that stand before the word that says the same: well, not well, neither. Drawn, because a font may lack them. */
export const CHECK = sign("M1 5.5 L4 8.5 L9 1.5");
export const CROSS = sign("M1.5 1.5 L8.5 8.5 M8.5 1.5 L1.5 8.5");
export const DASH = sign("M1 5 L9 5");
