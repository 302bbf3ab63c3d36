import type { Decision } from "../../core/approval.js";
import type { ApprovalView } from "../../core/views.js";

/** What came of showing a request to somebody: a decision, not now, or no more questions at all. */
export type Answer =
  | { readonly kind: "decided"; readonly decision: Decision }
  | { readonly kind: "later" }
  | { readonly kind: "leave" };

/** Somebody who can be asked here and now. */
export interface Person {
  /** Shows one request on one screen. `position` says where it stands among several. */
  ask(approval: ApprovalView, position?: string): Promise<Answer>;
  /** A yes or no. */
  confirm(question: string): Promise<boolean>;
}
