// The page's records: whatever the pool did, the table before them and the records give every state in
// between, and blocks know when they were allocated.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlockTable } from "../../extension/src/model/blocks.ts";
import { EventLog } from "../../extension/src/model/event-log.ts";
import { PoolModel } from "../../extension/src/model/pool-model.ts";
import { EVENT_WORDS } from "../../kernel/src/base/books.ts";
import { type BooksPool, delta, eventsSince, newPool, snapshot } from "./books-fixture.ts";

const STEPS = fc.array(
  fc.record({ row: fc.nat(20), size: fc.integer({ min: 1, max: 500 }), tag: fc.nat(3) }),
  { minLength: 1, maxLength: 150 },
);

/** Slab, offset, size, tag and cell of each block by id. */
function placed(blocks: BlockTable): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let id = 0; id < blocks.rows; id++) {
    const block = blocks.get(id);
    if (block) found.set(id, [block.slab, block.offset, block.bytes, block.tag, block.cell]);
  }
  return found;
}

function poolPlaces(pool: BooksPool): Map<number, number[]> {
  return new Map(pool.rows().map((r) => [r.id, [r.slab, r.offset, r.bytes, r.tag, r.cell]]));
}

test("the table before the records and the records give every state since", () => {
  fc.assert(
    fc.property(STEPS, fc.nat(200), (steps, past) => {
      const pool = newPool();
      const states = new Map<number, Map<number, number[]>>([[0, new Map()]]);
      for (const { row, size, tag } of steps) {
        pool.toggle(row, size, 1, 7, tag);
        states.set(pool.head(), poolPlaces(pool));
      }
      const model = new PoolModel();
      assert.equal(model.take(...snapshot(pool, 1, past)), "taken");
      const { log } = model;
      assert.equal(log.end, pool.head());
      assert.equal(log.begin, Math.max(0, pool.head() - past));
      const table = log.before.clone();
      log.forEach(log.begin, log.end, (words, at, index, time) => {
        table.apply(words, at, index, time);
        const wanted = states.get(index + 1);
        if (wanted) assert.deepEqual(placed(table), wanted);
      });
      assert.deepEqual(placed(table), placed(model.blocks));
    }),
  );
});

test("records that are forgotten become part of the table before", () => {
  const pool = newPool();
  const log = new EventLog(1000);
  log.restart(0, new BlockTable(), []);
  for (let i = 0; i < 60_000; i++) {
    const from = pool.head();
    pool.toggle(i % 37, 1 + (i % 11), 1, 2, 0);
    log.append(eventsSince(pool, from), 0);
  }
  assert.ok(log.begin > 0, "some were forgotten");
  assert.ok(log.end - log.begin >= 1000, "no more than need be");
  const table = log.before.clone();
  log.forEach(log.begin, log.end, (words, at) => table.apply(words, at));
  assert.deepEqual(placed(table), poolPlaces(pool));
});

test("blocks know the record of their allocation, from deltas and from a snapshot's records", () => {
  const pool = newPool();
  pool.allocate(1, 4, 1, 1, 0, 1000);
  const second = pool.head();
  pool.allocate(2, 4, 1, 1, 0, 1000);
  const seen = new PoolModel();
  seen.take(...snapshot(pool, 1, pool.head() - second));
  assert.ok(Number.isNaN(seen.blocks.get(1)!.born), "older than the records");
  assert.equal(seen.blocks.bornAt[1], 0);
  assert.ok(seen.blocks.bornAt[2]! >= second);
  const third = pool.head();
  pool.allocate(3, 4, 1, 1, 0, 1000);
  seen.take(...delta(pool, 2, eventsSince(pool, third)));
  assert.ok(seen.blocks.bornAt[3]! >= third);
  assert.ok(seen.blocks.born[3]! > 0);
});

test("after a gap, blocks that are the same keep their birth, and the others came later", () => {
  const pool = newPool();
  pool.allocate(1, 4, 1, 1, 0, 1000);
  pool.allocate(2, 4, 1, 1, 0, 1000);
  const model = new PoolModel();
  model.take(...snapshot(pool, 1, pool.head()));
  const born = model.blocks.bornAt[1]!;
  const before = model.log.end;
  pool.free(2);
  pool.allocate(2, 8, 2, 5, 0, 2000);
  const [hidden, buffers] = delta(pool, 2, new Uint32Array(0));
  assert.equal(model.take({ ...hidden, hidden: 3 }, buffers), "taken");
  model.take(...snapshot(pool, 3));
  assert.equal(model.blocks.bornAt[1], born);
  assert.ok(model.blocks.bornAt[2]! >= before, "another block in the same row");
  assert.equal(model.log.begin, pool.head(), "the records begin anew");
});

test("what a block holds is told of that block only", () => {
  const pool = newPool();
  pool.allocate(1, 4, 1, 1, 0, 1000);
  const model = new PoolModel();
  const [data, buffers] = snapshot(pool, 1);
  model.take({ ...data, whats: [[1, 1, "column a int8[3]"]] }, buffers);
  assert.equal(model.whatText(model.blocks, 1), "column a int8[3]");
  const from = pool.head();
  pool.free(1);
  pool.allocate(1, 4, 1, 1, 0, 1000);
  model.take(...delta(pool, 2, eventsSince(pool, from)));
  assert.equal(model.whatText(model.blocks, 1), undefined, "another block in the same row");
});

test("a snapshot whose records reach back to ours continues them", () => {
  const pool = newPool();
  pool.allocate(1, 4, 1, 1, 0, 1000);
  const model = new PoolModel();
  model.take(...snapshot(pool, 1, pool.head()));
  const { epoch, begin } = model.log;
  const from = pool.head();
  pool.free(1);
  pool.allocate(4, 4, 1, 1, 0, 1000);
  model.take(...snapshot(pool, 2, pool.head() - from + 1));
  assert.equal(model.log.epoch, epoch);
  assert.equal(model.log.begin, begin);
  assert.equal(model.log.end, pool.head());
  assert.ok(model.blocks.bornAt[4]! >= from);
});

test("times of records never go back, and find their records", () => {
  const pool = newPool();
  const log = new EventLog();
  log.restart(0, new BlockTable(), []);
  for (const since of [100, 300, 200]) {
    const from = pool.head();
    pool.toggle(since, 3, 1, 1, 0);
    const records = eventsSince(pool, from).filter(
      (_, i) => i >= EVENT_WORDS * (from === 0 ? 1 : 0),
    );
    log.append(records, since);
  }
  assert.deepEqual(
    [0, 1, 2].map((i) => log.timeOf(i)),
    [100, 300, 300],
  );
  assert.equal(log.indexAfter(99), 0);
  assert.equal(log.indexAfter(100), 1);
  assert.equal(log.indexAfter(300), log.end);
});
