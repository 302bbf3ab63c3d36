/** A call to an MCP server that gave no result, in words that name the server. */
export class McpFailure extends Error {
  override readonly name = "McpFailure";
  /** Whether the same call may succeed later; the gate reads it. */
  readonly transient: boolean;
  /** True when the act surely did not happen. */
  readonly notDone: boolean;

  constructor(message: string, options: ErrorOptions & { transient?: boolean; notDone?: boolean } = {}) {
    super(message, options);
    this.transient = options.transient ?? false;
    this.notDone = options.notDone ?? false;
  }
}
