import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { PolicyText } from "../../../core/policy.js";
import { createPolicies } from "../../../runtime/policy/policies.js";
import { fc } from "../../support/fast-check.js";
import type { Declared } from "../../support/policies.js";
import { callOf, declaring, own, policy, policyFolder } from "../../support/policies.js";

const STRICTNESS = ["auto", "ask", "forbidden"];

/** The rules for these tools, with a mission's policies and an administrator's folder. */
async function bookOf(tools = [declaring({})], texts: readonly PolicyText[] = [], folder?: string) {
  return createPolicies(async () => tools, folder).bookFor(texts);
}

describe("I3: the shipped policies rule by what a tool declares", () => {
  /** What is declared, the sum that a call moves, the ruling, the policy that it comes from. */
  const TABLE: readonly (readonly [Declared, number, string, string])[] = [
    [{ effect: "reads" }, 0, "auto", "reading_is_free"],
    [{ effect: "reads", reach: "outside" }, 0, "auto", "reading_is_free"],
    [{ effect: "reads", dataClasses: ["personal"] }, 0, "auto", "reading_is_free"],
    [{ effect: "writes", reach: "own" }, 0, "auto", "own_writes_are_free"],
    [{ effect: "writes", reach: "own" }, 5_000, "auto", "own_writes_are_free"],
    [{ effect: "writes", reach: "outside" }, 0, "ask", "outside_writes_ask"],
    [{ effect: "writes" }, 0, "ask", "outside_writes_ask"],
    [{ effect: "irreversible" }, 0, "ask", "irreversible_asks"],
    [{ effect: "irreversible", reach: "own" }, 0, "ask", "irreversible_asks"],
    [{ effect: "reads", deletes: true }, 0, "forbidden", "deleting_is_forbidden"],
    [{ effect: "writes", reach: "own", deletes: true }, 0, "forbidden", "deleting_is_forbidden"],
    [{ effect: "irreversible", deletes: true }, 0, "forbidden", "deleting_is_forbidden"],
    [{ effect: "writes", reach: "own", pays: true }, 0, "ask", "paying_asks"],
    [{ effect: "writes", reach: "own", pays: true }, 1_000, "ask", "paying_asks"],
    [{ effect: "irreversible", pays: true }, 0.01, "ask", "irreversible_asks"],
    [{ effect: "irreversible", pays: true }, 999.99, "ask", "irreversible_asks"],
    [{ effect: "irreversible", pays: true }, 1_000, "ask", "irreversible_asks"],
    [{ effect: "irreversible", pays: true }, 1_000 + 2 ** -40, "forbidden", "large_amounts_are_forbidden"],
    [{ effect: "irreversible", pays: true }, 1_000.0001, "forbidden", "large_amounts_are_forbidden"],
    [{ effect: "irreversible", pays: true }, 1_000.01, "forbidden", "large_amounts_are_forbidden"],
    [{ effect: "writes", reach: "own", pays: true }, 1_001, "forbidden", "large_amounts_are_forbidden"],
    [{ effect: "irreversible", pays: true }, 1e15, "forbidden", "large_amounts_are_forbidden"],
    [{ effect: "irreversible", pays: true }, 1e300, "forbidden", "large_amounts_are_forbidden"],
    [{ effect: "irreversible", pays: true }, -0.01, "forbidden", "amount_is_known"],
  ];

  test.each(TABLE)("%o that moves %d is ruled %s by %s", async (declared, sum, outcome, rule) => {
    const tool = declaring(declared);
    const book = await bookOf([tool]);

    expect(book.rule(callOf(tool, { sum }))).toMatchObject({ outcome, rule, reason: expect.stringMatching(/\w/u) });
  });

  test.each([
    ["throws", () => Number(JSON.parse("{"))],
    ["is no number", () => Number.NaN],
    ["has no end", () => Number.POSITIVE_INFINITY],
    ["is a text", () => "5" as unknown as number],
  ])("an amount that %s is forbidden", async (_, amountUsd) => {
    const tool = { ...declaring({ effect: "irreversible" }), amountUsd };

    expect((await bookOf([tool])).rule(callOf(tool))).toMatchObject({ outcome: "forbidden", rule: "amount_is_known" });
  });

  test("what no policy allows is forbidden: the default is nothing", async () => {
    const tool = { ...declaring({}), effect: "dreams" as "writes" };

    expect((await bookOf([tool])).rule(callOf(tool))).toMatchObject({
      outcome: "forbidden",
      rule: "default_is_nothing",
    });
  });

  test("a policy names its file and its reason", async () => {
    const tool = declaring({ effect: "irreversible" });

    expect((await bookOf([tool])).rule(callOf(tool))).toEqual({
      outcome: "ask",
      rule: "irreversible_asks",
      reason: "it cannot be taken back",
      source: "data/policies/tools.cedar",
    });
  });

  test("the outlook of a tool is its ruling whatever the arguments, and nothing where they decide", async () => {
    const any = fc.record({
      effect: fc.constantFrom("reads" as const, "writes" as const, "irreversible" as const),
      reach: fc.constantFrom("own" as const, "outside" as const),
      deletes: fc.boolean(),
      pays: fc.boolean(),
    });
    const sums = fc.double({ min: 0, max: 3_000, noNaN: true });
    await fc.assert(
      fc.asyncProperty(any, sums, fc.boolean(), async (declared, sum, isWatched) => {
        const tool = declaring(declared);
        const watch = policy(
          "no_more_than_ten",
          "forbid",
          'context.args.sum.greaterThan(decimal("10.0"))',
          'principal, action == Action::"act", resource',
        );
        const texts = own(...(isWatched ? [watch] : []));
        const fresh = await bookOf([tool], texts);
        const outlook = fresh.outlook(tool, callOf(tool).agent);

        if (outlook) expect(fresh.rule(callOf(tool, { sum }))).toMatchObject({ outcome: outlook.outcome });
        else expect(isWatched || declared.pays).toBe(true);
        if (isWatched && sum > 10) expect(fresh.rule(callOf(tool, { sum })).outcome).toBe("forbidden");
      }),
      { numRuns: 60 },
    );
  });
});

describe("I3: a mission adds policies and never loosens", () => {
  const ACT = 'principal, action == Action::"act", resource';

  test("it forbids by arguments, agent, task and case", async () => {
    const tool = declaring({ effect: "reads" });
    const book = await bookOf(
      [tool],
      own(
        policy("not_to_grace", "forbid", 'context.args.to == "grace"', ACT),
        policy("no_tag_secret", "forbid", 'context.args has tags && context.args.tags.contains("secret")', ACT),
        policy("not_many", "forbid", "context.args has count && context.args.count > 3", ACT),
        policy(
          "not_on_sunday",
          "forbid",
          'context.args has by && context.args.by has day && context.args.by.day == "sunday"',
          ACT,
        ),
        policy("not_this_agent", "forbid", 'principal == Agent::"A7"'),
        policy("not_this_task", "forbid", 'resource == Task::"M900/T9"'),
        policy("not_this_mission", "forbid", 'resource in Mission::"M901"'),
        policy("not_this_case", "forbid", 'context.case.id == "C9" && context.task.skill == "work"'),
      ),
    );
    const ruled = (args: object, place = {}) => {
      const { outcome, rule, source } = book.rule(callOf(tool, args, place));
      return outcome === "auto" ? "auto" : `${outcome} ${rule} ${source}`;
    };

    expect(ruled({})).toBe("auto");
    expect(ruled({ to: "grace" })).toBe("forbidden not_to_grace policies/0");
    expect(ruled({ tags: ["open", "secret"] })).toBe("forbidden no_tag_secret policies/1");
    expect(ruled({ tags: ["open"], count: 3 })).toBe("auto");
    expect(ruled({ count: 4 })).toBe("forbidden not_many policies/2");
    expect(ruled({ by: { day: "sunday" } })).toBe("forbidden not_on_sunday policies/3");
    expect(ruled({ by: { day: null } })).toBe("auto");
    expect(ruled({}, { agent: "A7" })).toBe("forbidden not_this_agent policies/4");
    expect(ruled({}, { taskId: "T9" })).toBe("forbidden not_this_task policies/5");
    expect(ruled({}, { missionId: "M901" })).toBe("forbidden not_this_mission policies/6");
    expect(ruled({}, { caseId: "C9" })).toBe("forbidden not_this_case policies/7");
  });

  test("a forbid that gives way to a person's agreement is an ask", async () => {
    const tool = declaring({ effect: "reads" });
    const ask =
      '@id("ask_for_grace")\n@reason("grace wants to know")\nforbid (principal, action == Action::"act", resource)\nwhen { context.args.to == "grace" } unless { context.approved };';
    const book = await bookOf([tool], own(ask));

    expect(book.rule(callOf(tool, { to: "grace" }))).toMatchObject({
      outcome: "ask",
      rule: "ask_for_grace",
      reason: "grace wants to know",
    });
    expect(book.rule(callOf(tool))).toMatchObject({ outcome: "auto" });
  });

  test("a permit of a mission is refused by name, with its place", async () => {
    const policies = createPolicies(async () => [declaring({})]);
    const texts = own(
      `// first\n${policy("fine", "forbid", "context.deletes")}\n  ${policy("pay_freely", "permit", "true")}`,
    );

    expect(await policies.faultsOf(texts)).toEqual([
      {
        code: "policy_loosens",
        source: "policies/0",
        line: 7,
        column: 3,
        message: expect.stringContaining('"pay_freely" permits'),
      },
    ]);
    await expect(policies.bookFor(texts)).rejects.toMatchObject({
      code: "policy_invalid",
      message: expect.stringContaining('policies/0:7:3: the policy "pay_freely"'),
    });
  });

  test("whatever a mission forbids, no call is ruled more loosely than without", async () => {
    const conditions = fc.constantFrom(
      "context.approved",
      "!context.approved",
      'context.effect == "reads"',
      'context.reach == "own" && context.approved',
      "context.deletes",
      'context has amountUsd && context.amountUsd.lessThan(decimal("500.0"))',
      'context.case.id == "C1"',
      "true",
    );
    const declarations = fc.record({
      effect: fc.constantFrom("reads" as const, "writes" as const, "irreversible" as const),
      reach: fc.constantFrom("own" as const, "outside" as const),
      deletes: fc.boolean(),
      pays: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(conditions, { maxLength: 4 }),
        declarations,
        fc.nat(2_000),
        async (whens, declared, sum) => {
          const tool = declaring(declared);
          const texts = own(...whens.map((when, index) => policy(`own_${index}`, "forbid", when)));

          const [without, withOwn] = [await bookOf([tool]), await bookOf([tool], texts)].map(
            (book) => book.rule(callOf(tool, { sum })).outcome,
          );

          expect(STRICTNESS.indexOf(withOwn!)).toBeGreaterThanOrEqual(STRICTNESS.indexOf(without!));
        },
      ),
      { numRuns: 80 },
    );
  });
});

describe("I3: the administrator's folder turns an ask into an auto, and nothing else", () => {
  test("a permit of the folder spares the question, up to the mission's own and every forbid", async () => {
    const { folder, drop } = await policyFolder(
      policy(
        "small_sums_are_free",
        "permit",
        'context.amountUsd.lessThanOrEqual(decimal("20.0"))',
        'principal, action == Action::"act", resource',
      ).replace("context.amountUsd", "context has amountUsd && context.amountUsd"),
    );
    const tool = declaring({ effect: "irreversible", pays: true });
    const ruled = async (sum: number, texts: readonly PolicyText[] = []) =>
      (await bookOf([tool], texts, folder)).rule(callOf(tool, { sum }));
    const asks = own(
      '@id("always_ask")\n@reason("we look at each")\nforbid (principal, action, resource) unless { context.approved };',
    );

    expect(await ruled(20)).toMatchObject({
      outcome: "auto",
      rule: "small_sums_are_free",
      source: expect.stringContaining("house.cedar"),
    });
    expect(await ruled(20.01)).toMatchObject({ outcome: "ask" });
    expect(await ruled(1_000.01)).toMatchObject({ outcome: "forbidden" });
    expect(await ruled(5, asks)).toMatchObject({ outcome: "ask", rule: "always_ask" });
    await drop();
  });

  test("even a folder that permits everything loosens no forbid", async () => {
    const { folder, drop } = await policyFolder(policy("anything_goes", "permit", "true"));
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 5_000, noNaN: true }), fc.boolean(), async (sum, deletes) => {
        const tool = declaring({ effect: "irreversible", pays: true, deletes });

        expect((await bookOf([tool], [], folder)).rule(callOf(tool, { sum })).outcome).toBe(
          deletes || sum > 1_000 ? "forbidden" : "auto",
        );
      }),
      { numRuns: 30 },
    );
    await drop();
  });
});

describe("Policies are proved when they load", () => {
  test.each([
    [
      "what cannot be read",
      '// é\n@id("a") @reason("r")\nforbid (principal, action resource);',
      3,
      27,
      "unexpected token",
    ],
    [
      "an attribute that calls do not have",
      policy("a", "forbid", 'context.effct == "reads"'),
      4,
      8,
      "did you mean `effect`?",
    ],
    [
      "an argument that the tool does not have",
      policy("a", "forbid", 'context.args.summ == decimal("1.0")', 'principal, action == Action::"act", resource'),
      4,
      8,
      "summ",
    ],
    [
      "an argument that may be absent",
      policy("a", "forbid", "context.args.count > 3", 'principal, action == Action::"act", resource'),
      4,
      8,
      "count",
    ],
    [
      "a tool that is not there",
      policy("a", "forbid", "true", 'principal, action == Action::"atc", resource'),
      3,
      30,
      "did you mean",
    ],
    ["arguments of every tool at once", policy("a", "forbid", 'context.args.to == "ada"'), 4, 8, "to"],
    ["a policy without a name", '@reason("r") forbid (principal, action, resource);', 1, 1, "@id"],
    ["a policy without a reason", '\n@id("a") forbid (principal, action, resource);', 2, 1, "@reason"],
    ["a name that is there already", policy("reading_is_free", "forbid", "true"), 1, 1, "data/policies/tools.cedar"],
    ["a template", '@id("a") @reason("r") forbid (principal == ?principal, action, resource);', 1, 1, "template"],
    [
      "what can never hold",
      policy("a", "forbid", 'principal == Agent::"A1" && resource == Agent::"A1"'),
      1,
      1,
      "impossible",
    ],
  ])("%s is named with line and column", async (_, text, line, column, words) => {
    const policies = createPolicies(async () => [
      declaring({}),
      { ...declaring({ name: "other" }), input: z.strictObject({}) },
    ]);

    const [fault] = await policies.faultsOf(own(text));

    expect(fault).toMatchObject({
      code: "policy_invalid",
      source: "policies/0",
      message: expect.stringContaining(words),
    });
    expect([fault?.line, fault?.column]).toEqual([line, column]);
  });

  test("a wrong file of the administrator is named, and nothing is ruled", async () => {
    const { folder, drop } = await policyFolder("permit (principal, action, resource");

    await expect(bookOf([declaring({})], [], folder)).rejects.toMatchObject({
      code: "policy_invalid",
      message: expect.stringMatching(/house\.cedar:1:\d+: /u),
    });
    await drop();
  });

  test("a folder that is not there is named", async () => {
    await expect(bookOf([declaring({})], [], "/nowhere/policies")).rejects.toMatchObject({ code: "file_not_found" });
  });
});
