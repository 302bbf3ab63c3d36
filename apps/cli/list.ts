import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { table } from "./table.js";

/** `mission list`: the missions that can be run here. */
export async function list(io: Io): Promise<number> {
  const orchestrator = await io.open();
  const missions = await orchestrator.list();
  io.print(missions, () => {
    if (missions.length === 0) return "No missions here.";
    const rows = missions.map((mission) => [
      mission.name,
      mission.slug,
      mission.mission_id,
      String(mission.tasks),
      String(mission.cases),
      mission.problems === 0 ? io.paint.green("sound") : io.paint.red(`${mission.problems} to mend: verify`),
      mission.kpis.join(", "),
    ]);
    return table(io, ["Mission", "Name to type", "Id", "Tasks", "Cases", "Proof", "KPIs"], rows);
  });
  return EXIT.done;
}
