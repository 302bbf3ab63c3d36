// Goes on with a mission that waits for a person: node resume-mission.mjs [thread] [answer]
import { Command } from "@langchain/langgraph";
import { openOrchestrator } from "mission-orchestrator";

const [thread = "first-customer", answer = "approve"] = process.argv.slice(2);
const orchestrator = await openOrchestrator({ store: "sqlite:missions.db" });
const graph = await orchestrator.graph("customer-onboarding");

const state = await graph.invoke(new Command({ resume: answer }), { configurable: { thread_id: thread } });
await orchestrator.close();

const [pause] = state.__interrupt__ ?? [];
console.log(pause ? (pause.value.problem ?? pause.value.question) : state.finalReport.summary);
