import { parentPort } from "node:worker_threads";
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from "quickjs-emscripten";
import { newQuickJSWASMModuleFromVariant, RELEASE_SYNC } from "quickjs-emscripten";
import type { CodeAnswer, CodeQuestion } from "./code-question.js";
import type { HelperAnswer } from "./helper-answer.js";
import { failedWith } from "./helper-answer.js";

const STACK_BYTES = 256 * 1024;
const JOBS_AT_ONCE = 1_000;

const OVER_TIME = "The program was stopped at its time limit. Do less at once.";
const BROKEN = "The program broke the sandbox: it nests or repeats too deeply.";

/** How something ended inside of the sandbox. */
interface Settled {
  readonly error?: QuickJSHandle | undefined;
  readonly value?: QuickJSHandle;
}

/** What a program does wrong: told in its own words. Anything else that is thrown may have damaged the sandbox. */
class ProgramError extends Error {}

/**
 * Runs inside of the sandbox, before the program: all that it keeps is out of the program's reach. It gives a promise of the
 * result's JSON text. A text that is one expression in round and in square brackets is one.
 */
const RUN = `(program, expression, input, maxLogChars, maxBytes, print) => {
  const { stringify, parse } = JSON;
  const AsyncFunction = (async () => {}).constructor;
  let left = maxLogChars;
  const show = (value) => {
    if (typeof value === "string") return value;
    try { return stringify(value) ?? String(value); } catch { return String(value); }
  };
  const log = (...values) => {
    if (left <= 0) return;
    const line = values.map(show).join(" ").slice(0, left);
    left -= line.length + 1;
    print(line);
  };
  globalThis.console = { log, info: log, warn: log, error: log, debug: log };
  if (expression !== "") {
    new Function("return (" + expression + "\\n)");
    new Function("return [" + expression + "\\n]");
    for (const name of Object.getOwnPropertyNames(Math)) globalThis[name] = Math[name];
  }
  const values = parse(input);
  const run = new AsyncFunction(...Object.keys(values), program);
  return run(...Object.values(values)).then((value) => {
    const text = stringify(value, (_, each) => {
      if (typeof each === "number" && !Number.isFinite(each)) throw new RangeError("The result holds " + each + ", which is no JSON.");
      return typeof each === "bigint" ? String(each) : each;
    }) ?? "null";
    if (text.length > maxBytes) throw new RangeError("The result has more than " + maxBytes + " bytes. Return less.");
    return text;
  });
}`;

const port = parentPort;
if (!port) throw new Error("This program runs as a thread.");
const sandbox: QuickJSWASMModule = await newQuickJSWASMModuleFromVariant(RELEASE_SYNC);
port.on("message", (question: CodeQuestion) => port.postMessage(answer(question)));
port.postMessage({ kind: "ready" } satisfies HelperAnswer);

/** Every program has a runtime of its own, which is disposed of with all that it made; one that cannot be is the thread's last. */
function answer(question: CodeQuestion): HelperAnswer {
  const { memoryBytes, timeoutMs } = question.limits;
  const runtime = sandbox.newRuntime();
  runtime.setMemoryLimit(memoryBytes);
  runtime.setMaxStackSize(STACK_BYTES);
  const until = performance.now() + timeoutMs;
  const isOver = () => performance.now() > until;
  runtime.setInterruptHandler(isOver);
  const told = inRuntime(runtime, question, isOver);
  try {
    runtime.dispose();
    return told;
  } catch {
    return { ...(told.kind === "failed" ? told : failedWith(BROKEN)), isLast: true };
  }
}

function inRuntime(runtime: QuickJSRuntime, question: CodeQuestion, isOver: () => boolean): HelperAnswer {
  try {
    const context = runtime.newContext();
    try {
      return { kind: "done", value: inContext(runtime, context, question, isOver) };
    } finally {
      context.dispose();
    }
  } catch (error) {
    return error instanceof ProgramError ? failedWith(error) : { ...failedWith(BROKEN), isLast: true };
  }
}

function inContext(
  runtime: QuickJSRuntime,
  context: QuickJSContext,
  { program, expression = "", values, limits }: CodeQuestion,
  isOver: () => boolean,
): CodeAnswer {
  const logs: string[] = [];
  const handles: QuickJSHandle[] = [];
  const held = (handle: QuickJSHandle) => {
    handles.push(handle);
    return handle;
  };
  const given = (result: Settled): QuickJSHandle => {
    if (result.error) throw programError(context, held(result.error), limits, isOver());
    // Safe: what ended without an error has a value.
    return held(result.value as QuickJSHandle);
  };
  try {
    const print = context.newFunction("print", (line) => void logs.push(context.getString(line)));
    const run = given(context.evalCode(RUN, "sandbox.js"));
    const texts = [program, expression, JSON.stringify(values)].map((text) => held(context.newString(text)));
    const numbers = [limits.maxLogChars, limits.maxBytes].map((number) => held(context.newNumber(number)));
    const promise = given(context.callFunction(run, context.undefined, ...texts, ...numbers, held(print)));
    return { result: context.getString(settled(runtime, context, promise, given, isOver)), logs };
  } finally {
    for (const handle of handles.reverse()) if (handle.alive) handle.dispose();
  }
}

/** The promise's value, once all that can go on has gone on. */
function settled(
  runtime: QuickJSRuntime,
  context: QuickJSContext,
  promise: QuickJSHandle,
  given: (result: Settled) => QuickJSHandle,
  isOver: () => boolean,
): QuickJSHandle {
  while (runtime.hasPendingJob() && !isOver()) {
    const done = runtime.executePendingJobs(JOBS_AT_ONCE);
    if (done.error) given(done);
  }
  const state = context.getPromiseState(promise);
  if (state.type === "fulfilled") return given(state);
  if (state.type === "rejected") return given({ error: state.error });
  throw new ProgramError(
    isOver() ? OVER_TIME : "The program waits for something that never comes: there are no timers here.",
  );
}

function programError(context: QuickJSContext, handle: QuickJSHandle, limits: CodeQuestion["limits"], isOver: boolean) {
  if (isOver) return new ProgramError(OVER_TIME);
  const thrown: unknown = context.dump(handle);
  // Safe: every object can be read by string keys.
  const { name, message } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Record<string, unknown>;
  if (message === "out of memory" || thrown === null) {
    return new ProgramError(`The program needed more than ${limits.memoryBytes / 1_048_576} MB of memory.`);
  }
  return new ProgramError(
    message === undefined ? `The program threw ${JSON.stringify(thrown)}.` : `${name}: ${message}`,
  );
}
