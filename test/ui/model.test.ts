// The panel's model, fed with what real books hold: whatever the pool wrote into its ring, the panel must
// end with the same blocks, slabs and sums as the books themselves.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { liveBytes } from "../../extension/src/model/peak.ts";
import { PoolModel } from "../../extension/src/model/pool-model.ts";
import { EVENT, GRANULE } from "../../kernel/src/base/books.ts";
import { MONITOR_VERSION } from "../../kernel/src/base/monitor-protocol.ts";
import { delta, eventsSince, newPool, snapshot } from "./books-fixture.ts";

test("a snapshot and the events after it give the books' own blocks", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          row: fc.nat(40),
          act: fc.constantFrom("toggle", "toggle", "move", "spill"),
          size: fc.integer({ min: 1, max: 5000 }),
          cell: fc.nat(9),
          line: fc.nat(2 ** 20 - 1),
          tag: fc.nat(30),
        }),
        { maxLength: 120 },
      ),
      fc.nat(120),
      (steps, joinAt) => {
        const pool = newPool();
        const model = new PoolModel();
        let from = 0;
        steps.forEach((step, i) => {
          if (i === joinAt % (steps.length + 1)) {
            assert.equal(model.take(...snapshot(pool, 1)), "taken");
            from = pool.head();
          }
          if (step.act === "move" || step.act === "spill") pool.shift(step.row, step.act);
          else pool.toggle(step.row, step.size, step.cell, step.line, step.tag);
        });
        if (!model.known) {
          assert.equal(model.take(...snapshot(pool, 1)), "taken");
          from = pool.head();
        }
        assert.equal(model.take(...delta(pool, 2, eventsSince(pool, from))), "taken");
        assert.deepEqual(rowsOf(model), pool.rows());
        assert.equal(model.blocks.count, pool.rows().length);
        assert.equal(liveBytes(model.blocks), pool.live());
        assert.equal(model.numbers?.live, pool.live());
      },
    ),
  );
});

test("bytes asked for above 4 GiB arrive whole, by event and by snapshot", () => {
  const pool = newPool();
  const model = new PoolModel();
  model.take(...snapshot(pool, 1));
  const from = pool.head();
  const wanted = 5 * 2 ** 32 + 17;
  pool.allocate(3, Math.ceil(wanted / GRANULE), 7, 21, 0, wanted);
  model.take(...delta(pool, 2, eventsSince(pool, from)));
  assert.equal(model.blocks.get(3)?.requested, wanted);
  assert.equal(model.blocks.get(3)?.bytes, Math.ceil(wanted / GRANULE) * GRANULE);
  model.take(...snapshot(pool, 3));
  assert.equal(model.blocks.get(3)?.requested, wanted);
});

test("slabs come and go with their events, and take their blocks with them", () => {
  const pool = newPool();
  const model = new PoolModel();
  model.take(...snapshot(pool, 1));
  let from = pool.head();
  pool.slab(1, 4096);
  pool.allocate(5, 16, 1, 1, 0, 4000, 1);
  model.take(...delta(pool, 2, eventsSince(pool, from)));
  assert.deepEqual(
    [...model.slabs.values()],
    [
      { id: 0, bytes: 2 ** 20 },
      { id: 1, bytes: 4096 * GRANULE },
    ],
  );
  from = pool.head();
  pool.write(EVENT.slabFree, 1, 0, 0, 4096);
  model.take(...delta(pool, 3, eventsSince(pool, from)));
  assert.deepEqual([...model.slabs.keys()], [0]);
  assert.equal(model.blocks.get(5), undefined);
});

test("a missed message asks for a resync once, and the snapshot mends it", () => {
  const pool = newPool();
  const model = new PoolModel();
  assert.equal(model.take(...delta(pool, 4, new Uint32Array(0))), "gap", "no snapshot yet");
  assert.equal(model.take(...delta(pool, 5, new Uint32Array(0))), "waiting");
  assert.equal(model.take(...snapshot(pool, 6)), "taken");
  assert.equal(model.take(...delta(pool, 7, new Uint32Array(0))), "taken");
  pool.allocate(1, 4, 1, 1, 0, 1000);
  assert.equal(model.take(...delta(pool, 9, new Uint32Array(0))), "gap");
  assert.equal(model.numbers?.live, 0, "numbers of an unfitting message are not taken");
  assert.equal(model.take(...snapshot(pool, 10)), "taken");
  assert.equal(model.numbers?.live, 4 * GRANULE);
  assert.equal(model.blocks.count, 1);
});

test("hidden events leave the block map alone until the snapshot that follows", () => {
  const pool = newPool();
  const model = new PoolModel();
  model.take(...snapshot(pool, 1));
  const from = pool.head();
  pool.allocate(1, 4, 1, 1, 0, 1000);
  const [data, buffers] = delta(pool, 2, eventsSince(pool, from));
  assert.equal(model.take({ ...data, hidden: 12 }, buffers), "taken");
  assert.equal(model.hidden, 12);
  assert.equal(model.blocks.count, 0);
  assert.equal(model.numbers?.live, 4 * GRANULE, "the numbers are whole all the same");
  model.take(...snapshot(pool, 3));
  assert.equal(model.hidden, 0);
  assert.equal(model.blocks.count, 1);
});

test("a snapshot's thinned history fills a hole, and leaves a whole timeline alone", () => {
  const pool = newPool();
  const model = new PoolModel();
  const at = (time: number, live: number) => [time, live, live, live, 0, 0];
  const send = (
    message: ReturnType<typeof snapshot> | ReturnType<typeof delta>,
    rows: number[][],
  ) => model.take(message[0], [message[1][0]!, new DataView(new Float64Array(rows.flat()).buffer)]);
  const lives = () => [...model.timeline.live.subarray(0, model.timeline.length)];
  const none = new Uint32Array(0);
  send(snapshot(pool, 1), [at(1, 1)]);
  send(delta(pool, 2, none), [at(2, 2), at(3, 3)]);
  send(snapshot(pool, 3), [at(1, 1), at(3, 3), at(4, 4)]);
  assert.deepEqual(lives(), [1, 2, 3, 4]);
  assert.equal(send(delta(pool, 5, none), [at(9, 9)]), "gap");
  send(snapshot(pool, 6), [at(4, 4), at(7, 7), at(9, 9)]);
  assert.deepEqual(lives(), [1, 2, 3, 4, 7, 9]);
});

test("buffers at odd offsets are read right, as a comm delivers them", () => {
  const pool = newPool();
  pool.allocate(2, 4, 3, 8, 0, 1000);
  const [data, buffers] = snapshot(pool, 1);
  const odd = buffers.map((buffer) => {
    const from = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    const padded = new Uint8Array(from.length + 3);
    padded.set(from, 3);
    return new DataView(padded.buffer, 3);
  });
  const model = new PoolModel();
  assert.equal(model.take(data, odd), "taken");
  assert.deepEqual(rowsOf(model), pool.rows());
  assert.equal(model.timeline.at(Number.MAX_SAFE_INTEGER)?.live, 4 * GRANULE);
});

test("what can't be read is refused by name and changes nothing", () => {
  const pool = newPool();
  const model = new PoolModel();
  const [data, buffers] = snapshot(pool, 1);
  assert.equal(model.take({ ...data, v: MONITOR_VERSION + 1 }, buffers), "version");
  assert.equal(model.foreignVersion, MONITOR_VERSION + 1);
  for (const bad of [null, {}, 3, { ...data, kind: "else" }]) {
    assert.equal(model.take(bad, buffers), "malformed");
  }
  assert.equal(model.take(data, [new DataView(new ArrayBuffer(7)), buffers[1]!]), "malformed");
  assert.equal(model.known, false);
});

test("cells begin, end and are told apart after a restart of the count", () => {
  const pool = newPool();
  const model = new PoolModel();
  const cells = (seq: number, spans: object[]) => {
    const [data, buffers] = delta(pool, seq, new Uint32Array(0));
    assert.equal(model.take({ ...data, cells: spans }, buffers), "taken");
  };
  model.take(...snapshot(pool, 1));
  cells(2, [{ cell: 1, begin: 1000 }]);
  assert.equal(model.running?.cell, 1);
  assert.equal(model.end(model.skew + 5000), Math.max(5000, pool.time()));
  cells(3, [{ cell: 1, begin: 1000, end: 1500 }]);
  assert.equal(model.running, undefined);
  cells(4, [{ cell: 1, begin: 9000, end: 9100 }]);
  assert.deepEqual(
    model.cells.map(({ begin }) => begin),
    [1000, 9000],
  );
  const begin = (cell: number, id: string | undefined) => model.spanOf({ cell, id })?.begin;
  assert.deepEqual([begin(1, "first"), begin(2, "first")], [9000, undefined], "no names are known");
  cells(5, [{ cell: 2, begin: 9200, end: 9300, id: "first" }]);
  cells(6, [{ cell: 3, begin: 9400, id: "first" }]);
  assert.equal(begin(2, "first"), 9200, "the run that had the number");
  assert.equal(begin(7, "first"), 9400, "the latest run");
  assert.equal(begin(2, "other"), undefined, "another kernel's number");
  assert.equal(begin(2, undefined), 9200, "by number where nobody gives a name");
});

test("clear forgets everything: a restarted kernel begins anew", () => {
  const pool = newPool();
  pool.allocate(1, 4, 1, 1, 0, 1000);
  const model = new PoolModel();
  model.take(...snapshot(pool, 5));
  model.clear();
  assert.equal(model.known, false);
  assert.equal(model.blocks.count + model.timeline.length + model.slabs.size, 0);
  assert.equal(model.take(...delta(pool, 6, new Uint32Array(0))), "gap");
});

function rowsOf(model: PoolModel) {
  const ids = Array.from({ length: model.blocks.rows }, (_, id) => id);
  return ids.flatMap((id) => {
    const block = model.blocks.get(id);
    if (!block) return [];
    const { born: _, ...row } = block;
    return [{ ...row, generation: model.blocks.generation[id]! }];
  });
}

test("fragmentation is the share of free bytes beyond the largest hole", () => {
  const pool = newPool();
  const model = new PoolModel();
  const [data, buffers] = snapshot(pool, 1);
  const numbers = { ...data.numbers, reserved: 1000, live: 600, largestFree: 100 };
  model.take({ ...data, numbers }, buffers);
  assert.equal(model.fragmentation, 0.75);
  model.take({ ...data, numbers: { ...numbers, live: 1000, largestFree: 0 } }, buffers);
  assert.equal(model.fragmentation, 0);
});
