import type { Command } from "commander";
import type { Host, Io } from "./io.js";
import { forTerminal, jsonText } from "./paint.js";
import { createProgram } from "./program.js";

const MISUSE = 2;

/** One call of the command line, from arguments to exit code. It writes to the host alone and never throws. */
export async function call(args: readonly string[], host: Host, version: string): Promise<number> {
  let io: Io | undefined;
  let exitCode = 0;
  const { createIo } = await import("./io.js");
  const session = {
    io: (options: Parameters<typeof createIo>[1]) => (io = createIo(host, options)),
    leave: (code: number) => (exitCode = code),
  };
  const isJson = args.includes("--json");
  const program = quiet(createProgram(session, version), host, isJson);

  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    exitCode = await fail(error, host, isJson, io?.isStopping);
  }
  try {
    await io?.close();
  } catch (error) {
    exitCode ||= await fail(error, host, isJson, io?.isStopping);
  }
  return exitCode;
}

/** Commander writes to the host; what it says about a wrong call comes as an error, once. */
function quiet(program: Command, host: Host, isJson: boolean): Command {
  const writeErr = isJson ? () => undefined : (text: string) => host.err(forTerminal(text));
  program.configureOutput({ writeOut: host.out, writeErr }).exitOverride();
  for (const command of program.commands) quiet(command, host, isJson);
  return program;
}

async function fail(error: unknown, host: Host, isJson: boolean, isStopping = false): Promise<number> {
  const { usageOf, toFailure } = await import("./failures.js");
  const misuse = usageOf(error);
  if (misuse === "none") return 0;
  if (misuse !== undefined) {
    if (isJson) printError(host, { code: "usage", message: misuse, details: null });
    return MISUSE;
  }
  const { exitCode, ...failure } = toFailure(error, isStopping);
  if (isJson) printError(host, failure);
  else host.err(`${forTerminal(failure.message)}\n`);
  return exitCode;
}

/** The document of a call that failed. */
export function printError(host: Host, error: { code: string; message: string; details: unknown }): void {
  host.out(`${jsonText({ error })}\n`);
}
