import { sqlDatabase } from "../../tools/connectors/sql.js";
import { toolContext } from "./tool-context.js";

// Asks the database of the first argument the query of the second, with the limit of the third in ms, once it is warm.
const [, , url = "", sql = "", timeoutMs] = process.argv;
const [query] = sqlDatabase({ url, timeoutMs: Number(timeoutMs) });
await query.run({ sql: "SELECT 1", params: [] }, toolContext());
const asked = query.run({ sql, params: [] }, toolContext());
process.stdout.write("asked\n");
await asked;
