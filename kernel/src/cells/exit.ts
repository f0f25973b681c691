// The end of the process: whoever asks for it, the wire first sends what was printed, answers the running
// cell and says that the kernel ends.
import { type OutputWriter, WORD } from "../base/index.ts";
import type { CellOutput } from "./output.ts";

const FLUSH_MS = 3000;

/** `asked` tells whether Jupyter asked for the end; otherwise the notebook is told about it. */
export function flushAtExit(writer: OutputWriter, output: CellOutput, asked: () => boolean): void {
  process.on("exit", (code) => {
    if (Atomics.load(writer.state, WORD.closed) !== 0) return;
    if (!asked()) output.text("stderr", `The kernel ends: process.exit(${code}) was called.\n`);
    output.event({ type: "exit", code }, {});
    Atomics.wait(writer.state, WORD.flushed, 0, FLUSH_MS);
  });
}
