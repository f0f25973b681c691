// A slow judge of a pool, independent of its allocator: it looks at the block table as a reader does.
import assert from "node:assert/strict";
import { BLOCK_STATE, type Books, CONTROL, COUNTER, GRANULE } from "../../kernel/src/base/index.ts";
export interface Expected {
  /** Requested bytes by block id, of spilled blocks too. */
  live: Map<number, number>;
}

/**
 * Throws unless blocks and holes tile the slabs exactly, and table and counters equal the model. The chunk
 * given back last may lie unjoined between two holes.
 */
export function judge(
  books: Books,
  memory: { slabs: ReadonlyMap<number, number> },
  expected: Expected,
): void {
  const { blocks, control, counters } = books;
  const bySlab = new Map<number, [from: number, to: number, live: boolean][]>();
  const live = new Map<number, number>();
  let requestedBytes = 0;
  for (let row = 1; row < control[CONTROL.blockRows]!; row++) {
    const size = blocks.size[row]!;
    const isLive = blocks.state[row] !== BLOCK_STATE.none;
    if (size === 0) {
      assert.equal(isLive, false, `row ${row} is live and empty`);
      continue;
    }
    const requested = blocks.requestedHigh[row]! * 2 ** 32 + blocks.requestedLow[row]!;
    if (isLive) {
      live.set(row, requested);
      assert.ok(size * GRANULE >= requested, `block ${row} is smaller than was asked for`);
    }
    if (blocks.state[row] === BLOCK_STATE.spilled) {
      assert.equal(blocks.slab[row], 0, `block ${row} is spilled, and in a slab`);
      continue;
    }
    if (isLive) requestedBytes += requested;
    const from = blocks.offset[row]!;
    const chunks = bySlab.get(blocks.slab[row]!) ?? [];
    chunks.push([from, from + size, isLive]);
    bySlab.set(blocks.slab[row]!, chunks);
  }
  assert.deepEqual(live, expected.live);
  assert.deepEqual([...bySlab.keys()].sort(), [...memory.slabs.keys()].sort());
  let liveBytes = 0;
  let unjoined = 0;
  for (const [slab, chunks] of bySlab) {
    chunks.sort((a, b) => a[0] - b[0]);
    let end = 0;
    let hole = false;
    for (const [from, to, isLive] of chunks) {
      assert.equal(from, end, `slab ${slab} has a gap or an overlap at granule ${end}`);
      if (hole && !isLive) unjoined++;
      hole = !isLive;
      end = to;
      if (isLive) liveBytes += (to - from) * GRANULE;
    }
    assert.equal(end * GRANULE, memory.slabs.get(slab), `slab ${slab} is not tiled to its end`);
  }
  assert.ok(unjoined <= 2, `${unjoined} holes lie beside another`);
  const reserved = [...memory.slabs.values()].reduce((sum, bytes) => sum + bytes, 0);
  assert.equal(counters[COUNTER.live], liveBytes);
  assert.equal(counters[COUNTER.reserved], reserved);
  assert.equal(counters[COUNTER.liveBlocks], live.size);
  assert.equal(counters[COUNTER.requested], requestedBytes);
  assert.equal(control[CONTROL.slabCount], memory.slabs.size);
  assert.equal(control[CONTROL.sequence]! % 2, 0, "the sequence word is odd at rest");
}
