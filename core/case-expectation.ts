import { z } from "zod";
import type { JsonObject } from "./digest.js";

/** The field of a case that says what its run should come to. It is no part of the case: no run, digest or agent sees it. */
const EXPECT = "expect";

const CommentSchema = z.string().min(1).optional();
/** What the test's person says to one question. `wait` leaves it open. */
const TestDecisionSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("approve"), comment: CommentSchema }),
  z.strictObject({ type: z.literal("edit"), edited: z.json(), comment: CommentSchema }),
  z.strictObject({ type: z.literal("reject"), comment: CommentSchema, final: z.boolean().optional() }),
  z.strictObject({ type: z.literal("answer"), answer: z.json(), comment: CommentSchema }),
  z.strictObject({ type: z.literal("wait") }),
]);
export type TestDecision = z.output<typeof TestDecisionSchema>;

/** What `mission test` demands of a case's run, and how the outside behaves meanwhile. */
export const ExpectationSchema = z.strictObject({
  /** CEL over `status`, `report` (null unless the run ended), `effects`, `questions` (those left open) and `case`; each must be true. */
  that: z.union([
    z.array(z.string().min(1)).min(1, "at least one expression"),
    z.record(z.string(), z.string().min(1)).refine((named) => Object.keys(named).length > 0, "at least one expression"),
  ]),
  /** By task: what the person says, in turn. After that, and for other tasks: yes to what can be approved; what must be answered stays open. */
  decisions: z.record(z.string(), z.union([TestDecisionSchema, z.array(TestDecisionSchema)])).default({}),
  /** By tool: what an act answers that a test must not do. Without one the answer is made up from the tool's output schema. */
  effects: z.record(z.string(), z.json()).default({}),
});
export type Expectation = z.output<typeof ExpectationSchema>;

/** The case as runs know it, and what stands under `expect`. */
export function splitExpectation(data: JsonObject): { readonly caseData: JsonObject; readonly expect: unknown } {
  const { [EXPECT]: expect, ...caseData } = data;
  return expect === undefined ? { caseData: data, expect } : { caseData, expect };
}
