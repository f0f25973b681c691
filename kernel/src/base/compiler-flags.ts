// Flags of V8's compilers that cells need. They are set once the kernel runs: with any of them at its start,
// V8 refuses the compiled code of Node's own modules that Node carries, and every thread compiles them anew,
// which is a quarter of the start. V8 aborts where a compiler meets another flag than the one that its work
// began with ("Check failed: v8_flags.maglev_osr"), so they are set while no thread compiles.
// Node's modules are looked up on use: all threads load this room, and few of them these.

const FLAGS = [
  // V8 keeps every script that was compiled, in case the same text comes again: cells would add up.
  "--no-compilation-cache",
  // It takes the check for interrupts out of loops that it wrongly believes to be short, for instance
  // `while (true) new Array(1000).fill(0)` (V8 13.6); nothing but the process's end would stop them.
  "--no-turboshaft-loop-unrolling",
  // A loop at the top of a cell runs once: what it gets while it runs is the best that it gets. The middle
  // compiler's code for it would stay to the loop's end, up to ten times slower than the last compiler's;
  // and code that is made beside the running loop depends on how far the loop came meanwhile.
  "--no-maglev-osr",
  "--no-concurrent-osr",
];

/**
 * Sets the flags for all threads. `hold` has the one other thread of JavaScript call `waitForCompilerFlags` with the
 * memory that it is given, and resolves once that thread stands.
 */
export async function setCompilerFlags(
  hold: (released: SharedArrayBuffer) => Promise<unknown>,
): Promise<void> {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  const released = new Int32Array(new SharedArrayBuffer(4));
  setFlagsFromString("--allow-natives-syntax");
  try {
    await hold(released.buffer);
    finishCompiling();
    for (const flag of FLAGS) setFlagsFromString(flag);
  } finally {
    setFlagsFromString("--no-allow-natives-syntax");
    Atomics.store(released, 0, 1);
    Atomics.notify(released, 0);
  }
}

/** Ends what V8 compiles for this thread, calls `held`, and waits until the flags are set. */
export function waitForCompilerFlags(released: SharedArrayBuffer, held: () => void): void {
  finishCompiling();
  held();
  Atomics.wait(new Int32Array(released), 0, 0);
}

/**
 * Waits for the compilers that work beside this thread, by a function of V8's own. What each cell needs of
 * Node is loaded before, while V8 takes its compiled code: `performance`, when it is first read.
 */
function finishCompiling(): void {
  performance.now();
  const { Script } = process.getBuiltinModule("node:vm");
  new Script("%FinalizeOptimization()").runInThisContext();
}
