import { describe, expect, test } from "vitest";
import type { z } from "zod";
import type { Json } from "../../../core/digest.js";
import { codeTools } from "../../../tools/connectors/code.js";
import { GIVEN_UP, runBeside } from "../../support/beside.js";
import { openWorld } from "../../support/gate.js";
import { openFreshStore } from "../../support/store.js";
import { toolContext } from "../../support/tool-context.js";

const [calculate, runCode] = codeTools();
const LOOP = "for (;;) {}";
/** Of a program that is given up long before. */
const LIMIT_MS = 60_000;

function compute(expression: string, values: Record<string, number> = {}) {
  return calculate.run({ expression, values }, toolContext()).then(({ value }) => value);
}

function run(code: string, input: z.core.util.JSONType = null, tools = codeTools(), signal?: AbortSignal) {
  return tools[1].run({ code, input }, { ...toolContext(), ...(signal && { signal }) });
}

describe("calculate", () => {
  test.each<[string, Record<string, number>, Json]>([
    ["(price - cost) / price", { price: 80, cost: 60 }, 0.25],
    ["round(sqrt(x)) + Math.max(1, 2) + PI * 0", { x: 10 }, 5],
    ["[a, a * 2].map((n) => n + 1) // both", { a: 1 }, [2, 3]],
    ["2n ** 64n", {}, "18446744073709551616"],
    ["({ low: min(a, b), high: max(a, b) })", { a: 2, b: 1 }, { low: 1, high: 2 }],
  ])("computes one expression over numbers by name: %s", async (expression, values, value) => {
    expect(await compute(expression, values)).toEqual(value);
  });

  test.each([
    ["1 / 0", "Infinity"],
    ["1 +", "SyntaxError"],
    ["unknown + 1", "unknown"],
    ["1); globalThis.x = (2", "SyntaxError"],
    ["1; 2", "SyntaxError"],
  ])("says what is wrong with %s", async (expression, words) => {
    await expect(compute(expression)).rejects.toThrow(words);
  });
});

describe("run_code", () => {
  test("runs the body of an async function of the input, and tells what it wrote to the console", async () => {
    const code = `console.log("rows", input.rows.length, { a: 1 });
      const sums = await Promise.all(input.rows.map(async ({ n }) => n * 2));
      return { sums, at: new Date(0).toISOString() };`;

    expect(await run(code, { rows: [{ n: 1 }, { n: 2 }] })).toEqual({
      result: { sums: [2, 4], at: "1970-01-01T00:00:00.000Z" },
      logs: ['rows 2 {"a":1}'],
    });
    expect(await run("void 0")).toEqual({ result: null, logs: [] });
  });

  test("nothing of one program is left for the next", async () => {
    await run("globalThis.left = 1; Object.prototype.left = 1; JSON.stringify = () => 'no'; Math.max = () => 7");

    expect((await run("return [typeof left, typeof {}.left, JSON.stringify(1), Math.max(1, 2)]")).result).toEqual([
      "undefined",
      "undefined",
      "1",
      2,
    ]);
  });

  test("keys like __proto__ are plain keys on the way in and out", async () => {
    const input = JSON.parse('{"__proto__": {"admin": true}, "a": 1}');

    expect(JSON.stringify((await run("return input", input)).result)).toBe('{"__proto__":{"admin":true},"a":1}');
  });

  test.each([
    ["throw new TypeError('no such customer')", "TypeError: no such customer"],
    ["throw 'a text'", 'threw "a text"'],
    ["throw null", "The program"],
    ["return new Promise(() => {})", "never comes"],
    ["const a = {}; a.a = a; return a", "circular"],
    ["return 'x'.repeat(200000)", "more than 100000 bytes"],
    ["return 0 / 0", "NaN"],
    ["return (", "SyntaxError"],
  ])("says what is wrong with: %s", async (code, words) => {
    await expect(run(code)).rejects.toThrow(words);
  });

  test("what is written to the console is clipped", async () => {
    const { logs } = await run(
      "for (let n = 0; n < 10000; n += 1) console.log('line ' + n); console.log('x'.repeat(1e6))",
    );

    expect(logs.join("\n").length).toBeLessThanOrEqual(4_000);
    expect(logs[0]).toBe("line 0");
  });
});

describe("I3: a program does not leave the sandbox", () => {
  test.each([
    ["an endless loop", LOOP],
    ["an endless chain of promises", "for (;;) await 0"],
    ["a memory bomb", "const all = []; for (;;) all.push(new Array(1e5).fill(1))"],
    ["a text that doubles", "let text = 'x'; for (;;) text += text"],
    ["a bomb of a pattern", "return /^(a+)+$/.test('a'.repeat(40) + 'b')"],
    ["a recursion without end", "return (function again() { return again() + 1 })()"],
    ["a text that nests too deeply", "return JSON.parse('['.repeat(1e6))"],
    ["a program that nests too deeply", "return eval('('.repeat(1e6))"],
    ["a result that nests too deeply", "let deep = []; for (let n = 0; n < 1e5; n += 1) deep = [deep]; return deep"],
    ["a list of a length beyond memory", "return new Array(5e7).fill(0).sort().length"],
    ["a catch around every cut", "for (;;) { try { for (;;) {} } catch {} }"],
    ["a result that never ends", "return { toJSON() { for (;;) {} } }"],
  ])("%s is cut, and the next program runs", async (_, code) => {
    await expect(run(code)).rejects.toThrow(/stopped|memory|too long|overflow|broke|circular|nest/u);

    expect((await run("return 1 + 1")).result).toBe(2);
  });

  test.each([
    ["the process", "return typeof process"],
    ["modules", "return typeof require"],
    ["the network", "return [typeof fetch, typeof XMLHttpRequest, typeof WebSocket].join()"],
    ["timers", "return [typeof setTimeout, typeof setInterval].join()"],
    ["the process, by the maker of functions", "return (() => {}).constructor('return typeof process')()"],
    ["the process, by an input's maker", "return input.constructor.constructor('return typeof process')()"],
    ["the process, by the console's maker", "return console.log.constructor('return typeof process')()"],
    [
      "threads and memory",
      "return [typeof Worker, typeof WebAssembly, typeof Deno, typeof Bun, typeof std, typeof os].join()",
    ],
  ])("%s cannot be reached", async (_, code) => {
    expect(
      String((await run(code, {})).result)
        .replaceAll("undefined", "")
        .replaceAll(",", ""),
    ).toBe("");
  });

  test.each([
    ["a file as a module", "return await import('/etc/passwd')"],
    ["a module by text", "return await eval(\"import('fs')\")"],
  ])("%s cannot be loaded", async (_, code) => {
    await expect(run(code)).rejects.toThrow();
  });

  test("a program that is given up ends at once, and another takes its place", async () => {
    const given = new AbortController();
    const slow = codeTools({ timeoutMs: 60_000 });
    await run("return 1");

    const asked = run(LOOP, null, slow, given.signal);
    given.abort(new Error("the run was cancelled"));

    await expect(asked).rejects.toThrow("the run was cancelled");
    expect((await run("return 2")).result).toBe(2);
  });

  test("this process goes on meanwhile, and so does a second program", async () => {
    const beside = await runBeside(LIMIT_MS, (signal) => run(LOOP, null, codeTools({ timeoutMs: LIMIT_MS }), signal));
    expect(beside).toMatchObject({ status: "completed", endedBy: GIVEN_UP });
    expect(beside.largestGapMs).toBeLessThan(LIMIT_MS / 2);

    const given = new AbortController();
    const bomb = run(LOOP, null, codeTools({ timeoutMs: LIMIT_MS }), given.signal);
    expect((await run("return 2")).result).toBe(2);
    given.abort(new Error(GIVEN_UP));
    await expect(bomb).rejects.toThrow(GIVEN_UP);
  });
});

describe("behind the gate", () => {
  test("both are reads: nobody is asked, and a program that fails is a refusal that the agent can act on", async () => {
    const { store, drop } = await openFreshStore();
    const world = await openWorld({ tools: [calculate, runCode], store });

    expect(await world.call("calculate", { expression: "a + 1", values: { a: 1 } })).toMatchObject({
      value: { value: 2 },
    });
    expect(await world.call("run_code", { code: LOOP })).toMatchObject({
      ok: false,
      code: "tool_failed",
      reason: expect.stringContaining("stopped"),
      transient: false,
    });
    expect(await world.call("calculate", { expression: "1", values: { "a-b": 1 } })).toMatchObject({
      code: "bad_arguments",
    });
    expect(await world.call("run_code", { code: "return 1", input: "x".repeat(1_000_001) })).toMatchObject({
      ok: false,
    });
    await drop();
  });
});
