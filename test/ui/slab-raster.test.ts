// What the slab map fills for its blocks, large and tiny.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlockTable } from "../../extension/src/model/blocks.ts";
import { colourOf } from "../../extension/src/model/colouring.ts";
import { CELL_COLOURS, cellIndex } from "../../extension/src/model/colours.ts";
import { layoutSlabs } from "../../extension/src/model/slab-layout.ts";
import { RasterPass, rowBoxes } from "../../extension/src/model/slab-raster.ts";
import { BLOCK_STATE, GRANULE } from "../../kernel/src/base/books.ts";
import { BLOCK_ROW_WORDS } from "../../kernel/src/base/monitor-protocol.ts";

type Row = [offset: number, size: number, cell: number, state?: number];

/** The boxes for blocks (granules) in one slab of `granules`, drawn 100 pixels wide, `step` rows at a time. */
function boxes(
  granules: number,
  rows: Row[],
  lit?: (id: number) => boolean,
  step = Number.POSITIVE_INFINITY,
) {
  const words = new Uint32Array(rows.length * BLOCK_ROW_WORDS);
  rows.forEach(([offset, size, cell, state = BLOCK_STATE.live], id) => {
    words.set([id, 0, offset, size, 1, 0, cell, 1, 0, state, 1], id * BLOCK_ROW_WORDS);
  });
  const blocks = new BlockTable();
  blocks.load(words);
  const layout = layoutSlabs([{ id: 0, bytes: granules * GRANULE }], blocks, 100);
  const pass = new RasterPass(layout, blocks, colourOf("cell", blocks, 0), lit);
  while (!pass.step(step));
  const raster = pass.raster();
  return [...raster.boxes, ...rowBoxes(raster.rows)];
}

test("large blocks are boxes of their own, in their cell's colour", () => {
  const found = boxes(1000, [
    [0, 200, 3],
    [500, 100, 4],
  ]);
  assert.deepEqual(
    found.map(({ x, width, colour, alpha }) => [x, width, colour, alpha]),
    [
      [0, 19, cellIndex(3), 1],
      [50, 9, cellIndex(4), 1],
    ],
  );
});

test("100,000 tiny neighbours become one box", () => {
  const rows = Array.from({ length: 100_000 }, (_, i): Row => [i, 1, 1]);
  const found = boxes(200_000, rows);
  assert.deepEqual(
    found.map(({ x, width, colour, alpha }) => [x, width, colour, alpha]),
    [[0, 50, cellIndex(1), 1]],
  );
});

test("a single granule in a huge slab is still seen", () => {
  const found = boxes(10_000_000, [[5_050_000, 1, 2]]);
  assert.equal(found.length, 1);
  assert.equal(Math.floor(found[0]!.x), 50);
  assert.ok(found[0]!.alpha >= 0.2);
});

test("blocks kept for reuse, and those not pointed at, are paler", () => {
  const [live, cached] = boxes(1000, [
    [0, 200, 1],
    [500, 200, 1, BLOCK_STATE.cached],
  ]);
  assert.ok(cached!.alpha < live!.alpha);
  const [first, second] = boxes(
    1000,
    [
      [0, 200, 1],
      [500, 200, 1],
    ],
    (id) => id === 1,
  );
  assert.ok(first!.alpha < second!.alpha);
});

test("whatever the blocks, boxes stay in the strip and cover what is used", () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(20), fc.nat(12)), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(sizes, (steps) => {
      let at = 0;
      let used = 0;
      const rows = steps.map(([size, gap, cell]): Row => {
        const row: Row = [at + gap, size, cell];
        at += gap + size;
        used += size;
        return row;
      });
      const found = boxes(at, rows);
      assert.deepEqual(boxes(at, rows, undefined, 7), found, "in steps it is the same");
      for (const { x, width, colour } of found) {
        assert.ok(x >= 0 && x + width <= 100 + 1e-6);
        assert.ok(colour >= 0 && colour < CELL_COLOURS);
      }
      const shown = found.reduce((sum, { width, alpha }) => sum + width * alpha, 0);
      // No less than is used, but for a hair a box and for shares rounded to 1/16.
      const least = (used / at) * 100 - found.length - 100 / 32 - 1e-6;
      assert.ok(shown >= least, `${shown} of ${(used / at) * 100}`);
    }),
  );
});
