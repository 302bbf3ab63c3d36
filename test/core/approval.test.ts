import { describe, expect, test } from "vitest";
import type { Decision } from "../../core/approval.js";
import {
  APPROVAL_KINDS,
  allowedFor,
  approvalIdOf,
  assertDecidable,
  consequencesFor,
  DECISION_TYPES,
  needsResult,
  readAnswer,
  statusOf,
} from "../../core/approval.js";
import { OrchestratorError } from "../../core/errors.js";

const ONE = ["a"];
const TWO = ["a", "b"];

describe("I9: what may be decided, and what it leads to", () => {
  test.each(APPROVAL_KINDS)("%s says the consequence of each decision that it allows, and of no other", (kind) => {
    const words = consequencesFor(kind, []);

    expect(Object.keys(words).sort()).toEqual([...allowedFor(kind)].sort());
  });

  test("approving or editing what proposes acts names the acts", () => {
    const proposed = [{ tool: "put_in_outbox", args: {}, digest: "d" }];

    const words = consequencesFor("task_result", proposed);

    expect(words.approve).toContain("put_in_outbox");
    expect(words.edit).toContain("put_in_outbox");
    expect(words.reject).toBe(consequencesFor("task_result", []).reject);
  });

  test.each(APPROVAL_KINDS)("%s refuses every decision that it does not allow, naming those that it does", (kind) => {
    const allowed = allowedFor(kind);

    for (const type of DECISION_TYPES) {
      const deciding = () => assertDecidable(kind, allowed, { type, edited: 1, answer: 1 });
      if (allowed.includes(type)) expect(deciding).not.toThrow();
      else expect(deciding).toThrow(`cannot be decided by "${type}". Allowed: ${allowed.join(", ")}.`);
    }
  });

  test.each<[Decision, string]>([
    [{ type: "edit" }, '"edited"'],
    [{ type: "answer" }, '"answer"'],
  ])("%j lacks what it is about", (decision, field) => {
    const deciding = () => assertDecidable("tool_call", allowedFor("tool_call"), decision);

    expect(deciding).toThrow(OrchestratorError);
    expect(deciding).toThrow(field);
  });

  test("each type of decision gives its own status", () => {
    expect(DECISION_TYPES.map((type) => statusOf({ type }))).toEqual(["approved", "edited", "rejected", "answered"]);
  });
});

describe("I4: a request is one subject in one round", () => {
  const of = { runId: "r", taskId: "T1", attempt: 1, kind: "task_result" as const, subject: "result", round: 0 };

  test("the same has the same id, and everything else another", () => {
    const others = [
      { ...of, runId: "q" },
      { ...of, taskId: "T2" },
      { ...of, attempt: 2 },
      { ...of, kind: "escalation" as const },
      { ...of, subject: "checks" },
      { ...of, round: 1 },
    ];

    const ids = [of, ...others].map(approvalIdOf);

    expect(approvalIdOf({ ...of })).toBe(ids[0]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("I4: an answer to the interrupt is about what was shown", () => {
  test.each<[string, unknown, readonly string[], unknown]>([
    [
      "by id, any subset",
      { decisions: [{ id: "b", digest: "d", type: "reject", comment: "no", final: true }] },
      TWO,
      [{ id: "b", digest: "d", decision: { type: "reject", comment: "no", final: true } }],
    ],
    [
      "by position when the count fits",
      { decisions: [{ type: "approve" }, { type: "answer", answer: [1] }] },
      TWO,
      [
        { id: "a", decision: { type: "approve" } },
        { id: "b", decision: { type: "answer", answer: [1] } },
      ],
    ],
    ["a list alone", [{ type: "approve" }], ONE, [{ id: "a", decision: { type: "approve" } }]],
    ["one decision alone", { type: "approve" }, ONE, [{ id: "a", decision: { type: "approve" } }]],
    ["a bare approve", "approve", ONE, [{ id: "a", decision: { type: "approve" } }]],
    ["a bare reject, however it is written", "  Reject \n", ONE, [{ id: "a", decision: { type: "reject" } }]],
    ["a quoted word", '"approve"', ONE, [{ id: "a", decision: { type: "approve" } }]],
    [
      "JSON text",
      ' {"decisions":[{"type":"edit","edited":{"x":null}}]} ',
      ONE,
      [{ id: "a", decision: { type: "edit", edited: { x: null } } }],
    ],
    [
      "LangChain's shape",
      {
        decisions: [
          { type: "edit", editedAction: { name: "post_letter", args: { to: "ada" } } },
          { type: "reject", message: "Not now." },
        ],
      },
      TWO,
      [
        { id: "a", decision: { type: "edit", edited: { to: "ada" } } },
        { id: "b", decision: { type: "reject", comment: "Not now." } },
      ],
    ],
  ])("%s", (_name, answer, shown, decisions) => {
    expect(readAnswer(answer, shown)).toEqual({ decisions });
  });

  test.each([
    ["200 levels", `[${'{"type":"edit","edited":'}${"[".repeat(20_000)}${"]".repeat(20_000)}}]`],
    ["/0/edited", '[{"type":"edit","edited":"\\ud800"}]'],
    ["__proto__", '[{"type":"edit","edited":{"__proto__":{}}}]'],
  ])("what cannot be stored is a problem in words (%s)", (told, answer) => {
    expect(readAnswer(answer, ["a"])).toEqual({ problem: expect.stringContaining(told) });
  });

  test.each<[string, unknown, readonly string[], string]>([
    ["nothing", undefined, ONE, '{"decisions":'],
    ["null", null, ONE, '{"decisions":'],
    ["a boolean", true, ONE, '{"decisions":'],
    ["a number", 7, ONE, '{"decisions":'],
    ["an empty object", {}, ONE, '{"decisions":'],
    ["an empty list", [], ONE, '{"decisions":'],
    ["decisions that are none", { decisions: [] }, ONE, '{"decisions":'],
    ["decisions that are no list", { decisions: "approve" }, ONE, '{"decisions":'],
    ["another word", "yes please", ONE, '"yes please" is no decision'],
    ["an empty word", "  ", ONE, "is no decision"],
    ["broken JSON", '{"decisions": [', ONE, '{"decisions":'],
    ["a bare word for two", "approve", TWO, "2 requests are open"],
    ["a bare word for none", "approve", [], "0 requests are open"],
    ["too few by position", { decisions: [{ type: "approve" }] }, TWO, "exactly 2 in their order"],
    [
      "some by id, some by position",
      { decisions: [{ id: "a", type: "approve" }, { type: "approve" }] },
      TWO,
      "Name each",
    ],
    ["an unknown type", { decisions: [{ id: "a", type: "accept" }] }, ONE, "Decision 1 cannot be read. /type:"],
    ["words in the list", ["approve"], ONE, "Decision 1 cannot be read."],
    ["an id that is none", { decisions: [{ id: 5, type: "approve" }] }, ONE, "/id:"],
    ["a comment that is none", [{ type: "reject", comment: {} }], ONE, "/comment:"],
    ["an edit without its arguments", [{ type: "edit", editedAction: {} }], ONE, "/editedAction/args:"],
  ])("%s cannot be read, and a problem says so", (_name, answer, shown, problem) => {
    const read = readAnswer(answer, shown);

    expect(read).toEqual({ problem: expect.stringContaining(problem) });
  });
});

describe("I2: a yes to what is in doubt says what the act answered", () => {
  test.each([
    [
      "a field is needed",
      "in_doubt",
      { type: "object", required: ["id"], properties: { id: { type: "string" } } },
      true,
    ],
    ["there are no fields", "in_doubt", { type: "object", properties: {}, additionalProperties: false }, false],
    ["nothing fits as well", "in_doubt", { anyOf: [{ type: "string" }, { type: "null" }] }, false],
    ["a text is needed", "in_doubt", { type: "string" }, true],
    ["its tool is gone", "in_doubt", undefined, false],
    ["it is another question", "question", { type: "string" }, false],
  ] as const)("%s", (_, kind, schema, isNeeded) => {
    expect(needsResult({ kind, shown: schema ? { schema: JSON.parse(JSON.stringify(schema)) } : {} })).toBe(isNeeded);
  });
});
