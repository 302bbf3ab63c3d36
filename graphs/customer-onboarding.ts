import { composeForStudio } from "../runtime/compose.js";
import { limitFor, missionGraph } from "./mission-graph.js";

const { mission, deps } = await composeForStudio("customer-onboarding");

/** For Studio and the LangGraph server: they bring the checkpointer. */
export const graph = missionGraph(mission, deps)
  .compile({ name: mission.slug })
  .withConfig({ recursionLimit: limitFor(mission), durability: "sync" });
