// A judge of what a resource hands out, whoever keeps the books of it.
import assert from "node:assert/strict";
import { GRANULE } from "../../kernel/src/base/index.ts";
import type { Block, Pool } from "../../kernel/src/pool/index.ts";

/** Throws unless the blocks lie apart from each other, each aligned to GRANULE and large enough. */
export function judgePlaces(pool: Pick<Pool, "place">, live: readonly Block[]): void {
  const places = live.map((block) => ({ ...pool.place(block), bytes: block.bytes }));
  places.sort((a, b) => a.slab - b.slab || a.offset - b.offset);
  for (const [n, { slab, offset, size, bytes }] of places.entries()) {
    assert.equal(offset % GRANULE, 0, `a block at ${offset} is not aligned`);
    assert.ok(size >= bytes, `a block of ${bytes} bytes has ${size}`);
    const before = places[n - 1];
    if (before?.slab !== slab) continue;
    assert.ok(before.offset + before.size <= offset, `blocks overlap at ${offset}`);
  }
}
