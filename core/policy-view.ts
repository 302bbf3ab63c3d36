import type { RulingOutcome } from "./policy.js";

/** How a call would be ruled on, and why. */
export interface PolicyCheckView {
  readonly tool: string;
  readonly agent_id: string;
  readonly agent_name: string;
  /** False when the gate refuses before it asks policy, because the agent does not hold the tool. */
  readonly is_held: boolean;
  /** Null: only what holds for every mission was asked. */
  readonly mission_id: string | null;
  readonly outcome: RulingOutcome;
  /** The `@id` of the policy that decided, or the name of a rule of the system. */
  readonly policy: string;
  readonly reason: string;
  /** Where the policy is written; null for a rule of the system. */
  readonly file: string | null;
}
