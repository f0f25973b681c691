// Makes ready for the first handoff with a peer before anybody waits for it: loads apache-arrow and lets it read a
// table, once, and connects to processes as they begin to share tables. Both take longer than the handoff itself.

import { socketPaths } from "./folder.ts";
import { loadArrow } from "./load-arrow.ts";

/** Milliseconds between looks whether there is another process that shares tables. */
const LOOK_MS = 500;

/** Calls `connect` with apache-arrow ready whenever there may be somebody to connect to. Keeps nobody alive. */
export function prepareInIdle(connect: () => Promise<void>): void {
  let known: readonly string[] = [];
  let ready: Promise<void> | undefined;
  const look = async () => {
    const paths = socketPaths(); // the same array while the folder is as it was
    if (paths.length === 0 || paths === known) return;
    known = paths;
    ready ??= readTable();
    await ready;
    await connect();
  };
  // Whoever puts or gets something is told what is wrong.
  setInterval(() => look().catch(() => {}), LOOK_MS).unref();
}

async function readTable(): Promise<void> {
  const arrow = await loadArrow();
  const table = arrow.tableFromArrays({ number: new Float64Array(2) });
  const read = arrow.tableFromIPC(arrow.tableToIPC(table, "stream"));
  read.getChildAt(0)?.get(1);
}
