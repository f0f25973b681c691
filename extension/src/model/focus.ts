// What of the pool's life the user looks at: the stretch of time that the timeline shows, and the moment that
// the slab map shows. No DOM.
import { type ISignal, Signal } from "@lumino/signaling";

/** Milliseconds since the epoch. */
export interface Stretch {
  from: number;
  to: number;
}

export class Focus {
  readonly #changed = new Signal<this, void>(this);
  #stretch: Stretch | undefined;
  #moment: number | undefined;

  /** Emitted when anything below has changed. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  /** The stretch that was chosen; undefined while the timeline follows what happens. */
  get stretch(): Stretch | undefined {
    return this.#stretch;
  }

  set stretch(stretch: Stretch | undefined) {
    this.#stretch = stretch;
    this.#changed.emit();
  }

  /** The index of the record before which the slab map stands; undefined for now. */
  get moment(): number | undefined {
    return this.#moment;
  }

  set moment(moment: number | undefined) {
    if (moment === this.#moment) return;
    this.#moment = moment;
    this.#changed.emit();
  }

  clear(): void {
    this.#stretch = this.#moment = undefined;
    this.#changed.emit();
  }
}
