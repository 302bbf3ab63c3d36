import { z } from "zod";
import { defineTool } from "./define-tool.js";

const FILE = "sample/activities.json";
const MAX_ACTIVITIES = 60;

const ActivitySchema = z.strictObject({
  activity_id: z.string(),
  /** An ISO 8601 duration before the start of the run, or a date. */
  at: z.string(),
  kind: z.string(),
  /** The person on the customer's side; absent for notes of our own. */
  with: z.string().optional(),
  topic: z.string(),
});
/** One entry of the activity log of a deal, as the house recorded it. */
export type Activity = z.output<typeof ActivitySchema>;

/** The activity log of one deal. */
export const listDealActivities = defineTool({
  name: "list_deal_activities",
  description:
    "Returns the recorded activities of one deal (mails, calls, meetings, notes) in the order of the log, at most sixty, the " +
    "last ones when there are more. An empty list means that nothing is recorded. Not for facts about the deal itself.",
  input: z.strictObject({ deal_id: z.string().min(1).max(100) }),
  output: z.strictObject({ activities: z.array(ActivitySchema), isCut: z.boolean() }),
  effect: "reads",
  timeoutMs: 5_000,
  maxCostMicroUsd: 0,

  async run({ deal_id: dealId }, { records }) {
    const log = await records.read(FILE);
    if (!Array.isArray(log)) throw new Error(`${FILE} is missing or is no list of activities.`);
    const ofDeal = log.filter((entry) => entry?.deal_id === dealId);
    const activities = ofDeal
      .slice(-MAX_ACTIVITIES)
      .map(({ deal_id: _, ...activity }) => ActivitySchema.parse(activity));
    return { activities, isCut: ofDeal.length > MAX_ACTIVITIES };
  },
});
