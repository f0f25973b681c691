// Draws in the page's frames, at most so many a second.

/** A screen's own rate: no frame is left out. */
const EVERY = 60;
/** A frame may come this much early, in milliseconds: timers and frames are not in step. */
const SLACK_MS = 4;

export class Pace {
  readonly #draw: () => void;
  #frame = 0;
  #timer = 0;
  #last = 0;
  /** Frames a second at most. */
  most = EVERY;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  /** Draws once, as soon as it may. */
  ask(): void {
    if (this.#frame || this.#timer) return;
    const wait = this.most < EVERY ? this.#last + 1000 / this.most - performance.now() : 0;
    if (wait > SLACK_MS) {
      this.#timer = window.setTimeout(() => {
        this.#timer = 0;
        this.ask();
      }, wait - SLACK_MS);
      return;
    }
    this.#frame = requestAnimationFrame((time) => {
      this.#frame = 0;
      this.#last = time;
      this.#draw();
    });
  }

  /** Forgets what was asked. */
  rest(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = this.#timer = 0;
  }
}
