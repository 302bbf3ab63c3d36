/** A process of its own that resumes what another one paused: `<folder> <case>`; prints results and how often bodies ran. */
import type { TaskBody } from "../../bench/engine.js";
import { createEngine } from "../../bench/engine.js";
import { crossed, taskBody } from "../../bench/shapes.js";

const [dir = "", caseId = ""] = process.argv.slice(2);
const ran: string[] = [];
const counted: TaskBody = (task) => {
  ran.push(task.id);
  return taskBody(task);
};
const session = await createEngine({ taskBody: counted }).open({ dir });
const outputs = await session.resume(await session.prepare(crossed()), caseId);
await session.close();
process.stdout.write(`${JSON.stringify({ outputs, ran })}\n`);
