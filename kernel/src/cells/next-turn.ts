// The last turn of a cell, at whose end Node tells of rejections that nobody handles. The event loop's next
// turn comes by a port, as cells do: Node's immediates and timers use methods of arrays, which cells may change.
import { MessageChannel } from "node:worker_threads";
import { outsideIntrinsics } from "./intrinsics.ts";

/**
 * Does what Node does after each callback of the event loop: runs what was put off (`nextTick`, promises), and
 * tells of rejections that nobody handles. To be called where only the event loop is below. Throws what a
 * callback of nextTick throws.
 */
const finishTurn = (process as unknown as { _tickCallback(): void })._tickCallback;

/** The function that has `begin` called with its argument, in the next turn. */
function nextTurns(begin: (request: number) => void): (request: number) => void {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (request: number) => {
    outsideIntrinsics();
    begin(request);
  });
  return port2.postMessage.bind(port2);
}

/** Tells by `tell`, once for each cell, that its last turn is over. */
export class LastTurns {
  readonly #tell: (request: number) => void;
  readonly #inNext: (request: number) => void;
  /** The request whose last turn may be the one that its code began in, or 0. */
  #running = 0;

  constructor(tell: (request: number) => void) {
    this.#tell = tell;
    this.#inNext = nextTurns(tell);
  }

  /** The cell's code is about to run. */
  begin(request: number): void {
    this.#running = request;
  }

  /** What Node would do next, done now: a cell that ends in it waits for no turn of the event loop. */
  finish(hasEnded: () => boolean): void {
    try {
      finishTurn();
    } catch (error) {
      this.leave();
      throw error;
    }
    const request = this.#running;
    this.#running = 0;
    if (request !== 0 && hasEnded()) this.#tell(request);
  }

  /** Where a turn was cut short, the event loop's next one tells its end. */
  leave(): void {
    const request = this.#running;
    this.#running = 0;
    if (request > 0) this.#inNext(request);
  }

  /** The cell has ended. */
  end(request: number): void {
    if (this.#running !== request) this.#inNext(request);
  }
}
