import { defineAgent } from "../../core/define-agent.js";
import { scheduleOnboardingCall } from "./onboarding/schedule-onboarding-call.js";

/** A3: finds times that suit everybody and writes them into our own calendar; it invites nobody. */
export const schedulingAgent = defineAgent({
  agentId: "A3",
  slug: "scheduling-agent",
  name: "Scheduling Agent",
  description: "Coordinates and schedules calls between customers and internal team members.",
  tools: ["find_busy_times", "find_public_holidays", "book_calendar_entry"],
  skills: { schedule_onboarding_call: scheduleOnboardingCall },
});
