import { describe, expect, test } from "vitest";
import { evaluate, evaluateBoolean, fillIn } from "../../../core/expression.js";
import { readDataFile } from "../../support/fake-services.js";
import type { Analysis, Mail } from "../../support/sales-cases.js";
import { analyse, dealOf, draft, sampleDeals } from "../../support/sales-cases.js";

interface Rule {
  readonly that: string;
  readonly reason: string;
}
interface MissionFile {
  readonly cases: { readonly title: string };
  readonly tasks: readonly {
    readonly task_id: string;
    readonly checks: readonly (Rule & { check_id: string; field: string })[];
  }[];
  readonly review: readonly (Rule & { readonly rule_id: string; readonly send_back: string })[];
}
// safe: the file is ours, and what these tests read of it is asserted by them.
const mission = readDataFile("missions/sales-pipeline.json") as MissionFile;

async function scopeOf(dealId: string) {
  const deal = dealOf(dealId);
  const analysis: Analysis = await analyse(deal);
  const mail: Mail | undefined = analysis.outreach ? await draft(deal, analysis) : undefined;
  return { case: deal, T4: analysis, ...(mail && { T5: mail }) };
}

const refusedBy = (rules: readonly Rule[], scope: Record<string, unknown>) =>
  rules.filter((rule) => !evaluateBoolean(rule.that, scope)).map((rule) => fillIn(rule.reason, scope));

const checksOf = (taskId: string) => mission.tasks.find((task) => task.task_id === taskId)?.checks ?? [];

describe("the sales mission's own rules", () => {
  test("title every sample deal by its customer and product", () => {
    for (const deal of sampleDeals) expect(evaluate(mission.cases.title, { case: deal })).toContain(deal.company);
  });

  test.each(["D-1001", "D-1003", "D-1006", "D-1016", "D-1026"])("let the clean sample %s pass", async (dealId) => {
    const scope = await scopeOf(dealId);

    expect(refusedBy(mission.review, scope)).toEqual([]);
    expect(refusedBy(checksOf("T4"), { case: scope.case, output: scope.T4 })).toEqual([]);
    expect(refusedBy(checksOf("T5"), { case: scope.case, output: scope.T5 })).toEqual([]);
  });

  test("let a closed deal pass, though its mail was skipped", async () => {
    expect(refusedBy(mission.review, await scopeOf("D-1008"))).toEqual([]);
  });

  test("find a mail to another contact than the one that was settled", async () => {
    const scope = await scopeOf("D-1001");
    const planted = { ...scope, T5: { ...scope.T5, contact_id: "C2", to: "jonas.keller@harbourline.example" } };

    expect(refusedBy(mission.review, planted)).toEqual([
      "The mail goes to jonas.keller@harbourline.example, but the contact that was settled for D-1001 is Mara Voss, mara.voss@harbourline.example.",
    ]);
  });

  test("find a mail that answers another risk than the worst", async () => {
    const scope = await scopeOf("D-1003");
    const planted = { ...scope, T5: { ...scope.T5, answers_risk: "single_threaded" } };

    expect(refusedBy(mission.review, planted)[0]).toContain(
      "answers single_threaded, but the worst risk of D-1003 is stalled: In stage",
    );
  });

  test("find an analysis of another deal, a subject without the company and a mail that nobody would read", async () => {
    const { case: deal, T4, T5 } = await scopeOf("D-1001");

    expect(refusedBy(checksOf("T4"), { case: deal, output: { ...T4, deal_id: "D-1002" } })).toEqual([
      "The analysis is of deal D-1002, but the case is D-1001.",
    ]);
    const planted = { ...T5, subject: "Hello", body: "x".repeat(1_601) };
    expect(refusedBy(checksOf("T5"), { case: deal, output: planted })).toEqual([
      "The body has 1601 characters; at most 1600 are read.",
      'The subject is "Hello" and does not name Harbourline Logistics.',
    ]);
  });
});
