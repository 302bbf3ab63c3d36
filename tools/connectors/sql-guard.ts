import { SqlRefusal } from "./sql-question.js";

const COMMENT_OR_SPACE = /^(?:[\s(]+|--[^\r\n]*(?:\r?\n|$)|\/\*[\s\S]*?\*\/)/u;

/**
 * Refuses what does not begin as a query, before any database sees it: some PRAGMAs of SQLite act while they are
 * compiled. What a query does inside is the business of the database's own cage. Throws `SqlRefusal`.
 */
export function assertQuery(sql: string, first: readonly string[]): void {
  if (sql.includes("\0")) throw new SqlRefusal("The SQL holds a NUL character.");
  const keyword = firstWord(sql);
  if (!first.includes(keyword)) {
    const found = keyword === "" ? "It begins with none" : `It begins with ${keyword}`;
    throw new SqlRefusal(`Only reading is allowed: one statement that begins with ${first.join(", ")}. ${found}.`);
  }
}

function firstWord(sql: string): string {
  let rest = sql;
  for (let skipped = COMMENT_OR_SPACE.exec(rest); skipped; skipped = COMMENT_OR_SPACE.exec(rest)) {
    rest = rest.slice(skipped[0].length);
  }
  return (/^[A-Za-z_]{1,30}/u.exec(rest)?.[0] ?? "").toUpperCase();
}
