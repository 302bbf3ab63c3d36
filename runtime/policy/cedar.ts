import { setFlagsFromString } from "node:v8";

type Cedar = typeof import("@cedar-policy/cedar-wasm/nodejs");

let loading: Promise<Cedar> | undefined;

/**
 * The policy engine, loaded when the first ruling is needed; it takes a tenth of a second, once in a process. V8 of Node 20
 * ends the process ("unreachable code" in its deoptimizer) when a function into which it has inlined a call of such an
 * engine is deoptimized during that call, so the inlining is switched off first.
 */
export function loadCedar(): Promise<Cedar> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Cedar> {
  setFlagsFromString("--no-turbo-inline-js-wasm-calls");
  return import("@cedar-policy/cedar-wasm/nodejs");
}

export type { Cedar };
