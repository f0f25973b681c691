// How long the main thread has run so far. On a busy machine it may get no processor for a while, so the
// clock on the wall doesn't say whether it had the time to do something.
import { readFileSync } from "node:fs";

const MAIN = `/proc/self/task/${process.pid}/schedstat`;

/** Milliseconds on a processor; undefined where the system doesn't tell (it is Linux that does). */
export function mainThreadTime(): number | undefined {
  try {
    const [nanoseconds] = readFileSync(MAIN, "utf8").split(" ");
    return Number(nanoseconds) / 1e6;
  } catch {
    return undefined;
  }
}
