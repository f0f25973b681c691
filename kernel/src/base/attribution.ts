// Which cell and line is running, for whoever allocates. The cell comes from async context, so that it
// is right across awaits and late timers; the line is a word that the transformed cell stores into.
import { AsyncLocalStorage } from "node:async_hooks";

const cells = new AsyncLocalStorage<number>();

/** Runs `body` as part of the cell with this execution count. */
export function runInCell<T>(cell: number, body: () => T): T {
  return cells.run(cell, body);
}

/** Execution count of the cell whose code is running, or 0. */
export function currentCell(): number {
  return cells.getStore() ?? 0;
}

/** Element 0: the line (from 1) of the statement that the running cell began last. */
export const lineWord = new Uint32Array(1);
