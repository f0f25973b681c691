// What the monitor tells pages of a pool: snapshots, deltas, what it leaves out, and to whom it says nothing.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Books,
  CONTROL,
  COUNTER,
  EVENT,
  type MonitorDelta,
  type MonitorSnapshot,
  RING_CAPACITY,
  runInCell,
  SAMPLE_VALUES,
  writeClock,
  writeEvent,
} from "../../kernel/src/base/index.ts";
import type { Block, Pool } from "../../kernel/src/pool/index.ts";
import { assertSame, type Message, watched } from "./watching-page.ts";

const MIB = 2 ** 20;

describe("snapshot", () => {
  test("a page that comes gets blocks, slabs, tags, adapter, numbers and a timeline", () => {
    const { books, pool, monitor, open } = watched();
    monitor.note({ type: "tag", id: 3, text: "acts" });
    monitor.note({ type: "adapter", adapter: { name: "x", vendor: "y", software: true } });
    const blocks = runInCell(4, () => [1, 200 * MIB, 5000].map((n) => pool.allocate(n)));
    blocks[0]!.dispose();
    const page = open("a");
    const message = page.last as MonitorSnapshot & Message;
    assert.equal(message.kind, "snapshot");
    assertSame(page, books, blocks.slice(1));
    assert.deepEqual([...page.slabs.values()], [64 * MIB, 200 * MIB]);
    assert.deepEqual(message.tags, { 3: "acts" });
    assert.deepEqual(message.adapter, { name: "x", vendor: "y", software: true });
    assert.equal(message.numbers.live, pool.stats().live);
    assert.equal(message.numbers.budget, 64 * 2 ** 30);
    assert.equal(message.numbers.allocations, 3);
    assert.equal(page.blocks.get(blocks[1]!.id)!.cell, 4);
  });

  test("the timeline of what came before is worked out from the ring, and ends at the present", () => {
    const { pool, open } = watched();
    const first = pool.allocate(MIB);
    pool.allocate(2 * MIB);
    first.dispose();
    const { samples } = open("a");
    const live = samples.filter((_, i) => i % SAMPLE_VALUES === 1);
    assert.equal(live.at(-1), 2 * MIB);
    assert.equal(Math.max(...live), 3 * MIB);
    const times = samples.filter((_, i) => i % SAMPLE_VALUES === 0);
    assert.deepEqual([...times], [...times].sort());
  });

  test("blocks that came with slabs of their own have their own times, though nobody looked", () => {
    const { pool, open } = watched();
    const waited = 3;
    for (let i = 0; i < 2; i++) {
      for (const until = performance.now() + waited; performance.now() < until; );
      pool.allocate(200 * MIB);
    }
    const { samples } = open("a");
    const times = [200 * MIB, 400 * MIB].map((live) => {
      const at = samples.findIndex((value, i) => i % SAMPLE_VALUES === 1 && value === live);
      return samples[at - 1]!;
    });
    assert.ok(times[1]! - times[0]! > waited - 0.01, `${times}`);
  });

  test("cells are spans, the running one without an end", () => {
    const { books, open } = watched();
    const mark = (kind: number, cell: number) => {
      writeClock(books);
      writeEvent(books, kind, cell, 0, 0, 0, 0, cell, 0, 0);
    };
    mark(EVENT.cellBegin, 1);
    mark(EVENT.cellEnd, 1);
    mark(EVENT.cellBegin, 2);
    const { cells } = open("a").last;
    assert.deepEqual(
      cells.map(({ cell, end }) => [cell, end !== undefined]),
      [
        [1, true],
        [2, false],
      ],
    );
    assert.ok(cells[0]!.end! >= cells[0]!.begin);
  });
});

describe("cells' names", () => {
  const begin = (books: Books, cell: number) =>
    writeEvent(books, EVENT.cellBegin, cell, 0, 0, 0, 0, cell, 0, 0);
  const named = ({ cells }: Message) => cells.map(({ cell, id }) => [cell, id]);

  test("snapshots and deltas tell the notebook's name of a cell, also after it ran again", async () => {
    const { books, monitor, open } = watched();
    monitor.note({ type: "cell", cell: 1, id: "first" });
    begin(books, 1);
    const page = open("a");
    assert.deepEqual(named(page.last), [[1, "first"]]);
    monitor.note({ type: "cell", cell: 2, id: "first" });
    begin(books, 2);
    const message = await page.until(({ cells }) => cells.some(({ cell }) => cell === 2));
    assert.deepEqual(
      named(message).filter(([cell]) => cell === 2),
      [[2, "first"]],
    );
    // A frontend that names no cells runs the number anew.
    monitor.note({ type: "cell", cell: 3, id: "gone" });
    monitor.note({ type: "cell", cell: 3, id: undefined });
    begin(books, 3);
    const last = await page.until(({ cells }) => cells.some(({ cell }) => cell === 3));
    assert.deepEqual(
      named(last).filter(([cell]) => cell === 3),
      [[3, undefined]],
    );
  });
});

describe("deltas", () => {
  test("what happens after the snapshot arrives, and the page's model stays right", async () => {
    const { books, pool, open } = watched();
    const live: Block[] = [pool.allocate(100)];
    const page = open("a");
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 50; i++) live.push(pool.allocate(i * 1000));
      for (let i = 0; i < 20; i++) live.splice(i, 1)[0]!.dispose();
      const wanted = pool.stats().live;
      await page.until(({ kind, numbers }) => kind === "delta" && numbers.live === wanted);
      assertSame(page, books, live);
      assert.equal(page.samples.at(1 - SAMPLE_VALUES), wanted);
    }
    assert.equal(page.messages.filter(({ kind }) => kind === "snapshot").length, 1);
  });

  test("a cell's end comes with its begin, in a later message too", async () => {
    const { books, open } = watched();
    const page = open("a");
    writeEvent(books, EVENT.cellBegin, 9, 0, 0, 0, 0, 9, 0, 0);
    const begun = await page.until(({ cells }) => cells.length > 0);
    assert.equal(begun.cells[0]!.end, undefined);
    writeEvent(books, EVENT.cellEnd, 9, 0, 0, 0, 0, 9, 0, 0);
    const ended = await page.until(({ cells }) => cells[0]?.end !== undefined);
    assert.equal(ended.cells[0]!.begin, begun.cells[0]!.begin);
  });

  test("tags, adapter and bare numbers are news", async () => {
    const { books, monitor, open } = watched();
    const page = open("a");
    monitor.note({ type: "tag", id: 1, text: "late" });
    await page.until((m) => m.kind === "delta" && m.tags["1"] === "late");
    monitor.note({ type: "adapter", adapter: { name: "n", vendor: "v", software: false } });
    await page.until((m) => m.kind === "delta" && m.adapter?.name === "n");
    books.counters[COUNTER.uploadBytes] = 77;
    await page.until((m) => m.numbers.uploadBytes === 77);
  });

  test("a tick's samples are few, and keep the peak", async () => {
    const { pool, open } = watched();
    const page = open("a");
    for (let i = 0; i < 5000; i++) pool.allocate(1000).dispose();
    const peak = pool.allocate(500 * MIB);
    peak.dispose();
    for (let i = 0; i < 2000; i++) pool.allocate(1000).dispose();
    await page.until(({ numbers }) => numbers.frees === 7001);
    const deltas = page.messages.filter(({ kind }) => kind === "delta");
    let most = 0;
    for (const { buffers } of deltas) {
      const samples = buffers[1] as Float64Array;
      assert.ok(samples.length / SAMPLE_VALUES <= 256, `${samples.length / SAMPLE_VALUES} samples`);
      most = Math.max(most, ...samples.filter((_, i) => i % SAMPLE_VALUES === 1));
    }
    assert.equal(most, 500 * MIB);
  });

  test("too many events are hidden, said, and followed by a snapshot; also after an overrun", async () => {
    for (const rounds of [10_000, RING_CAPACITY]) {
      const { books, pool, open } = watched();
      const page = open("a");
      const live: Block[] = [];
      for (let i = 0; i < rounds; i++) {
        const block = pool.allocate(1000);
        if (i % 1000 === 0) live.push(block);
        else block.dispose();
      }
      const events = books.control[CONTROL.ringHead]!;
      const hidden = await page.until((m) => m.kind === "delta" && m.hidden > 0);
      assert.equal((hidden as MonitorDelta).hidden, events);
      assert.equal(hidden.buffers[0]!.byteLength, 0);
      await page.until((m) => m.kind === "snapshot" && m.seq > hidden.seq);
      assertSame(page, books, live);
      const next = pool.allocate(77);
      await page.until((m) => m.kind === "delta" && m.seq > hidden.seq && m.hidden === 0);
      assertSame(page, books, [...live, next]);
    }
  });
});

describe("events that are left out", () => {
  const many = (pool: Pool) => {
    for (let i = 0; i < 20_000; i++) pool.allocate(1000).dispose();
  };

  test("a new peak among them is in the timeline all the same", async () => {
    const { pool, open } = watched();
    const page = open("a");
    pool.allocate(500 * MIB).dispose();
    many(pool);
    const { buffers } = await page.until((m) => m.kind === "delta" && m.hidden > 0);
    const samples = buffers[1] as Float64Array;
    const live = samples.filter((_, i) => i % SAMPLE_VALUES === 1);
    assert.equal(Math.max(...live), 500 * MIB);
    assert.equal(Math.min(...live), 0);
    assert.equal(live.at(-1), 0);
    const times = samples.filter((_, i) => i % SAMPLE_VALUES === 0);
    assert.deepEqual([...times], [...times].sort());
  });

  test("cells that end and begin among them have an end and a begin", async () => {
    const { books, pool, open } = watched();
    const page = open("a");
    const mark = (kind: number, cell: number) =>
      writeEvent(books, kind, cell, 0, 0, 0, 0, cell, 0, 0);
    mark(EVENT.cellBegin, 1);
    books.control[CONTROL.cell] = 1;
    await page.until(({ cells }) => cells.length > 0);
    mark(EVENT.cellEnd, 1);
    mark(EVENT.cellBegin, 2);
    books.control[CONTROL.cell] = 2;
    many(pool);
    const { cells } = await page.until((m) => m.kind === "delta" && m.hidden > 0);
    assert.deepEqual(
      cells.map(({ cell, end }) => [cell, end !== undefined]),
      [
        [1, true],
        [2, false],
      ],
    );
  });
});

describe("pages", () => {
  test("each page has its own seq; pause is silence, resume and resync bring a snapshot", async () => {
    const { books, pool, monitor, open } = watched();
    const first = open("a");
    pool.allocate(1);
    await first.until(({ numbers }) => numbers.liveBlocks === 1);
    const second = open("b");
    assert.equal(second.last.kind, "snapshot");
    monitor.message("a", { kind: "pause" });
    const paused = first.messages.length;
    const live = [pool.allocate(2)];
    await second.until(({ numbers }) => numbers.liveBlocks === 2);
    assert.equal(first.messages.length, paused);
    monitor.message("a", { kind: "resume" });
    assert.equal(first.last.kind, "snapshot");
    assert.equal(first.blocks.has(live[0]!.id), true);
    const before = second.messages.length;
    monitor.message("b", { kind: "resync" });
    assert.equal(second.last.kind, "snapshot");
    assert.ok(second.messages.length > before);
    assert.equal(second.blocks.size, books.counters[COUNTER.liveBlocks]);
  });

  test("what is no request is ignored", () => {
    const { monitor, open } = watched();
    const page = open("a");
    for (const data of [null, undefined, 7, "resync", {}, { kind: "other" }, []]) {
      monitor.message("a", data);
      monitor.message("unknown", data);
    }
    monitor.close("unknown");
    assert.equal(page.messages.length, 1);
  });

  test("with nobody looking there is no timer, and a page that comes back sees what happened", async () => {
    const { books, pool, monitor, open } = watched();
    const timers = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const idle = timers();
    open("a");
    monitor.close("a");
    assert.equal(timers(), idle);
    const second = open("b");
    monitor.message("b", { kind: "pause" });
    assert.equal(timers(), idle);
    const live = [pool.allocate(3 * MIB), pool.allocate(5 * MIB)];
    live.shift()!.dispose();
    monitor.message("b", { kind: "resume" });
    assertSame(second, books, live);
    const levels = second.samples.filter((_, i) => i % SAMPLE_VALUES === 1);
    assert.equal(Math.max(...levels), 8 * MIB);
    const again = pool.allocate(1);
    await second.until(({ kind, numbers }) => kind === "delta" && numbers.liveBlocks === 2);
    assertSame(second, books, [...live, again]);
  });
});
