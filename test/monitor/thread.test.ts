// The monitor in a thread of its own, while the pool's thread is never idle.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { BLOCK_ROW_WORDS, type MonitorMessage, openBooks } from "../../kernel/src/base/index.ts";
import { type Block, Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";

const PROGRAM = `
import { parentPort, workerData } from "node:worker_threads";
const { Monitor } = await import(workerData.monitor);
const { openBooks } = await import(workerData.base);
const messages = new Int32Array(workerData.messages);
const monitor = new Monitor(openBooks(workerData.books), (commId, data, buffers) => {
  parentPort.postMessage({ data, buffers });
  Atomics.add(messages, 0, 1);
});
monitor.open("a", {});
parentPort.once("message", () => { monitor.message("a", { kind: "resync" }); process.exit(); });
parentPort.postMessage("ready");
`;

test("a busy thread is watched while it runs, and the last snapshot is the truth", async () => {
  const books = openBooks();
  const messages = new SharedArrayBuffer(4);
  const url = (path: string) => new URL(`../../kernel/src/${path}/index.ts`, import.meta.url).href;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`), {
    workerData: { books: books.buffer, messages, monitor: url("monitor"), base: url("base") },
  });
  const received: { data: MonitorMessage; buffers: Uint32Array[] }[] = [];
  worker.on("message", (message) => {
    if (message !== "ready") received.push(message);
  });
  await once(worker, "message"); // the first snapshot or "ready": the thread runs

  const pool = new Pool(new SimulatedMemory(), { books, budget: "1 GiB" });
  const live: Block[] = [];
  // Without a pause, until the other thread has published 12 times.
  for (let i = 0; Atomics.load(new Int32Array(messages), 0) < 12; i++) {
    live.push(pool.allocate((i % 50) * 300));
    if (live.length > 400) live.splice(i % 400, 1)[0]!.dispose();
  }
  worker.postMessage("stop");
  await once(worker, "exit");

  const kinds = new Set(received.map(({ data }) => data.kind));
  assert.deepEqual([...kinds].sort(), ["delta", "snapshot"]);
  const levels = received.map(({ data }) => data.numbers.live);
  assert.ok(new Set(levels).size > 2, "the levels changed while the thread was busy");
  const last = received.at(-1)!;
  assert.equal(last.data.kind, "snapshot");
  assert.equal(last.buffers[0]!.length / BLOCK_ROW_WORDS, live.length);
  assert.equal(last.data.numbers.live, pool.stats().live);
});
