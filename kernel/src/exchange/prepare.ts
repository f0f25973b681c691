// Makes ready for the first handoff before anybody waits for it: loads apache-arrow and lets it read a table,
// which takes ten times as long as the handoff itself. Only where some process shares tables.

import { socketPaths } from "./folder.ts";
import { loadArrow } from "./load-arrow.ts";

/** Milliseconds between looks whether there is a process that shares tables. */
const LOOK_MS = 500;

/** Calls `connect` with apache-arrow ready, once, when there is a process to connect to. Keeps nobody alive. */
export function prepareOnce(connect: () => Promise<void>): void {
  const timer = setInterval(() => {
    if (socketPaths().length === 0) return;
    clearInterval(timer);
    prepare(connect).catch(() => {}); // whoever puts or gets something is told what is wrong
  }, LOOK_MS);
  timer.unref();
}

async function prepare(connect: () => Promise<void>): Promise<void> {
  const arrow = await loadArrow();
  const table = arrow.tableFromArrays({ number: new Float64Array(2) });
  const read = arrow.tableFromIPC(arrow.tableToIPC(table, "stream"));
  read.getChildAt(0)?.get(1);
  await connect();
}
