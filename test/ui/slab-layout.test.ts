// Where the slab map puts blocks, and which block is under a point.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockTable } from "../../extension/src/model/blocks.ts";
import { AWAY, blockAt, blockOrder, layoutSlabs } from "../../extension/src/model/slab-layout.ts";
import { BLOCK_STATE, GRANULE } from "../../kernel/src/base/books.ts";
import { BLOCK_ROW_WORDS } from "../../kernel/src/base/monitor-protocol.ts";

/** Rows of [id, slab, offset, size] in granules. */
function table(...rows: [number, number, number, number][]): BlockTable {
  const words = new Uint32Array(rows.length * BLOCK_ROW_WORDS);
  rows.forEach(([id, slab, offset, size], i) => {
    words.set(
      [id, slab, offset, size, size * GRANULE, 0, 1, 1, 0, BLOCK_STATE.live, 1],
      i * BLOCK_ROW_WORDS,
    );
  });
  const blocks = new BlockTable();
  blocks.load(words);
  return blocks;
}

const slab = (id: number, granules: number) => ({ id, bytes: granules * GRANULE });

test("strips are as wide as their slabs are large, and know what is used", () => {
  const blocks = table([0, 0, 0, 100], [1, 0, 500, 100], [2, 1, 0, 500]);
  const { strips, hidden } = layoutSlabs([slab(1, 500), slab(0, 1000)], blocks, 400);
  assert.deepEqual(
    strips.map(({ slab: id, width, used }) => [id, width, used / GRANULE]),
    [
      [0, 400, 200],
      [1, 200, 500],
    ],
  );
  assert.equal(hidden, 0);
});

test("a point finds the block under it, and nothing where there is a hole", () => {
  const blocks = table([7, 0, 0, 100], [8, 0, 500, 100], [9, 1, 0, 1000]);
  const layout = layoutSlabs([slab(0, 1000), slab(1, 1000)], blocks, 100);
  const [first, second] = layout.strips;
  assert.equal(blockAt(layout, blocks, 5, first!.y + 1), 7);
  assert.equal(blockAt(layout, blocks, 55, first!.y + 1), 8);
  assert.equal(blockAt(layout, blocks, 30, first!.y + 1), undefined);
  assert.equal(blockAt(layout, blocks, 30, second!.y + 1), 9);
  assert.equal(blockAt(layout, blocks, 30, first!.y - 1), undefined, "between the strips");
  assert.equal(blockAt(layout, blocks, -1, first!.y + 1), undefined);
});

test("a block narrower than a pixel can still be pointed at", () => {
  const blocks = table([3, 0, 500_000, 1]);
  const layout = layoutSlabs([slab(0, 1_000_000)], blocks, 100);
  assert.equal(blockAt(layout, blocks, 50.4, layout.strips[0]!.y), 3);
  assert.equal(blockAt(layout, blocks, 53, layout.strips[0]!.y), undefined);
});

test("blocks are stepped through by slab, then by offset", () => {
  const blocks = table([0, 1, 0, 1], [1, 0, 9, 1], [2, 0, 3, 1]);
  assert.deepEqual([...blockOrder({ away: new Map() }, blocks)], [2, 1, 0]);
});

test("many slabs get thin strips, and those without room are counted", () => {
  const many = Array.from({ length: 1500 }, (_, i) => slab(i, 10));
  const { strips, hidden, height } = layoutSlabs(many, table(), 300);
  assert.equal(strips.length + hidden, 1500);
  assert.ok(height < 4000);
});

test("blocks that are not on the device have a strip of their own, and are found in it", () => {
  const blocks = table([1, 3, 0, 100], [2, 0, 0, 60], [5, 0, 0, 40]);
  for (const id of [2, 5]) blocks.state[id] = BLOCK_STATE.spilled;
  const layout = layoutSlabs([slab(3, 100)], blocks, 100);
  assert.deepEqual(
    layout.strips.map(({ slab: id, bytes, used }) => [id, bytes / GRANULE, used / GRANULE]),
    [
      [AWAY, 100, 100],
      [3, 100, 100],
    ],
  );
  const { y, height } = layout.strips[0]!;
  assert.equal(blockAt(layout, blocks, 30, y + height / 2), 2);
  assert.equal(blockAt(layout, blocks, 80, y + height / 2), 5);
  assert.deepEqual([...blockOrder(layout, blocks)], [2, 5, 1]);
});
