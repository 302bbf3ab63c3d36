/** What the files of a mission say about it. */
export interface MissionFacts {
  readonly mission_id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly tasks: number;
  readonly cases: number;
  readonly kpis: readonly string[];
  readonly file: string;
}

/** A mission by its files alone: what `mission list` shows, without loading what would run it. */
export interface MissionHeader extends MissionFacts {
  /** Its files have the shape of a mission and its cases are a list: no proof that it can run, which `verify` gives. */
  readonly is_readable: boolean;
}
