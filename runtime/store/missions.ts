import type { JsonObject } from "../../core/digest.js";
import type { MissionVersions, Statement } from "../../core/ports.js";
import type { MissionVersionRecord } from "../../core/records.js";
import { fromJson, toJson, toText } from "./columns.js";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import { packText, unpackText } from "./packed.js";
import type { MissionRow } from "./schema.js";
import { Template } from "./template.js";

/** Mission versions, each the whole document that its runs continue under. */
export class MissionStore implements MissionVersions {
  readonly #db: Database;
  readonly #put: Template<MissionRow>;
  readonly #find: Template<{ version: string }, MissionRow>;
  readonly #packed = new WeakMap<JsonObject, string | Uint8Array>();

  constructor(db: Database) {
    this.#db = db;
    this.#put = insertOf(db.sql, "missions", ["version", "mission_id", "slug", "document", "created_at"], (insert) =>
      insert.onConflict((conflict) => conflict.column("version").doNothing()),
    );
    this.#find = new Template((hole) =>
      db.sql.selectFrom("missions").selectAll().where("version", "=", hole("version")),
    );
  }

  put(mission: MissionVersionRecord): Statement[] {
    const { version, missionId, slug, document, createdAt } = mission;
    return [
      this.#put.with({
        version,
        mission_id: missionId,
        slug,
        document: this.#pack(document),
        created_at: toText(createdAt),
      }),
    ];
  }

  /** Each start of a run puts its mission's document again: one object for each version. */
  #pack(document: JsonObject): string | Uint8Array {
    const packed = this.#packed.get(document) ?? packText(toJson(document));
    this.#packed.set(document, packed);
    return packed;
  }

  async find(version: string): Promise<MissionVersionRecord | undefined> {
    const [row] = await this.#db.read(this.#find.with({ version }));
    return (
      row && {
        version: row.version,
        missionId: row.mission_id,
        slug: row.slug,
        document: fromJson<JsonObject>(unpackText(row.document)),
        createdAt: new Date(row.created_at),
      }
    );
  }
}
