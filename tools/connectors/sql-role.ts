import type { ClientBase } from "pg";
import { SqlRefusal } from "./sql-question.js";
import { wordsOf } from "./words-of.js";

const SHOWN = 5;

/** Every way in which this role, or one that it may become, could do more than read. */
const FAULTS = `
WITH mine AS (SELECT * FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')),
  things AS (
    SELECT c.oid, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  )
SELECT 'is a superuser' AS fault WHERE EXISTS (SELECT FROM mine WHERE rolsuper)
UNION ALL SELECT 'may make roles, databases or replicas'
  WHERE EXISTS (SELECT FROM mine WHERE rolcreaterole OR rolcreatedb OR rolreplication)
UNION ALL SELECT 'is a member of ' || rolname FROM mine WHERE rolname IN ('pg_write_all_data', 'pg_read_server_files',
  'pg_write_server_files', 'pg_execute_server_program', 'pg_signal_backend', 'pg_checkpoint', 'pg_maintain',
  'pg_create_subscription')
UNION ALL (SELECT DISTINCT 'may change ' || things.oid::regclass FROM things, mine WHERE relkind <> 'S'
  AND (has_table_privilege(mine.oid, things.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    OR has_any_column_privilege(mine.oid, things.oid, 'INSERT, UPDATE')) LIMIT ${SHOWN})
UNION ALL (SELECT DISTINCT 'may advance the sequence ' || things.oid::regclass FROM things, mine WHERE relkind = 'S'
  AND has_sequence_privilege(mine.oid, things.oid, 'USAGE, UPDATE') LIMIT ${SHOWN})
UNION ALL (SELECT DISTINCT 'may create things in the schema ' || n.nspname FROM pg_namespace n, mine
  WHERE n.nspname !~ '^pg_' AND has_schema_privilege(mine.oid, n.oid, 'CREATE') LIMIT ${SHOWN})
UNION ALL SELECT 'may create schemas'
  WHERE EXISTS (SELECT FROM mine WHERE has_database_privilege(mine.oid, current_database(), 'CREATE'))
UNION ALL (SELECT DISTINCT 'may call ' || p.proname FROM pg_proc p, mine
  WHERE p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file', 'lo_import', 'lo_export',
    'dblink', 'dblink_exec', 'dblink_connect', 'dblink_send_query')
  AND has_function_privilege(mine.oid, p.oid, 'EXECUTE') LIMIT ${SHOWN})`;

/** Throws `SqlRefusal` unless the role can do nothing but read; it says what the role can do and how to make a better one. */
export async function assertReader(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ fault: string }>(FAULTS);
  if (rows.length === 0) return;
  const faults = rows.slice(0, SHOWN).map(({ fault }) => fault);
  if (rows.length > SHOWN) faults.push("and more");
  const { rows: named } = await client.query<{ role: string }>("SELECT current_user AS role");
  throw new SqlRefusal(
    wordsOf(
      `The role ${named[0]?.role} can do more than read: it ${faults.join(", ")}. Give the URL of a role that only reads: ` +
        "CREATE ROLE mission_reader LOGIN PASSWORD '…'; GRANT USAGE ON SCHEMA public TO mission_reader; " +
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO mission_reader.",
      600,
    ),
  );
}
