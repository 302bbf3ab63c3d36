import type { Compilable } from "kysely";
import type { Statement } from "../../core/ports.js";

/** SQL with its values, ready to run. `Row` is what it returns. */
export interface Query<Row> {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Never set: it carries the type of the rows. */
  readonly row?: Row;
}

/** The place of a value in a template. */
class Hole {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * A query whose SQL is compiled once, at its first use, with names in place of values: compiling a wide insert costs
 * more than running it, and a steady text lets the driver keep its prepared statement.
 */
export class Template<Values extends object, Row = unknown> {
  readonly #build: (hole: <Name extends keyof Values & string>(name: Name) => Values[Name]) => Compilable<Row>;
  #sql: string | undefined;
  #parameters: readonly unknown[] = [];

  constructor(build: (hole: <Name extends keyof Values & string>(name: Name) => Values[Name]) => Compilable<Row>) {
    this.#build = build;
  }

  /** The query with these values. */
  with(values: Values): Query<Row> {
    const sql = this.#compiled();
    const named = values as Readonly<Record<string, unknown>>; // safe: holes are named after its keys
    return {
      sql,
      parameters: this.#parameters.map((value) => (value instanceof Hole ? named[value.name] : value)),
    };
  }

  #compiled(): string {
    if (this.#sql === undefined) {
      // Safe: Kysely passes parameters through untouched, and `with` puts the real value in the hole's place.
      const query = this.#build((name) => new Hole(name) as never).compile();
      this.#parameters = query.parameters;
      this.#sql = query.sql;
    }
    return this.#sql;
  }
}

/** Makes a unit fail as a whole, with this error, when the statement changes no row. */
export function mustChange(
  query: Query<unknown>,
  code: NonNullable<Statement["mustChange"]>["code"],
  message: string,
): Statement {
  return { sql: query.sql, parameters: query.parameters, mustChange: { rows: 1, code, message } };
}

/** A query compiled for this one use: for reads whose shape depends on what is asked. */
export function once<Row>(query: Compilable<Row>): Query<Row> {
  const { sql, parameters } = query.compile();
  return { sql, parameters };
}
