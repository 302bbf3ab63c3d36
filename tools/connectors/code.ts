import { z } from "zod";
import { defineTool } from "../define-tool.js";
import type { CodeAnswer, CodeLimits, CodeQuestion } from "./code-question.js";
import { made } from "./factory.js";
import { HelperPool } from "./helper-pool.js";
import { threadHelper } from "./helper-thread.js";

const TIMEOUT_MS = 1_000;
const MEMORY_MB = 32;
const MAX_BYTES = 100_000;
const MAX_LOG_CHARS = 4_000;
const MAX_PROGRAM = 20_000;
const MAX_EXPRESSION = 1_000;
const MAX_VALUES = 100;
const MAX_INPUT = 1_000_000;
/** A program that runs out of memory is not interrupted while it tidies up: so long after its time its thread is ended. */
const LATE_MS = 300;
const START_MS = 20_000;
const IDLE_MS = 60_000;
const MAX_HEAP_MB = 64;

const OptionsSchema = z.strictObject({
  timeoutMs: z.int().positive().max(60_000).default(TIMEOUT_MS),
  memoryMb: z.int().min(4).max(256).default(MEMORY_MB),
  maxBytes: z.int().positive().max(5_000_000).default(MAX_BYTES),
});

/** What `codeTools` is told. */
export interface CodeToolsOptions {
  /** Of one program; default one second. */
  readonly timeoutMs?: number;
  /** Of one program; default 32. */
  readonly memoryMb?: number;
  /** Of one result, as JSON; default 100,000. */
  readonly maxBytes?: number;
}

const CalculateInput = z.strictObject({
  expression: z.string().min(1).max(MAX_EXPRESSION),
  values: z
    .record(z.string().regex(/^[A-Za-z_]\w{0,39}$/u, "begin with a letter; letters, digits and _ only"), z.number())
    .refine((values) => Object.keys(values).length <= MAX_VALUES, `at most ${MAX_VALUES} values`)
    .default({}),
});
const CalculateOutput = z.strictObject({ value: z.json() });
const RunInput = z.strictObject({
  code: z.string().min(1).max(MAX_PROGRAM),
  input: z
    .json()
    .refine((input) => JSON.stringify(input).length <= MAX_INPUT, `at most ${MAX_INPUT} characters as JSON`)
    .default(null),
});
const RunOutput = z.strictObject({ result: z.json(), logs: z.array(z.string()) });

/** Of the whole process: two programs at a time, whoever asks. */
const threads = new HelperPool({
  size: 2,
  start: threadHelper("code-worker", MAX_HEAP_MB),
  startMs: START_MS,
  idleMs: IDLE_MS,
});

/**
 * Two tools that compute: `calculate` one expression, `run_code` a JavaScript program on a JSON input. Both run in QuickJS
 * inside a thread: no file, network, timer or module, nothing of this process, and nothing left for the next program. What
 * exceeds its time, memory or stack is cut, and this process goes on meanwhile. They read and stay with us, so policy lets
 * them through.
 */
export function codeTools(given: CodeToolsOptions = {}) {
  return made("codeTools", OptionsSchema, given, toTools);
}

function toTools({ timeoutMs, memoryMb, maxBytes }: z.output<typeof OptionsSchema>) {
  const limits = { timeoutMs, memoryBytes: memoryMb * 1_048_576, maxBytes, maxLogChars: MAX_LOG_CHARS };
  const common = {
    effect: "reads",
    reach: "own",
    timeoutMs: timeoutMs + LATE_MS + START_MS,
    maxCostMicroUsd: 0,
  } as const;
  const calculate = defineTool({
    ...common,
    close: async () => threads.close(),
    name: "calculate",
    description:
      "Computes one JavaScript expression, such as (price - cost) / price, over numbers given by name; round, sqrt, max and " +
      "the like need no Math. Not for programs of several lines: run_code.",
    input: CalculateInput,
    output: CalculateOutput,
    async run({ expression, values }, { signal }) {
      const program = `return (${expression}\n)`;
      const { result } = await ask({ program, expression, values, limits }, signal);
      return { value: JSON.parse(result) };
    },
  });
  const runCode = defineTool({
    ...common,
    name: "run_code",
    description:
      "Runs JavaScript, the body of an async function of `input`, and returns what it returns as JSON, with what it wrote to " +
      "the console. It has no files, network, timers or modules. Not for one expression: calculate.",
    input: RunInput,
    output: RunOutput,
    async run({ code, input }, { signal }) {
      const { result, logs } = await ask({ program: code, values: { input }, limits }, signal);
      return { result: JSON.parse(result), logs: [...logs] };
    },
  });
  return [calculate, runCode] as const;
}

async function ask(question: CodeQuestion & { limits: CodeLimits }, signal: AbortSignal): Promise<CodeAnswer> {
  const { timeoutMs } = question.limits;
  const answer = await threads.ask(question, {
    timeoutMs: timeoutMs + LATE_MS,
    signal,
    overTime: `The program was stopped: it did not end within ${timeoutMs} ms. Do less at once, or with less memory.`,
    ended: "The program was stopped: it broke the sandbox.",
  });
  // Safe: the thread answers a program with this.
  return answer as CodeAnswer;
}
