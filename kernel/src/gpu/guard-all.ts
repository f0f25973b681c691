// An interrupt that terminates JavaScript while Dawn makes a JavaScript object ends the process: Dawn takes
// the failed call for a fatal error. Every method and property of Dawn's classes is therefore guarded, for
// whoever uses them. It costs some 20 ns a call, of 1 to 5 µs.
import { enterGuard, leaveGuard } from "../base/index.ts";

type Native = (this: unknown, ...args: unknown[]) => unknown;
const done = new WeakSet<object>();

/** Guards all classes among `globals`; once. */
export function guardAll(globals: object): void {
  for (const value of Object.values(globals)) {
    const prototype: unknown = typeof value === "function" ? value.prototype : undefined;
    if (typeof prototype !== "object" || prototype === null || done.has(prototype)) continue;
    done.add(prototype);
    for (const [name, found] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== "constructor" && found.configurable) {
        Object.defineProperty(prototype, name, guardedProperty(found));
      }
    }
  }
}

function guardedProperty(found: PropertyDescriptor): PropertyDescriptor {
  const { value, get, set } = found;
  if (typeof value === "function") return { ...found, value: guardedCall(value) };
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
