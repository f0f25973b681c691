// The end of a cell waits until the main thread says that its last turn is over: at its end Node tells of
// rejections that nobody handles, and runners of notebooks don't listen beyond the cell's end. A thread that
// doesn't come to it, because the cell left callbacks running that keep it busy, is not waited for long.

const LONGEST_MS = 500;

export class LastTurn {
  #held: { request: number; end: () => Promise<void>; timer: NodeJS.Timeout } | undefined;

  /** The cell of this request has ended: `end` is called when its last turn is over. */
  begin(request: number, end: () => Promise<void>): void {
    const timer = setTimeout(() => void this.over(request), LONGEST_MS);
    this.#held = { request, end, timer };
  }

  /** The last turn of this request's cell, or of any, is over. Resolves when its end has been told. */
  async over(request?: number): Promise<void> {
    const held = this.#held;
    if (!held || (request !== undefined && held.request !== request)) return;
    clearTimeout(held.timer);
    this.#held = undefined;
    await held.end();
  }
}
