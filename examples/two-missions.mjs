// Two missions inside a graph of your own. The first time both stop at their question, the second time both go on:
// node two-missions.mjs [thread]
import { Annotation, Command, END, START, StateGraph } from "@langchain/langgraph";
import { openOrchestrator } from "mission-orchestrator";

const orchestrator = await openOrchestrator({ store: "sqlite:missions.db" });
const onboarding = await orchestrator.graph("customer-onboarding");
const pipeline = await orchestrator.graph("sales-pipeline");

const Account = Annotation.Root({
  customer: Annotation,
  deal: Annotation,
  onboarded: Annotation,
  contacted: Annotation,
});

const account = new StateGraph(Account)
  .addNode("onboard", async ({ customer }, config) => {
    const { finalReport } = await onboarding.invoke({ case: customer }, config);
    return { onboarded: finalReport.summary };
  })
  .addNode("contact", async ({ deal }, config) => {
    const { finalReport } = await pipeline.invoke({ case: deal }, config);
    return { contacted: finalReport.summary };
  })
  .addEdge(START, "onboard")
  .addEdge(START, "contact")
  .addEdge("onboard", END)
  .addEdge("contact", END)
  .compile({ checkpointer: orchestrator.checkpointer });

const thread = { configurable: { thread_id: process.argv[2] ?? "first-account" }, recursionLimit: 500 };
const open = (await account.getState(thread)).tasks.flatMap((task) => task.interrupts);
const answers = Object.fromEntries(open.map(({ id, value }) => [id, value.answer_with]));
const state = await account.invoke(
  open.length > 0 ? new Command({ resume: answers }) : { customer: "C-1001", deal: "D-1001" },
  thread,
);
await orchestrator.close();

for (const { value } of state.__interrupt__ ?? []) console.log(value.question);
if (state.onboarded) console.log(state.onboarded);
if (state.contacted) console.log(state.contacted);
