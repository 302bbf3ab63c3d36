import { sql } from "kysely";
import type { KillAct, Work } from "../../core/kill.js";
import type { Kills, Statement } from "../../core/ports.js";
import { toText } from "./columns.js";
import type { Database } from "./database.js";
import type { KillActRow } from "./schema.js";
import { mustChange, Template } from "./template.js";

type ActValues = Omit<KillActRow, "seq">;

/** True for a row of `kill_acts` under the alias `kill` that is the last one on its target. */
const isLast = sql<boolean>`not exists (
  select 1 from kill_acts as later
  where later.scope = kill.scope and later.subject = kill.subject and later.seq > kill.seq)`;

/** The kill switch: acts that are only ever added. What stands of a target is the last act on it. */
export class KillStore implements Kills {
  readonly #db: Database;
  readonly #turn: Template<ActValues>;
  readonly #allow: Template<{ run_id: string; agent_id: string; tool: string }>;
  readonly #on: Template<object, KillActRow>;
  readonly #acts: Template<object, KillActRow>;

  constructor(db: Database) {
    this.#db = db;
    this.#turn = new Template((hole) =>
      db.sql
        .insertInto("kill_acts")
        .columns(["act_id", "scope", "subject", "turned", "by", "reason", "at"])
        .expression(
          db.sql
            .selectNoFrom([
              sql<string>`${hole("act_id")}`.as("act_id"),
              sql<string>`${hole("scope")}`.as("scope"),
              sql<string>`${hole("subject")}`.as("subject"),
              sql<string>`${hole("turned")}`.as("turned"),
              sql<string>`${hole("by")}`.as("by"),
              sql<string>`${hole("reason")}`.as("reason"),
              sql<string>`${hole("at")}`.as("at"),
            ])
            .where(
              sql<boolean>`coalesce((select kill.turned from kill_acts as kill
                where kill.scope = ${hole("scope")} and kill.subject = ${hole("subject")}
                order by kill.seq desc limit 1), 'off') <> ${hole("turned")}`,
            ),
        ),
    );
    this.#allow = new Template((hole) =>
      db.sql
        .updateTable("runs")
        .set((columns) => ({ run_id: columns.ref("run_id") }))
        .where("run_id", "=", hole("run_id"))
        .where(
          sql<boolean>`not exists (
            select 1 from kill_acts as kill where kill.turned = 'on' and ${isLast} and (kill.scope = 'all'
            or (kill.scope = 'run' and kill.subject = ${hole("run_id")})
            or (kill.scope = 'agent' and kill.subject = ${hole("agent_id")})
            or (kill.scope = 'tool' and kill.subject = ${hole("tool")})))`,
        ),
    );
    this.#on = new Template(() =>
      db.sql
        .selectFrom("kill_acts as kill")
        .selectAll()
        .where("kill.turned", "=", "on")
        .where(isLast)
        .orderBy("kill.seq"),
    );
    this.#acts = new Template(() => db.sql.selectFrom("kill_acts").selectAll().orderBy("seq"));
  }

  turn(act: KillAct): Statement[] {
    const message = `The kill switch of ${act.scope === "all" ? "everything" : `${act.scope} ${act.subject}`} is ${act.turned} already.`;
    return [mustChange(this.#turn.with(toRow(act)), "already_decided", message)];
  }

  allow({ runId, agentId, tool }: Required<Work>): Statement[] {
    const message = `The kill switch stops ${tool} for run ${runId}: "mission kill" shows since when, by whom and why.`;
    return [mustChange(this.#allow.with({ run_id: runId, agent_id: agentId, tool }), "killed", message)];
  }

  async on(): Promise<KillAct[]> {
    return (await this.#db.read(this.#on.with({}))).map(toAct);
  }

  async acts(): Promise<KillAct[]> {
    return (await this.#db.read(this.#acts.with({}))).map(toAct);
  }
}

function toRow({ actId, scope, subject, turned, by, reason, at }: KillAct): ActValues {
  return { act_id: actId, scope, subject, turned, by, reason, at: toText(at) };
}

function toAct(row: KillActRow): KillAct {
  const { act_id: actId, scope, subject, turned, by, reason, at } = row;
  return { actId, scope, subject, turned, by, reason, at: new Date(at) };
}
