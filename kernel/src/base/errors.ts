// Errors that users meet. Each says what was wanted, what was found (with units) and the mend.

/** An error of Cenote's own: `code` is stable for programs, `mend` says what to do about it. */
export class CenoteError extends Error {
  override name = "CenoteError";
  readonly code: string;
  readonly mend: string | undefined;

  constructor(code: string, message: string, options: { mend?: string; cause?: unknown } = {}) {
    super(
      options.mend ? `${message}\n  ${options.mend}` : message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.mend = options.mend;
  }
}

/** The pool's budget is spent. The message names the wanted and free bytes and the largest holders. */
export class OutOfPoolMemory extends CenoteError {
  override name = "OutOfPoolMemory";
  constructor(message: string, mend?: string) {
    super("OUT_OF_POOL_MEMORY", message, mend === undefined ? {} : { mend });
  }
}

/** Thrown by pool and compute operations, as they end, when the user has asked the cell to stop. */
export class Interrupted extends CenoteError {
  override name = "Interrupted";
  constructor() {
    super("INTERRUPTED", "The cell was interrupted.");
  }
}
