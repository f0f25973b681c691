// The end of the process: whoever asks for it, the wire first sends what was printed, answers the running
// cell and says that the kernel ends.
import { type OutputWriter, WORD } from "../base/index.ts";
import { withIntrinsics } from "./intrinsics.ts";
import type { CellOutput } from "./output.ts";

const { apply } = Reflect;
const FLUSH_MS = 3000;

/**
 * `asked` tells whether Jupyter asked for the end; otherwise the notebook is told about it. Done in place
 * of `process.reallyExit`, so that it comes after the notebook's own listeners for "exit" and isn't taken
 * away with them: a process that ends while the wire's sockets are open is aborted.
 */
export function flushAtExit(writer: OutputWriter, output: CellOutput, asked: () => boolean): void {
  const host = process as unknown as { reallyExit(code: number): never };
  const exit = host.reallyExit;
  host.reallyExit = (code) => {
    if (!withIntrinsics(() => flush(code))) process.kill(process.pid, "SIGKILL");
    return apply(exit, process, [code]);
  };

  /** False when the wire didn't finish. */
  function flush(code: number): boolean {
    const { state } = writer;
    if (Atomics.load(state, WORD.closed) !== 0) return true;
    Atomics.store(state, WORD.exiting, 1);
    if (!asked()) output.text("stderr", `The kernel ends: process.exit(${code}) was called.\n`);
    output.event({ type: "exit", code }, {});
    return Atomics.wait(state, WORD.flushed, 0, FLUSH_MS) !== "timed-out";
  }
}
