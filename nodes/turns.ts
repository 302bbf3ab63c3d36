import type { Json } from "../core/digest.js";
import { callDigestOf } from "../core/effect.js";

/**
 * Names the turns of one attempt. A key must be taken synchronously when the call is made, before any await: then a
 * rerun that makes the same calls in the same order finds the same keys, and equal calls at once are told apart.
 */
export class TurnKeys {
  readonly #prefix: string;
  readonly #counts = new Map<string, number>();

  /** `item:<i>/` inside a `for_each`: items at work at once count apart and cannot take each other's keys. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  /** The key of the next call of this tool with these arguments. */
  call(tool: string, args: Json): string {
    return this.#next(callDigestOf(tool, args));
  }

  /** The key of the next value drawn under this name: `now`, `random`, `id`. */
  value(name: string): string {
    return this.#next(`value:${name}`);
  }

  #next(name: string): string {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return `${this.#prefix}${name}#${count}`;
  }
}
