// Tells when something that is waited for takes long, and when such a wait is over.

/** Milliseconds that are not told of. */
const PATIENCE_MS = 1000;

export class Wait {
  readonly #tell: (late: boolean) => void;
  #timer = 0;
  #late = false;

  constructor(tell: (late: boolean) => void) {
    this.#tell = tell;
  }

  /** Something new is waited for. */
  begin(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#late = true;
      this.#tell(true);
    }, PATIENCE_MS);
  }

  /** Nothing is waited for any more. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#late) this.#tell(false);
    this.#late = false;
  }
}
