import { sha256 } from "../../core/digest.js";
import type { Message, Messages } from "../../core/services.js";
import type { Database } from "./database.js";
import { insertOf } from "./insert.js";
import type { MessageRow } from "./schema.js";
import { Template } from "./template.js";

const COLUMNS = ["message_id", "key", "recipient", "subject", "body", "run_id"] as const;

/** Drafts and outbox, a table each. A message's id follows from its key, so that putting twice answers alike. */
export class MessageStore implements Messages {
  readonly #db: Database;
  readonly #put: Readonly<Record<Message["box"], Template<MessageRow>>>;
  readonly #withdraw: readonly Template<{ key: string }>[];
  readonly #find: Template<{ key: string }, { message_id: string }>;

  constructor(db: Database) {
    this.#db = db;
    const insertInto = (box: Message["box"]) =>
      insertOf(db.sql, box, COLUMNS, (insert) => insert.onConflict((conflict) => conflict.column("key").doNothing()));
    this.#put = { drafts: insertInto("drafts"), outbox: insertInto("outbox") };
    this.#withdraw = (["drafts", "outbox"] as const).map(
      (box) => new Template((hole) => db.sql.deleteFrom(box).where("key", "=", hole("key"))),
    );
    this.#find = new Template((hole) =>
      db.sql
        .selectFrom("drafts")
        .select("message_id")
        .where("key", "=", hole("key"))
        .union(db.sql.selectFrom("outbox").select("message_id").where("key", "=", hole("key"))),
    );
  }

  async put(message: Message, key: string): Promise<string> {
    const messageId = `message-${sha256(key).slice(0, 16)}`;
    const { box, to, subject, body, runId } = message;
    const row: MessageRow = { message_id: messageId, key, recipient: to, subject, body, run_id: runId };
    await this.#db.commit({ statements: [this.#put[box].with(row)] });
    return messageId;
  }

  async find(key: string): Promise<string | undefined> {
    const [row] = await this.#db.read(this.#find.with({ key }));
    return row?.message_id;
  }

  async withdraw(key: string): Promise<void> {
    await this.#db.commit({ statements: this.#withdraw.map((statement) => statement.with({ key })) });
  }
}
