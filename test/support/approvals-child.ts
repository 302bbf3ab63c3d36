/** A process of its own that decides, resumes and starts on a desk's store: `<folder> <store url>`, commands on stdin. */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Decision } from "../../core/approval.js";
import type { JsonObject } from "../../core/digest.js";
import { OrchestratorError } from "../../core/errors.js";
import type { Orchestrator } from "../../runtime/orchestrator.js";
import { openDesk } from "./approvals.js";

/** What such a process can be told; one JSON line each. */
export type Command =
  | { readonly do: "start"; readonly mission: string; readonly caseRef: JsonObject }
  | { readonly do: "resume"; readonly run: string }
  | { readonly do: "approvals"; readonly run: string }
  | {
      readonly do: "decide";
      readonly approval: string;
      readonly decision: Decision;
      readonly by: string;
      readonly digest?: string;
      readonly continue?: boolean;
    };

function obey(orchestrator: Orchestrator, command: Command): Promise<unknown> {
  switch (command.do) {
    case "start":
      return orchestrator.start(command.mission, { caseRef: command.caseRef });
    case "resume":
      return orchestrator.resume(command.run);
    case "approvals":
      return orchestrator.approvals({ run: command.run });
    case "decide":
      return orchestrator.decide(command.approval, {
        decision: command.decision,
        by: command.by,
        ...(command.digest !== undefined && { digest: command.digest }),
        ...(command.continue !== undefined && { continue: command.continue }),
      });
  }
}

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

const [, , folder = "", url = ""] = process.argv;
const orchestrator = await openDesk(folder, url);
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, ...command } = JSON.parse(line) as Command & { id: number }; // safe: written by approvals-process.ts
  obey(orchestrator, command).then(
    (value) => say({ id, value }),
    (error: unknown) => {
      const code = error instanceof OrchestratorError ? error.code : "bug";
      say({ id, error: { code, message: error instanceof Error ? error.message : String(error) } });
    },
  );
});
say({ id: 0 });
