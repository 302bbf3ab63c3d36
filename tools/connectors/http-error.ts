/** Why a request to the outside gave no answer. */
export type HttpErrorCode =
  | "bad_request"
  | "host_not_allowed"
  | "address_not_allowed"
  | "redirect_not_followed"
  | "response_too_large"
  | "response_unreadable"
  | "timeout"
  | "unreachable";

/** A request that got no answer. A 4xx or 5xx *is* an answer: no error is raised for it here. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly code: HttpErrorCode;
  /** Whether the same request may succeed later; the gate reads it. */
  readonly transient: boolean;
  /** False when surely nothing reached the other side, so that nothing can have happened there. */
  readonly mayHaveArrived: boolean;
  /** The same for the gate: an effect that ended so was not done. */
  readonly notDone: boolean;

  constructor(
    code: HttpErrorCode,
    message: string,
    options: ErrorOptions & { transient?: boolean; mayHaveArrived?: boolean } = {},
  ) {
    super(message, options);
    this.code = code;
    this.transient = options.transient ?? false;
    this.mayHaveArrived = options.mayHaveArrived ?? false;
    this.notDone = !this.mayHaveArrived;
  }

  /** The same error of a request that an earlier one led to: something did reach another side. */
  afterArrival(): HttpError {
    return new HttpError(this.code, this.message, {
      cause: this.cause,
      transient: this.transient,
      mayHaveArrived: true,
    });
  }
}
