import { constraintsSharedBy } from "./constraint.js";
import type { Mission, Task } from "./mission.js";

/**
 * What a task holds while at work, as far as it is known before there is a case: a resource by its words in the mission,
 * braces and all, and each constraint that it shares with tasks beside it. Equal names are one resource.
 */
export function plannedResources(mission: Mission, { id, resources = [] }: Task): readonly string[] {
  const shared = constraintsSharedBy(mission, id).map((constraint) => `constraint:${constraint}`);
  return [...new Set([...resources, ...shared])];
}
