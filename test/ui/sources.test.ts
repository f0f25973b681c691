// What the tables are made of, against a plain look at the same blocks: groups, the peak, what survives a
// stretch, what changed, what looks like a leak, whether the floor rises.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlockTable } from "../../extension/src/model/blocks.ts";
import { colourOf, STATES } from "../../extension/src/model/colouring.ts";
import {
  belongs,
  blocksOf,
  type Group,
  type Grouping,
  group,
} from "../../extension/src/model/groups.ts";
import { repeated, trend } from "../../extension/src/model/overview.ts";
import { liveBytes, PeakFinder } from "../../extension/src/model/peak.ts";
import { PoolModel } from "../../extension/src/model/pool-model.ts";
import { Replay } from "../../extension/src/model/replay.ts";
import { Sources } from "../../extension/src/model/sources.ts";
import { Timeline } from "../../extension/src/model/timeline.ts";
import { BLOCK_STATE, GRANULE } from "../../kernel/src/base/books.ts";
import { delta, eventsSince, newPool, snapshot } from "./books-fixture.ts";

const STEPS = fc.array(
  fc.record({
    row: fc.nat(15),
    size: fc.integer({ min: 1, max: 900 }),
    cell: fc.integer({ min: 1, max: 4 }),
    line: fc.integer({ min: 1, max: 3 }),
    tag: fc.nat(3),
  }),
  { minLength: 1, maxLength: 120 },
);

type Step = { row: number; size: number; cell: number; line: number; tag: number };

/** A pool, and a model that has followed it step by step; `after` is called after each step. */
function followed(steps: readonly Step[], after = () => {}) {
  const pool = newPool();
  const model = new PoolModel();
  model.take(...snapshot(pool, 1));
  steps.forEach(({ row, size, cell, line, tag }, i) => {
    const from = pool.head();
    pool.toggle(row, size, cell, line, tag);
    model.take(...delta(pool, i + 2, eventsSince(pool, from)));
    after();
  });
  return { pool, model };
}

test("groups add up to what is live, and a block belongs to one of them", () => {
  const groupings = fc.constantFrom<Grouping>("line", "cell", "tag", "block");
  fc.assert(
    fc.property(STEPS, groupings, (steps, by) => {
      const { pool, model } = followed(steps);
      const groups = group(blocksOf(model.blocks), by);
      const kept = new Sources(model).groups({ kind: "live" }, undefined, by);
      const byKey = (a: Group, b: Group) => (a.key < b.key ? -1 : 1);
      assert.deepEqual(
        kept.toSorted(byKey),
        groups.toSorted(byKey),
        "as they were kept up to date",
      );
      const sum = groups.reduce((all, { bytes }) => all + bytes, 0);
      assert.equal(sum, pool.live());
      for (const { id } of pool.rows()) {
        const of = groups.filter((one) => belongs(one, by, model.blocks, id));
        assert.equal(of.length, 1);
      }
      for (const one of groups) {
        const own = pool.rows().filter(({ id }) => belongs(one, by, model.blocks, id));
        assert.equal(one.blocks, own.length);
        assert.equal(
          one.bytes,
          own.reduce((all, { bytes }) => all + bytes, 0),
        );
      }
    }),
  );
});

test("the peak and its blocks are those of the moment when most was live", () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      let most = 0;
      const pool = newPool();
      const model = new PoolModel();
      model.take(...snapshot(pool, 1));
      const finder = new PeakFinder(model.log);
      steps.forEach(({ row, size, cell, line, tag }, i) => {
        const from = pool.head();
        pool.toggle(row, size, cell, line, tag);
        model.take(...delta(pool, i + 2, eventsSince(pool, from)));
        most = Math.max(most, pool.live());
        // Asked now and then: it goes on from where it was.
        if (i % 7 === 0) assert.equal(finder.find().bytes, most);
      });
      const { bytes, index } = finder.find();
      assert.equal(bytes, most);
      assert.equal(liveBytes(new Replay(model.log).seek(index).blocks), most);
    }),
  );
});

test("a replay gives every state in any order", () => {
  fc.assert(
    fc.property(STEPS, fc.array(fc.nat(200), { maxLength: 12 }), (steps, jumps) => {
      const levels = new Map<number, number>();
      const { pool, model } = followed(steps);
      const replay = new Replay(model.log);
      const again = newPool();
      levels.set(0, 0);
      for (const { row, size, cell, line, tag } of steps) {
        again.toggle(row, size, cell, line, tag);
        levels.set(again.head(), again.live());
      }
      for (const jump of jumps) {
        const index = jump % (pool.head() + 1);
        const wanted = levels.get(index);
        const found = liveBytes(replay.seek(index).blocks);
        if (wanted !== undefined) assert.equal(found, wanted);
      }
    }),
  );
});

test("what survives a stretch was allocated in it and not freed in it", () => {
  const pool = newPool();
  const model = new PoolModel();
  model.take(...snapshot(pool, 1));
  let seq = 2;
  const at = (since: number, act: () => void) => {
    const from = pool.head();
    act();
    const [data, buffers] = delta(pool, seq++, eventsSince(pool, from));
    model.take({ ...data, since }, buffers);
  };
  const far = pool.time() + 1e13; // beyond the times that the pool's own clock records say
  at(far + 10, () => pool.allocate(1, 4, 1, 1, 0, 1));
  at(far + 20, () => pool.allocate(2, 8, 1, 1, 0, 1));
  at(far + 30, () => pool.allocate(3, 16, 1, 1, 0, 1));
  at(far + 40, () => pool.free(2));
  at(far + 50, () => pool.free(1));
  const ids = (from: number, to: number) => {
    const table = new Sources(model).survivors({ from: far + from, to: far + to });
    return Array.from({ length: table.rows }, (_, id) => id).filter((id) => table.get(id));
  };
  assert.deepEqual(ids(0, 100), [3]);
  assert.deepEqual(ids(15, 35), [2, 3]);
  assert.deepEqual(ids(0, 45), [1, 3]);
  assert.deepEqual(ids(35, 100), []);
});

test("a change counts what came and what went, and nothing that stayed", () => {
  const pool = newPool();
  const model = new PoolModel();
  for (const id of [1, 2, 3]) pool.allocate(id, id, 1, 1, id, 1);
  model.take(...snapshot(pool, 1));
  const sources = new Sources(model);
  sources.keep();
  const from = pool.head();
  pool.free(2);
  pool.allocate(2, 50, 2, 2, 2, 1);
  pool.free(3);
  model.take(...delta(pool, 2, eventsSince(pool, from)));
  const change = { kind: "change", from: 1, to: undefined } as const;
  const found = sources
    .groups(change, undefined, "tag")
    .map(({ tag, bytes, blocks }) => [tag, bytes / GRANULE, blocks]);
  assert.deepEqual(
    found.toSorted((a, b) => a[0]! - b[0]!),
    [
      [2, 48, 0],
      [3, -3, -1],
    ],
  );
});

test("since a mark: only what was allocated after it", () => {
  const pool = newPool();
  const model = new PoolModel();
  pool.allocate(1, 4, 1, 1, 0, 1);
  model.take(...snapshot(pool, 1));
  const mark = { name: "m", time: pool.time(), cell: 1, head: pool.head() };
  const from = pool.head();
  pool.allocate(2, 8, 1, 1, 0, 1);
  const [data, buffers] = delta(pool, 2, eventsSince(pool, from));
  model.take({ ...data, marks: [mark] }, buffers);
  const groups = new Sources(model).groups({ kind: "mark", time: mark.time }, undefined, "block");
  assert.deepEqual(
    groups.map(({ block }) => block),
    [2],
  );
});

test("the latest marks are kept, and a mark is known by its time though older ones go", () => {
  const pool = newPool();
  const model = new PoolModel();
  model.take(...snapshot(pool, 1));
  const since = (time: number) =>
    new Sources(model).groups({ kind: "mark", time }, undefined, "block").length;
  const markMany = (seq: number, first: number) => {
    const from = pool.head();
    pool.allocate(seq, 8, 1, 1, 0, 1);
    const [data, buffers] = delta(pool, seq, eventsSince(pool, from));
    const marks = Array.from({ length: 300 }, (_, i) => ({
      ...{ name: `mark ${first + i}`, time: first + i, cell: 1, head: pool.head() },
    }));
    model.take({ ...data, marks }, buffers);
  };
  markMany(2, 0);
  assert.equal(since(250), 0);
  markMany(3, 300);
  assert.deepEqual([model.marks.length, model.marks.at(-1)!.name], [512, "mark 599"]);
  assert.equal(since(250), 1, "the block of after it");
  assert.equal(since(20), 0, "that mark is not kept any more");
});

test("snapshots are numbered, the oldest of many goes, and two of them compare", () => {
  const pool = newPool();
  const model = new PoolModel();
  model.take(...snapshot(pool, 1));
  const sources = new Sources(model);
  for (let seq = 2; seq < 12; seq++) {
    sources.keep();
    const from = pool.head();
    pool.allocate(seq, 8, 1, 1, 0, 1);
    model.take(...delta(pool, seq, eventsSince(pool, from)));
  }
  const numbers = sources.kept.map(({ number }) => number);
  assert.deepEqual(numbers, [3, 4, 5, 6, 7, 8, 9, 10]);
  const blocks = (from: number, to: number | undefined) =>
    sources.groups({ kind: "change", from, to }, undefined, "block").map(({ block }) => block);
  assert.deepEqual(blocks(9, 10), [10]);
  assert.deepEqual(blocks(9, undefined), [10, 11]);
  assert.deepEqual(blocks(1, undefined), [], "it is not kept any more");
  sources.clear();
  assert.equal(sources.keep().number, 1);
});

test("what several cells allocated at one line counts as repeated, but for the latest", () => {
  const { model } = followed([
    { row: 1, size: 10, cell: 1, line: 4, tag: 1 },
    { row: 2, size: 20, cell: 3, line: 4, tag: 1 },
    { row: 3, size: 40, cell: 5, line: 4, tag: 1 },
    { row: 4, size: 80, cell: 5, line: 9, tag: 1 },
  ]);
  assert.deepEqual(repeated(model.groups.by("line")), [
    { tag: 1, line: 4, cells: 3, bytes: 30 * GRANULE },
  ]);
});

test("the floor of live bytes tells rising from flat", () => {
  const of = (lives: number[]) => {
    const timeline = new Timeline();
    timeline.add(new Float64Array(lives.flatMap((live, i) => [i * 1000, live, live, live, 0, i])));
    return trend(timeline);
  };
  const line = (lives: number[]) => of(lives).trend;
  assert.equal(line([10, 90, 10, 90, 10, 90, 10]), "flat", "what comes and goes is no trend");
  assert.equal(line([10, 90, 10, 90, 50, 90, 50]), "rising");
  assert.equal(line([90, 50, 90, 50, 10, 90, 10]), "falling");
  assert.equal(line([7]), "flat");
  assert.deepEqual(of([0, 0, 80, 80, 80]), { trend: "rising", bytes: 80, steadily: false });
  assert.deepEqual(of([10, 20, 30, 40, 50]), { trend: "rising", bytes: 20, steadily: true });
  assert.equal(of([50, 40, 30, 20, 10]).steadily, false);
});

test("colours tell state, size and age apart", () => {
  const blocks = new BlockTable();
  const { model } = followed([{ row: 1, size: 16, cell: 1, line: 1, tag: 0 }]);
  blocks.copyRow(model.blocks, 1);
  const state = (now: number) => STATES[colourOf("state", blocks, now)(1)];
  assert.equal(state(0), "live");
  blocks.moved[1] = 5000;
  assert.equal(state(5500), "moving");
  assert.equal(state(9000), "live");
  blocks.state[1] = BLOCK_STATE.spilled;
  assert.equal(state(9000), "spilled");
  blocks.born[1] = 1000;
  assert.equal(colourOf("age", blocks, 1500)(1), 0);
  assert.ok(colourOf("age", blocks, 1e9)(1) > colourOf("age", blocks, 20_000)(1));
  blocks.size[1] = 2 ** 30 / GRANULE;
  assert.ok(colourOf("size", blocks, 0)(1) > 5);
});
