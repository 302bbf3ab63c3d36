import { z } from "zod";
import { CheckSchema, ReviewRuleSchema } from "../../core/mission.js";

/** The rules of a mission file of ours, which otherwise holds only what the dataset lacks. */
export const MissionRulesSchema = z.looseObject({
  tasks: z.array(z.looseObject({ task_id: z.string(), checks: z.array(CheckSchema).default([]) })),
  review: z.array(ReviewRuleSchema).default([]),
});
