// Lines on the kernel's own stderr, which the Jupyter server shows in its terminal. Written at once: a
// worker's process.stderr waits for the main thread, which may be busy.
import { writeSync } from "node:fs";

export function log(text: string): void {
  try {
    writeSync(2, `cenote: ${text}\n`);
  } catch {
    // Nobody reads the terminal any more; there is nowhere left to say so.
  }
}
