// Runs JavaScript's garbage collector from inside a task, so that memory whose owners were dropped can be
// found when a request would fail otherwise. It takes tens of milliseconds: nothing for the usual way.
//
// What a WeakRef was made of or read to in a task is kept alive until the task's end. V8 lets go of it
// whenever a queue of microtasks has run, so an empty run of a queue of its own comes before the
// collection; no code of others runs in it. After it, a WeakRef that other code reads in this task may
// be empty although it was read before.
import { setFlagsFromString } from "node:v8";
import { createContext, Script } from "node:vm";

let collector: (() => void) | undefined;

/** Collects everything that nothing holds, WeakRefs of this task included. */
export function collectGarbage(): void {
  collector ??= makeCollector();
  collector();
}

function makeCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const context = createContext({}, { microtaskMode: "afterEvaluate" });
  const gc: () => void = new Script("gc").runInContext(context);
  setFlagsFromString("--no-expose-gc");
  const nothing = new Script("undefined");
  return () => {
    nothing.runInContext(context);
    gc();
  };
}
