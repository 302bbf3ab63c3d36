/** One program for the sandbox. */
export interface CodeQuestion {
  /** The body of an async function; `return` gives the result. */
  readonly program: string;
  /** What must be one expression, when the program is made around one. */
  readonly expression?: string;
  /** Arguments by name. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly limits: CodeLimits;
}

/** Where a program is cut. */
export interface CodeLimits {
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  /** Of the result, as JSON. */
  readonly maxBytes: number;
  /** Characters of all that is written to the console; more is left out. */
  readonly maxLogChars: number;
}

/** What a program gave: its result as JSON text, and its lines on the console. */
export interface CodeAnswer {
  readonly result: string;
  readonly logs: readonly string[];
}
