import { CONNECTOR_ACTS } from "./connector-acts.js";
import type { Engine, EngineOptions } from "./engine.js";
import { openEngine } from "./engine.js";
import { fakeAgent, fakePlaybook } from "./missions.js";

const { mail } = CONNECTOR_ACTS;

/** The real engine with one mission, whose one task sends a mail to the server at the port. */
export function openMailEngine(port: number, options: Pick<EngineOptions, "path" | "leaseMs"> = {}): Promise<Engine> {
  const send = fakePlaybook({
    skill: "send",
    tools: [mail.tool],
    run: async (context) => ({ reply: await context.call(mail.tool, mail.args) }),
  });
  return openEngine({
    ...options,
    missions: [{ tasks: [{ task_id: "T", skill: "send" }] }],
    agents: [fakeAgent("A1", "send", [send], { tools: [mail.tool] })],
    tools: mail.tools(port),
  });
}
