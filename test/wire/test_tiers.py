"""Tables larger than the GPU's budget, as cells see them."""

from __future__ import annotations

import random
import time

from client import Kernel

TABLE = """
import { col, count, gpu, pool, sum } from "cenote";
import { makeVector, Table } from "apache-arrow";
pool.budget = "3 MiB";
pool.tiers = { host: "6 MiB", disk: "256 MiB" };
const rows = 400_000;
const key = Int32Array.from({ length: rows }, (_, i) => i % 7);
const a = Float64Array.from({ length: rows }, (_, i) => i);
const b = a.slice().reverse();
const c = a.slice();
const d = b.slice();
const columns = Object.entries({ key, a, b, c, d }).map(([name, x]) => [name, makeVector(x)]);
const t = await gpu(new Table(Object.fromEntries(columns)), { chunkRows: 50_000 });
const { reserved, spilled, disk } = pool.stats();
[reserved <= 3 * 2 ** 20, spilled > 0, disk > 0, pool.tiers.host === 6 * 2 ** 20].join()
"""

QUERY = """
const late = t.filter(col("a").gt(199_999)).groupBy("key");
const answer = await late.agg({ n: count(), s: sum("b"), x: sum("c") }).toArrow();
const total = (name) => [...answer.getChild(name)].reduce((x, y) => x + Number(y), 0);
[answer.numRows, total("n"), total("s")].join()
"""

# Only what is under way pins columns.
PINNED = 'pool.snapshot().toJSON().blocks.state.filter((state) => state === "pinned").length'
SETTLED = f"while ({PINNED} > 0) await new Promise((r) => setTimeout(r, 5));"

# What was under way on disk or on the device ends first.
COLUMNS = """
const columns = () => pool.holders(100).filter(({ tag }) => tag.startsWith("column ")).length;
for (let i = 0; i < 500 && columns() > 0; i++) {
  await new Promise((next) => setTimeout(next, 20));
  pool.collect();
}
columns()
"""

LOOPS = [
    "for (;;) await t.select('a', 'b').toArrow();",
    f"for (;;) {{ {QUERY} }}",
    "for (;;) try { await Promise.all(['a', 'd'].map((x) => t.select(x).toArrow())); } catch {}",
]


def value(kernel: Kernel, code: str) -> str | None:
    ran = kernel.run(code)
    assert ran.status == "ok", ran.traceback
    return ran.plain


def test_a_query_over_four_times_the_budget_answers_also_after_interrupts(kernel: Kernel) -> None:
    assert value(kernel, TABLE) == "'true,true,true,true'"
    wanted = f"'7,200000,{sum(range(200_000))}'"
    assert value(kernel, QUERY) == wanted
    chance = random.Random(5)
    for turn in range(12):
        asked = kernel.send("console.log('on'); " + LOOPS[turn % len(LOOPS)])
        kernel.wait_for_text("on")
        time.sleep(chance.random() * 0.1)
        kernel.manager.interrupt_kernel()
        assert kernel.finish(asked).status == "error"
        value(kernel, SETTLED)  # what the cell had begun may still be under way
    assert value(kernel, QUERY) == wanted
    kernel.run("t.dispose()")
    assert kernel.run(COLUMNS).plain == "0"


def test_an_interrupted_allocation_holds_nothing(kernel: Kernel) -> None:
    assert kernel.run('import { pool } from "cenote"; await pool.open();').status == "ok"
    count = "pool.collect(); pool.stats().liveBlocks"
    before = kernel.run(count).plain
    assert before is not None
    chance = random.Random(6)
    for _ in range(40):
        asked = kernel.send(
            "console.log('on');for (;;) (await pool.allocate(300_000, { zeroed: true })).dispose();"
        )
        kernel.wait_for_text("on")
        time.sleep(chance.random() * 0.05)
        kernel.manager.interrupt_kernel()
        assert kernel.finish(asked).status == "error"
    assert kernel.run(count).plain == before
