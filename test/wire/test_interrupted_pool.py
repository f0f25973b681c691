"""Interrupts at random moments of work on the GPU's memory: the books are whole after each."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from client import Kernel, by_request, start

LOOPS = [
    "for (;;) (await pool.allocate(4096)).dispose();",
    "const held = []; for (let i = 0; ; i++) {\n"
    "  held.push(await pool.allocate(1 + (i * 977) % 100_000));\n"
    "  if (held.length > 50) for (const block of held.splice(0, 25)) block.dispose(); }",
    "for (;;) { const table = await gpu(rows(5000)); table.dispose(); }",
    "const table = await gpu(rows(5000));\n"
    "for (;;) await table.filter(col('a').gt(5)).agg({ n: count() }).toArrow();",
    "const table = await gpu(rows(20_000));\n"
    "for (let i = 0; ; i++) {\n"
    "  await table.filter(col('a').mul(i).gt(5).and(col('a').lt(i))).toArrow(); }",
    "for (;;) await pool.scope(async () => {\n"
    "  for (let i = 0; i < 8; i++) await pool.allocate(4096); });",
    # swallows every error
    "for (;;) try {\n"
    "  await pool.scope(async () => { await pool.allocate(4096); throw 1 }) } catch {}",
    "for (;;) try { await gpu(rows(100)) } catch {}",
    "const table = await gpu(rows(200_000));\n"
    "while (true) { await table.toArrow(); while (true) {} }",
]

PREPARE = """
import { tableFromArrays } from "apache-arrow";
import { col, count, gpu, pool } from "cenote";
const rows = (n: number) => tableFromArrays({ a: Float32Array.from({ length: n }, (_, i) => i) });
const kept = await pool.allocate(1000);
/** What is wrong with the pool's books, by what they say of each block, hole and slab. */
function judge(): string[] {
  const wrong: string[] = [];
  const { slabs, blocks, holes, counts } = pool.snapshot().toJSON();
  const chunks = new Map<number, [number, number][]>(slabs.map(({ id }) => [id, []]));
  for (const { slab, offset, size } of [blocks, holes]) {
    slab.forEach((id, i) => id && chunks.get(id)!.push([offset[i]!, size[i]!]));
  }
  let reserved = 0;
  for (const { id, bytes } of slabs) {
    let end = 0;
    for (const [offset, size] of chunks.get(id)!.sort((a, b) => a[0] - b[0])) {
      if (offset !== end) wrong.push(`slab ${id}: a gap or an overlap at ${end}`);
      end = offset + size;
    }
    if (end !== bytes) wrong.push(`slab ${id}: ends at ${end}, has ${bytes}`);
    reserved += end;
  }
  const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);
  const inSlabs = blocks.size.filter((_, i) => blocks.slab[i]);
  const sums = {
    reserved,
    live: sum(inSlabs),
    liveBlocks: blocks.id.length,
    requested: sum(blocks.requested.filter((_, i) => blocks.slab[i])),
    holes: sum(holes.size),
    slabs: slabs.length,
  };
  for (const [name, total] of Object.entries(sums)) {
    const counted = counts[name as keyof typeof sums];
    if (counted !== total) wrong.push(`${name}: counted ${counted}, found ${total}`);
  }
  return wrong;
}
const warm = await (await gpu(rows(10)))
  .filter(col("a").gt(5)).agg({ n: count() }).toArrow({ on: "gpu" });
"""

WORKS = """
const again = await pool.allocate(5000, { zeroed: true });
const answer = await (await gpu(rows(10))).filter(col("a").gt(5)).agg({ n: count() }).toArrow();
const wrong = [...judge(), ...(again.disposed || kept.disposed ? ["a block is gone"] : [])];
again.dispose();
JSON.stringify([wrong, answer.get(0)!.n])
"""


def test_the_books_are_whole_after_each_of_two_hundred_interrupts(fresh: Kernel) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    prepared = fresh.run(PREPARE)
    assert prepared.status == "ok", prepared.traceback
    for turn in range(200):
        where = f"seed {seed}, turn {turn}"
        request = fresh.send("{" + LOOPS[turn % len(LOOPS)] + "}")
        fresh.wait_for(lambda m: m["msg_type"] == "execute_input")
        time.sleep(chance.random() * 0.03)
        by_request(fresh)
        assert fresh.finish(request).reply["content"]["ename"] == "Interrupted", where
        after = fresh.run(WORKS)
        assert after.status == "ok", (where, after.traceback)
        assert after.plain == "'[[],4]'", where


@pytest.mark.parametrize("after", [0.0, 0.01, 0.02, 0.035, 0.05, 0.07])
def test_an_interrupt_while_the_gpu_is_opened_leaves_it_usable(
    kernel_name: str, tmp_path: Path, after: float
) -> None:
    """Its driver is loaded, and native code makes objects meanwhile."""
    with start(kernel_name, tmp_path) as kernel:
        request = kernel.send("import { pool } from 'cenote'; await pool.allocate(16)")
        kernel.wait_for(lambda m: m["msg_type"] == "execute_input")
        time.sleep(after)
        by_request(kernel)
        kernel.finish(request)  # interrupted, or done already
        assert kernel.run("import { pool } from 'cenote'; typeof pool.allocate").plain == (
            "'function'"
        )
        assert kernel.run("(await pool.allocate(64)).bytes").plain == "64"
