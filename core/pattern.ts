import type { PatternNode } from "./pattern-syntax.js";
import { parsePattern } from "./pattern-syntax.js";

const MAX_PATTERN = 1_000;
const MAX_TEXT = 100_000;
const MAX_PARTS = 2_000;
/** About a second of work; what needs more is refused, on every machine alike. */
const MAX_STEPS = 10_000_000;
const MAX_KEPT = 500;

type Part =
  | { readonly op: "sign"; readonly fits: (sign: string) => boolean }
  | { readonly op: "edge"; readonly holds: (signs: readonly string[], at: number) => boolean }
  | { readonly op: "ahead"; readonly isNegative: boolean; readonly program: readonly Part[] }
  | { op: "fork"; to: readonly number[] }
  | { readonly op: "end" };

const kept = new Map<string, readonly Part[] | Error>();

/**
 * Whether a regular expression is found in a text, as JavaScript's `u` patterns are, in time that grows with their
 * lengths and never explodes. Throws a `TypeError` for what it does not do: references back, looking behind, more than
 * 1,000 signs of pattern or 100,000 of text.
 */
export function isFound(pattern: string, text: string): boolean {
  const program = programOf(pattern);
  if (text.length > MAX_TEXT)
    throw new TypeError(`matches() looks at most at ${MAX_TEXT} characters; this text has ${text.length}.`);
  return finds(program, [...text], 0, false, { left: MAX_STEPS });
}

/** Why a pattern cannot be used; nothing when it can. */
export function patternFault(pattern: string): string | undefined {
  try {
    programOf(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function programOf(pattern: string): readonly Part[] {
  const known = kept.get(pattern) ?? build(pattern);
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(pattern, known);
  if (known instanceof Error) throw known;
  return known;
}

function build(pattern: string): readonly Part[] | Error {
  try {
    if (pattern.length > MAX_PATTERN) throw new TypeError(`A pattern has at most ${MAX_PATTERN} characters.`);
    return compiled(parsePattern(pattern));
  } catch (error) {
    return error instanceof Error ? error : new TypeError(String(error));
  }
}

function compiled(node: PatternNode, room = { left: MAX_PARTS }): readonly Part[] {
  const parts: Part[] = [];
  emit(node, parts, room);
  parts.push({ op: "end" });
  return parts;
}

/** `room` counts down for the whole pattern, what it looks ahead for included. */
function emit(node: PatternNode, parts: Part[], room: { left: number }): void {
  room.left -= 1;
  if (room.left < 0) throw new TypeError("The pattern is too large: its repetitions multiply.");
  switch (node.kind) {
    case "sign":
      parts.push({ op: "sign", fits: node.fits });
      return;
    case "edge":
      parts.push({ op: "edge", holds: node.holds });
      return;
    case "ahead":
      parts.push({ op: "ahead", isNegative: node.isNegative, program: compiled(node.node, room) });
      return;
    case "all":
      for (const each of node.nodes) emit(each, parts, room);
      return;
    case "any":
      emitAny(node.nodes, parts, room);
      return;
    case "times":
      emitTimes(node, parts, room);
  }
}

function emitAny(nodes: readonly PatternNode[], parts: Part[], room: { left: number }): void {
  const fork = { op: "fork" as const, to: [] as readonly number[] };
  parts.push(fork);
  const starts: number[] = [];
  const ends: { op: "fork"; to: readonly number[] }[] = [];
  for (const each of nodes) {
    starts.push(parts.length);
    emit(each, parts, room);
    const end = { op: "fork" as const, to: [] as readonly number[] };
    ends.push(end);
    parts.push(end);
  }
  fork.to = starts;
  for (const end of ends) end.to = [parts.length];
}

function emitTimes(
  { node, least, most }: Extract<PatternNode, { kind: "times" }>,
  parts: Part[],
  room: { left: number },
): void {
  for (let count = 0; count < least; count++) emit(node, parts, room);
  if (most === Number.POSITIVE_INFINITY) {
    const fork = { op: "fork" as const, to: [] as readonly number[] };
    const at = parts.push(fork) - 1;
    emit(node, parts, room);
    parts.push({ op: "fork", to: [at] });
    fork.to = [at + 1, parts.length];
    return;
  }
  const forks: { op: "fork"; to: readonly number[] }[] = [];
  for (let count = least; count < most; count++) {
    const fork = { op: "fork" as const, to: [parts.length + 1] as readonly number[] };
    forks.push(fork);
    parts.push(fork);
    emit(node, parts, room);
  }
  for (const fork of forks) fork.to = [...fork.to, parts.length];
}

/** All ways through the program at once, sign by sign: no way is tried twice. */
function finds(
  program: readonly Part[],
  signs: readonly string[],
  from: number,
  isAnchored: boolean,
  steps: { left: number },
): boolean {
  steps.left -= program.length;
  const marks = new Int32Array(program.length).fill(-1);
  let alive: number[] = [];
  for (let at = from; at <= signs.length; at++) {
    const begun = isAnchored && at > from ? alive : [...alive, 0];
    const reached = reach(program, begun, { signs, at, marks, steps });
    if (reached === "end") return true;
    if (isAnchored && reached.length === 0) return false;
    const sign = signs[at];
    alive = [];
    if (sign === undefined) return false;
    for (const index of reached) {
      const part = program[index];
      if (part?.op === "sign" && part.fits(sign)) alive.push(index + 1);
    }
  }
  return false;
}

interface Place {
  readonly signs: readonly string[];
  readonly at: number;
  /** For each part the last place at which it was reached. */
  readonly marks: Int32Array;
  readonly steps: { left: number };
}

/** The signs that may come next, from these parts on; or the end. */
function reach(program: readonly Part[], begun: readonly number[], place: Place): number[] | "end" {
  const { signs, at, marks, steps } = place;
  const open = [...begun];
  const reached: number[] = [];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (marks[index] === at) continue;
    marks[index] = at;
    steps.left -= 1;
    if (steps.left < 0) throw new TypeError("The pattern takes too long on this text: make it simpler.");
    const part = program[index];
    if (part === undefined || part.op === "end") return "end";
    if (part.op === "sign") reached.push(index);
    else if (part.op === "fork") open.push(...part.to);
    else if (
      part.op === "edge" ? part.holds(signs, at) : finds(part.program, signs, at, true, steps) !== part.isNegative
    )
      open.push(index + 1);
  }
  return reached;
}
