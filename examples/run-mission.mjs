// Runs a mission until a person is needed, then exits: node run-mission.mjs [thread]
import { openOrchestrator } from "mission-orchestrator";

const thread = process.argv[2] ?? "first-customer";
const orchestrator = await openOrchestrator({ store: "sqlite:missions.db" });
const graph = await orchestrator.graph("customer-onboarding");

const state = await graph.invoke({ case: "C-1001" }, { configurable: { thread_id: thread } });
await orchestrator.close();

const [pause] = state.__interrupt__ ?? [];
if (pause)
  console.log(`${pause.value.question}\nTo say yes: node resume-mission.mjs ${thread} '${pause.value.answer_with}'`);
else console.log(state.finalReport.summary);
