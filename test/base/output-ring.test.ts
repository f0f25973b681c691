// The output ring: whole records in order, whatever their sizes, with a reader in another thread that is
// slower than the writer.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import {
  OutputReader,
  OutputWriter,
  RECORD,
  readEventRecord,
  WORD,
  writeEventRecord,
} from "../../kernel/src/base/index.ts";

test("records come out as they went in", () => {
  const writer = new OutputWriter();
  const reader = new OutputReader(writer.buffer);
  const record = fc.record({
    request: fc.integer({ min: 0, max: 0xffffffff }),
    text: fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.constantFrom("x".repeat(70_000), "é😀".repeat(30_000)),
    ),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 4 }), (records) => {
      for (const { request, text } of records) writer.text(RECORD.stdout, request, text);
      for (const { request, text } of records) {
        const read = reader.next()!;
        assert.equal(read.request, request);
        assert.equal(read.payload.toString("utf8"), Buffer.from(text).toString("utf8"));
      }
      assert.equal(reader.next(), undefined);
    }),
  );
});

test("events keep their head, content and buffers", () => {
  const writer = new OutputWriter();
  const reader = new OutputReader(writer.buffer);
  const buffers = [Uint8Array.of(1, 2, 3), new Float64Array([0.5])];
  writeEventRecord(writer, 7, { type: "publish", messageType: "comm_msg" }, '{"é":1}', buffers);
  const { request, kind, payload } = reader.next()!;
  const event = readEventRecord(payload);
  assert.equal(request, 7);
  assert.equal(kind, RECORD.event);
  assert.deepEqual(event.head, { type: "publish", messageType: "comm_msg" });
  assert.equal(event.content.toString(), '{"é":1}');
  assert.deepEqual([...event.buffers[0]!], [1, 2, 3]);
  assert.deepEqual(event.buffers[1]!.readDoubleLE(0), 0.5);
});

test("a payload that was cut short is dropped when the next begins", () => {
  const writer = new OutputWriter();
  const reader = new OutputReader(writer.buffer);
  const head = writer.state[WORD.head]!;
  writer.bytes(RECORD.stdout, 1, Buffer.alloc(100_000, "a"));
  // As if terminated after the first chunk: 64 KiB and its header were committed, no more.
  writer.state[WORD.head] = head + 65_536 + 12;
  writer.text(RECORD.stdout, 2, "whole");
  assert.equal(reader.next()!.payload.toString(), "whole");
  assert.equal(reader.next(), undefined);
});

test("a writer that is ahead waits for its reader, and nothing is lost", async () => {
  const writer = new OutputWriter();
  const source = `
    const { workerData, parentPort } = require("node:worker_threads");
    import(workerData.base).then(async ({ OutputReader }) => {
      const reader = new OutputReader(workerData.buffer);
      let bytes = 0, next = 0, inOrder = true;
      parentPort.postMessage("ready");
      parentPort.on("message", () => {}); // waitAsync alone keeps no thread alive
      for (;;) {
        for (let r = reader.next(); r; r = reader.next()) {
          bytes += r.payload.length;
          inOrder &&= r.request === next++;
          if (r.payload.length === 0) return parentPort.postMessage({ bytes, inOrder });
        }
        await reader.wait();
      }
    });`;
  const base = new URL("../../kernel/src/base/index.ts", import.meta.url).href;
  const worker = new Worker(source, { eval: true, workerData: { buffer: writer.buffer, base } });
  await once(worker, "message"); // a thread doesn't begin while its parent is held up
  const answer = once(worker, "message");
  let sent = 0;
  for (let i = 0; i < 3000; i++) {
    const size = (i * 7919) % 20_000 || 1;
    writer.bytes(RECORD.stdout, i, new Uint8Array(size));
    sent += size;
  }
  writer.bytes(RECORD.stdout, 3000, new Uint8Array(0));
  assert.deepEqual(await answer, [{ bytes: sent, inOrder: true }]);
  await worker.terminate();
});

test("once the reader is gone the writer doesn't wait", () => {
  const writer = new OutputWriter();
  new OutputReader(writer.buffer).close();
  for (let i = 0; i < 100; i++) writer.bytes(RECORD.stdout, i, new Uint8Array(1 << 20));
  assert.equal(writer.state[WORD.head], 0);
});
