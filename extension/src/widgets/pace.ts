// How often things are drawn: in the page's frames, at most so many a second; what costs more, less often.

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

/** Milliseconds between two runs of what costs more. */
const SLOW_MS = 250;
/** It takes at most this share of the page's time. */
const SLOW_SHARE = 1 / 20;

/** Runs what costs more, or is read aloud: at once, then as often as SLOW_MS and SLOW_SHARE allow. */
export class SlowPace {
  readonly #draw: () => void;
  #timer = 0;
  #again = false;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  ask(): void {
    if (this.#timer) {
      this.#again = true;
      return;
    }
    this.#again = false;
    const began = performance.now();
    this.#draw();
    const wait = Math.max(SLOW_MS, (performance.now() - began) / SLOW_SHARE);
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      if (this.#again) this.ask();
    }, wait);
  }

  /** Forgets what was asked. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }
}
