// Puts Node's queue of immediates right after a termination inside a callback of setImmediate. Node runs no
// `finally` then (lib/internal/timers.js, processImmediate), and leaves the queue in one of two ways. Where an
// immediate had run before it in the same pass, the queue still begins with the one that was cut short, which
// looks cleared: Node looks for the one before it, throws, and would do so for ever. Where it was the first of
// its pass, those after it are in no queue any more: they would never run, and keep the event loop from its
// rest. Which one was cut short is known from the property by which Node marks what it begins.

/** What an immediate keeps its place in the queue by. */
interface Queued {
  /** Gone when it has run, has thrown or was cleared. */
  _onImmediate: (() => void) | undefined;
  _destroyed: boolean;
  _idleNext: Queued | null;
  _idlePrev: Queued | null;
  [DESTROYED]: boolean;
}

const DESTROYED = Symbol("destroyed");
const nothing = () => {};
const makeImmediate = setImmediate;
const queue = () => makeImmediate(nothing) as unknown as Queued;

/** Node looked at this one last: when it throws over the queue, the one that the queue begins with. */
let looked: Queued | undefined;
/** Begun last; cleared before it began, where its callback is gone. */
let begun: Queued | undefined;

/** Has every immediate tell when Node looks at it and when it begins. */
export function watchImmediates(): void {
  const example = queue();
  Object.defineProperty(Object.getPrototypeOf(example), "_destroyed", {
    get(this: Queued): boolean {
      looked = this;
      return this[DESTROYED];
    },
    set(this: Queued, value: boolean) {
      // One that clears others is still the one that runs.
      if (value && !begun?._onImmediate) begun = this;
      this[DESTROYED] = value;
    },
    configurable: true,
  });
}

/** Whether the error says that the queue begins with an immediate that was cut short; it is whole afterwards. */
export function mendImmediates(error: unknown): boolean {
  if (!(error instanceof TypeError && error.message.includes("'_idleNext'"))) return false;
  if (!/\bprocessImmediate \(node:internal\/timers:/.test(error.stack ?? "")) return false;
  if (!looked) return false;
  // Node takes it for one that is still to run. Terminated in here, all this is done once more: a count that
  // is too high does no harm.
  countOneMore();
  looked._onImmediate = nothing;
  looked._destroyed = false;
  begun = undefined;
  return true;
}

/** Node counted it when it began, and will again; too low a count leaves others waiting. */
function countOneMore(): void {
  const [before, between, after] = [queue(), queue(), queue()];
  // This one won't run, so Node would never note that it needs the event loop no more.
  (between as unknown as NodeJS.Immediate).unref();
  before._idleNext = after;
  after._idlePrev = before;
  between._idleNext = between._idlePrev = null;
}

/** For the begin of a turn of the event loop, where no immediate runs: queues again what one that was cut short took along. */
export function queueLostImmediates(): void {
  const cut = begun;
  looked = begun = undefined;
  const first = cut?._onImmediate && cut._idleNext;
  if (!first) return;
  const [before, after] = [queue(), queue()];
  let last = first;
  while (last._idleNext) last = last._idleNext;
  before._idleNext = first;
  first._idlePrev = before;
  last._idleNext = after;
  after._idlePrev = last;
}
