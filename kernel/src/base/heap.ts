// What the notebook is told when V8's heap was full.
import { CenoteError } from "./errors.ts";

/** `stopped`: the cell was, and the kernel goes on. `killed`: it could not be, and the kernel ends. */
export function heapFullText(limitMib: number, outcome: "stopped" | "killed"): string {
  const limit = `${limitMib.toLocaleString("en-US")} MiB`;
  const happened =
    outcome === "stopped"
      ? `The heap of JavaScript was full (${limit}), so the cell was stopped. ` +
        "Variables keep what they hold: free what you don't need, for instance by `name.length = 0`."
      : `The heap of JavaScript was full (${limit}) and the cell could not be stopped in time: ` +
        "the kernel ends, and its variables are lost.";
  return (
    `${happened} For more room, set NODE_OPTIONS=--max-old-space-size=${2 * limitMib} (MiB) in the ` +
    "environment of the Jupyter server, and restart the kernel."
  );
}

/** The error that ends a cell which filled the heap. */
export class HeapFull extends CenoteError {
  override name = "HeapFull";
  constructor(limitMib: number) {
    super("HEAP_FULL", heapFullText(limitMib, "stopped"));
  }
}
