// Starts work on one column of a table in a thread of its own.
import { Worker } from "node:worker_threads";
import * as arrow from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import { pack } from "../exchange/index.ts";
import type { ColumnResult, ColumnTask, ColumnThreadData } from "./column-thread.ts";
import { written } from "./encode.ts";

/** MiB of JavaScript's heap for texts that are told apart. */
const HEAP_MB = 2048;

export interface RunningTask<R> {
  /** Rejects with CANCELLED, or with what went wrong. */
  result: Promise<R>;
  cancel(): void;
}

/** Copies the column and starts. */
export function startColumnTask<R extends ColumnResult>(
  table: arrow.Table,
  column: number,
  task: ColumnTask,
): RunningTask<R> {
  const bytes = written(pack(arrow, table.selectAt([column])));
  const source = import.meta.url.endsWith(".ts") ? "./column-thread.ts" : "./column-thread.js";
  const worker = new Worker(new URL(source, import.meta.url), {
    name: "cenote-column",
    workerData: { bytes, task } satisfies ColumnThreadData,
    transferList: [bytes.buffer],
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  worker.unref();
  let cancelled = false;
  const result = new Promise<R>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(ended(cancelled)));
  });
  const cancel = () => {
    cancelled = true;
    void worker.terminate();
  };
  return { result, cancel };
}

const ended = (cancelled: boolean) =>
  cancelled
    ? new CenoteError("CANCELLED", "nobody waits for it any more")
    : new CenoteError("FAILED", "the thread that worked on the column has ended");
