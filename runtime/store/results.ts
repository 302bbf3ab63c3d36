import type { Json } from "../../core/digest.js";
import { sha256 } from "../../core/digest.js";
import type { Results, Statement } from "../../core/ports.js";
import type { ResultRecord } from "../../core/records.js";
import { fromDigestBytes, fromJson, toDigestBytes, toJson } from "./columns.js";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import type { ArtifactRow, ResultRow } from "./schema.js";
import { Template } from "./template.js";

/** Larger outputs are kept once, as artifacts, by their hash. */
const MAX_INLINE_BYTES = 8 * 1024;

type Found = Omit<ResultRow, "artifact"> & { content: string | null };

/** The outputs of tasks, by digest. */
export class ResultStore implements Results {
  readonly #db: Database;
  readonly #put: Template<ResultRow>;
  readonly #keep: Template<ArtifactRow>;
  readonly #supersede: Template<{ run_id: string; task_id: string }>;
  readonly #get: Template<Pick<ResultRow, "run_id" | "digest">, Found>;
  readonly #of: Template<{ run_id: string }, Found>;

  constructor(db: Database) {
    this.#db = db;
    const columns = ["run_id", "task_id", "attempt", "digest", "output", "artifact", "superseded"] as const;
    this.#put = insertOf(db.sql, "results", columns, (insert) =>
      insert.onConflict((conflict) =>
        conflict.columns(["run_id", "task_id", "attempt"]).doUpdateSet((row) => ({
          digest: row.ref("excluded.digest"),
          output: row.ref("excluded.output"),
          artifact: row.ref("excluded.artifact"),
          superseded: row.ref("excluded.superseded"),
        })),
      ),
    );
    this.#keep = insertOf(db.sql, "artifacts", ["sha256", "content"], (insert) =>
      insert.onConflict((conflict) => conflict.column("sha256").doNothing()),
    );
    this.#supersede = new Template((hole) =>
      db.sql
        .updateTable("results")
        .set({ superseded: 1 })
        .where("run_id", "=", hole("run_id"))
        .where("task_id", "=", hole("task_id"))
        .where("superseded", "=", 0),
    );
    const found = () =>
      db.sql
        .selectFrom("results")
        .leftJoin("artifacts", "artifacts.sha256", "results.artifact")
        .select(["run_id", "task_id", "attempt", "digest", "output", "superseded", "content"]);
    this.#get = new Template((hole) =>
      found()
        .where("run_id", "=", hole("run_id"))
        .where("digest", "=", hole("digest"))
        .orderBy("superseded")
        .orderBy("attempt", "desc"),
    );
    this.#of = new Template((hole) =>
      found().where("run_id", "=", hole("run_id")).where("superseded", "=", 0).orderBy("task_id").orderBy("attempt"),
    );
  }

  put(result: ResultRecord): Statement[] {
    const text = toJson(result.output);
    const artifact = Buffer.byteLength(text) > MAX_INLINE_BYTES ? sha256(text) : null;
    const row: ResultRow = {
      run_id: result.runId,
      task_id: result.taskId,
      attempt: result.attempt,
      digest: toDigestBytes(result.digest),
      output: artifact === null ? text : null,
      artifact,
      superseded: result.superseded ? 1 : 0,
    };
    const kept = artifact === null ? [] : [this.#keep.with({ sha256: artifact, content: text })];
    return [...kept, this.#put.with(row)];
  }

  supersede(runId: string, taskId: string): Statement[] {
    return [this.#supersede.with({ run_id: runId, task_id: taskId })];
  }

  async get(runId: string, digest: string): Promise<ResultRecord | undefined> {
    const [row] = await this.#db.read(this.#get.with({ run_id: runId, digest: toDigestBytes(digest) }));
    return row && toResult(row);
  }

  async of(runId: string): Promise<ResultRecord[]> {
    return (await this.#db.read(this.#of.with({ run_id: runId }))).map(toResult);
  }
}

function toResult(row: Found): ResultRecord {
  return {
    runId: row.run_id,
    taskId: row.task_id,
    attempt: row.attempt,
    digest: fromDigestBytes(row.digest),
    output: fromJson<Json>(row.output ?? row.content ?? "null"),
    superseded: row.superseded === 1,
  };
}
