import { readConfig } from "../../runtime/config.js";
import { loadConfig } from "../../runtime/mission-config.js";
import { readMissionHeaders } from "../../runtime/mission-headers.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { table } from "./table.js";

/** `mission list`: the missions that can be run here, by their files alone; nothing that would run them is loaded. */
export async function list(io: Io): Promise<number> {
  const { data = readConfig().dataFolder, missions: given = [] } = await loadConfig(io.host.folder);
  const missions = await readMissionHeaders({ dataFolder: data, missions: given });
  io.print(missions, () => {
    if (missions.length === 0) return "No missions here.";
    const rows = missions.map((mission) => [
      mission.name || mission.file,
      mission.slug,
      mission.mission_id,
      String(mission.tasks),
      String(mission.cases),
      mission.is_readable ? io.paint.green("readable") : io.paint.red("to mend: verify"),
      mission.kpis.join(", "),
    ]);
    return table(io, ["Mission", "Name to type", "Id", "Tasks", "Cases", "File", "KPIs"], rows);
  });
  return EXIT.done;
}
