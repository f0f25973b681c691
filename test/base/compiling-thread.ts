// A thread that V8 compiles for just before it waits for the compilers' flags.
import vm from "node:vm";
import { parentPort } from "node:worker_threads";
import { waitForCompilerFlags } from "../../kernel/src/base/index.ts";

let made = 0;

/** Runs a function that is new to V8, with a loop that ends, some of the times, while V8 compiles it. */
export function compileSomething(): void {
  const name = `f${++made}`;
  const loop =
    "for (let i = 0; i < n; i++) { s = (s + i) | 0; if (i % 1000 === 0) a.push({ i }); }";
  const code = `(function ${name}(n) { let s = ${made}; const a = []; ${loop} return s + a.length; })`;
  const run = vm.runInThisContext(code) as (steps: number) => number;
  run(1000 + ((made * 7919) % 40_000));
}

parentPort?.on("message", (released: SharedArrayBuffer) => {
  compileSomething();
  waitForCompilerFlags(released, () => parentPort!.postMessage("held"));
});
