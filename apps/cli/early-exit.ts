import { placeIn } from "../../runtime/shown.js";

/** The frame of Node's own function in a stack, behind which stands who called it. */
const EXIT_FRAME = /^ +at process\.exit \(node:.*\)$/mu;

/**
 * Who ended the process, in words, from the stack of an `exit` listener: such a listener runs inside `process.exit`.
 * Undefined when nobody called that.
 */
export function sayEarlyExit(stack: string, exitCode: number): string | undefined {
  const frame = EXIT_FRAME.exec(stack);
  if (!frame) return undefined;
  const place = placeIn(stack.slice(frame.index + frame[0].length)) ?? "A module that was loaded";
  return `${place}, ended the command with process.exit(${exitCode}). Let it throw an Error instead: its words are told, and nothing is cut off.`;
}
