// A thread that works on one column and ends: its order, or its facts. It has a copy of the column, so that
// cells may go on meanwhile, and whoever does not wait any more ends it.
import { parentPort, workerData } from "node:worker_threads";
import { tableFromIPC } from "apache-arrow";
import { type ColumnStatistics, columnOrder, columnStatistics } from "../base/index.ts";

export type ColumnTask = { kind: "order"; descending: boolean } | { kind: "statistics" };
export interface ColumnThreadData {
  /** A stream of a table of that one column. */
  bytes: Uint8Array;
  task: ColumnTask;
}
export type ColumnResult = Uint32Array | ColumnStatistics;

const { bytes, task } = workerData as ColumnThreadData;
const column = tableFromIPC(bytes).getChildAt(0)!;
if (task.kind === "order") {
  const order = columnOrder(column, task.descending);
  parentPort!.postMessage(order, [order.buffer as ArrayBuffer]);
} else parentPort!.postMessage(columnStatistics(column));
