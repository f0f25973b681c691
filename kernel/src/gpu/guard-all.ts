// An interrupt that terminates JavaScript while Dawn makes a JavaScript object ends the process: Dawn takes
// the failed call for a fatal error. Every method and property of Dawn's classes is therefore guarded, for
// whoever uses them, and so are the turns in which Dawn looks for what has ended: it asks for each by the
// global setImmediate, and were one call of that terminated, no promise of Dawn's would end any more.
import { setImmediate as setLater } from "node:timers";
import { enterGuard, guardedNow, leaveGuard, onTermination } from "../base/index.ts";

type Native = (this: unknown, ...args: unknown[]) => unknown;
const done = new Set<object>();
/** What ends later, and so has Dawn ask for turns. */
const ENDS_LATER =
  /^(?:request\w+|create\w+Async|mapAsync|onSubmittedWorkDone|popErrorScope|getCompilationInfo)$/;

/** Guards all classes among `globals`; once. */
export function guardAll(globals: object): void {
  if (done.size === 0) onTermination(giveAgain);
  for (const value of Object.values(globals)) {
    const prototype: unknown = typeof value === "function" ? value.prototype : undefined;
    if (typeof prototype !== "object" || prototype === null || done.has(prototype)) continue;
    done.add(prototype);
    for (const [name, found] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== "constructor" && found.configurable) {
        Object.defineProperty(prototype, name, guardedProperty(name, found));
      }
    }
  }
}

function guardedProperty(name: string, found: PropertyDescriptor): PropertyDescriptor {
  const { value, get, set } = found;
  if (typeof value === "function") {
    return { ...found, value: guardedCall(ENDS_LATER.test(name) ? withTurns(value) : value) };
  }
  const { enumerable = false } = found;
  const accessors: PropertyDescriptor = { enumerable, configurable: true };
  if (get) accessors.get = guardedCall(get);
  if (set) accessors.set = guardedCall(set);
  return get || set ? accessors : found;
}

function guardedCall<F extends Native>(native: F): F {
  const call = function (this: unknown, ...args: unknown[]): unknown {
    enterGuard();
    try {
      return native.apply(this, args);
    } finally {
      leaveGuard();
    }
  };
  return call as F;
}

/** The call, with a global setImmediate whose turns are guarded. */
function withTurns<F extends Native>(native: F): F {
  const call = function (this: unknown, ...args: unknown[]): unknown {
    const own = globalThis.setImmediate;
    globalThis.setImmediate = guardedImmediate as typeof setImmediate;
    try {
      return native.apply(this, args);
    } finally {
      globalThis.setImmediate = own;
    }
  };
  return call as F;
}

/** What Dawn has asked for and has not had. */
const turns = new Set<() => void>();

/** A turn that a termination takes before it begins is given again. */
function guardedImmediate(native: Native, ...args: unknown[]): NodeJS.Immediate {
  const turn = () => {
    if (turns.delete(turn)) withTurns(native)(...args);
  };
  turns.add(turn);
  return setLater(give, turn);
}

/** Later, where a termination is about to come: Node gives no other turns while one stands still. */
function give(turn: () => void): void {
  if (!guardedNow(turn)) setLater(give, turn);
}

function giveAgain(): void {
  for (const turn of turns) setLater(give, turn);
}
