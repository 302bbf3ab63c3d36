/**
 * A process that approves the one request of a store's run and works on it, under leases as long as it is told and
 * renewed: `<file> <port> <leaseMs>`. It stops itself once its act is claimed and before it is begun. It says when it
 * stops, and how its work ended after it went on.
 */
import { writeSync } from "node:fs";
import { openMailEngine } from "./mail-engine.js";

const [path = "", port = "", leaseMs = ""] = process.argv.slice(2);

function say(word: string, value: string): void {
  writeSync(1, `${JSON.stringify({ word, value })}\n`);
}

const engine = await openMailEngine(Number(port), { path, leaseMs: Number(leaseMs) });
let hasStopped = false;
engine.parts.hub.listen(({ type }) => {
  if (type !== "effect_claimed" || hasStopped) return;
  hasStopped = true;
  say("stopped", type);
  process.kill(process.pid, "SIGSTOP");
});
const [request] = await engine.orchestrator.approvals({});
await engine.orchestrator.decide(request?.approval_id ?? "", { decision: { type: "approve" }, by: "Pat" }).then(
  (outcome) => say("ended", JSON.stringify(outcome)),
  (error: { code?: string }) => say("ended", error.code ?? String(error)),
);
await engine.drop();
