// Lines on the kernel's own stderr, which the Jupyter server shows in its terminal. Written at once: a
// worker's process.stderr waits for the main thread, which may be busy.
import { writeSync } from "node:fs";

let terminal = 2;

/** Where the kernel's own lines go, once stderr is the notebook's. */
export function logTo(descriptor: number): void {
  terminal = descriptor;
}

export function log(text: string): void {
  try {
    writeSync(terminal, `cenote: ${text}\n`);
  } catch {
    // Nobody reads the terminal any more; there is nowhere left to say so.
  }
}
