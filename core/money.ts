const MICRO_PER_USD = 1_000_000;

/** An amount in dollars, for people and expressions; inside, money is an integer of µ$. */
export function toUsd(microUsd: number): number {
  return microUsd / MICRO_PER_USD;
}

/** An amount that was written in dollars, in µ$ again. */
export function toMicroUsd(usd: number): number {
  return Math.round(usd * MICRO_PER_USD);
}

/** What these cost together, in dollars. */
export function costUsd(entries: readonly { readonly costMicroUsd: number }[]): number {
  return toUsd(entries.reduce((sum, entry) => sum + entry.costMicroUsd, 0));
}
