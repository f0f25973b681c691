// Puts Node's queue of immediates right after a termination inside a callback of setImmediate. Node runs no
// `finally` then, so the queue's head stays the immediate that was cut short, and looks cleared; from then on
// Node throws when it looks for the one before it, at every turn of the event loop (lib/internal/timers.js,
// processImmediate).
import { Session } from "node:inspector";
import { guardedWhile } from "../base/index.ts";

/** What an immediate keeps its place in the queue by. */
interface Queued {
  _onImmediate: (() => void) | null;
  _destroyed: boolean;
  _idleNext: Queued | null;
  _idlePrev: Queued | null;
}

const KEY = "__cenoteImmediates";
const nothing = () => {};
const makeImmediate = setImmediate;

/** Whether the error says that the queue is broken; it is whole afterwards. */
export function mendImmediates(error: unknown): boolean {
  if (!(error instanceof TypeError && error.message.includes("'_idleNext'"))) return false;
  if (!/\bprocessImmediate \(node:internal\/timers:/.test(error.stack ?? "")) return false;
  // An interrupt may be under way still; terminated here, it would begin again.
  let mended = false;
  void guardedWhile(async () => {
    mended = mend();
  });
  return mended;
}

function mend(): boolean {
  const cut = all().filter((one) => one._destroyed && one._onImmediate !== null);
  for (const immediate of cut) {
    // Node takes it for one that is still to run.
    immediate._onImmediate = nothing;
    immediate._destroyed = false;
    countOneMore();
  }
  return cut.length > 0;
}

/** Node counted it when it began, and will again; too low a count leaves others waiting. */
function countOneMore(): void {
  const [before, between, after] = [1, 2, 3].map(() => makeImmediate(nothing) as unknown as Queued);
  before!._idleNext = after!;
  after!._idlePrev = before!;
  between!._idleNext = between!._idlePrev = null;
}

/** Every immediate that is alive: the queue itself is out of reach. */
function all(): Queued[] {
  const prototype: unknown = Object.getPrototypeOf(makeImmediate(nothing));
  const found: Queued[] = [];
  const session = new Session();
  session.connect();
  const take = (immediates: Queued[]) => found.push(...immediates);
  Object.defineProperty(globalThis, KEY, { value: { prototype, take }, configurable: true });
  const to = (expression: string, then: (objectId: string) => void) =>
    session.post("Runtime.evaluate", { expression }, (_, { result } = { result: {} as never }) =>
      then(result.objectId!),
    );
  try {
    to(`globalThis.${KEY}.prototype`, (prototypeObjectId) => {
      session.post("Runtime.queryObjects", { prototypeObjectId }, (_, { objects }) => {
        session.post("Runtime.callFunctionOn", {
          objectId: objects.objectId!,
          functionDeclaration: `function () { globalThis.${KEY}.take(this); }`,
        });
      });
    });
  } finally {
    Reflect.deleteProperty(globalThis, KEY);
    session.disconnect();
  }
  return found;
}
