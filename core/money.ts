const MICRO_PER_USD = 1_000_000;

/** What these cost together, in dollars, for people and expressions; inside, money is an integer of µ$. */
export function costUsd(entries: readonly { readonly costMicroUsd: number }[]): number {
  return entries.reduce((sum, entry) => sum + entry.costMicroUsd, 0) / MICRO_PER_USD;
}
