"""The pool's memory as cells see it: dropped handles, running out, snapshots."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

from client import Kernel

# Nowhere to spill to, so that memory runs out. (Blocks that hold nothing yet need no room there.)
OPEN = """
process.env.CENOTE_HOST_BUDGET = process.env.CENOTE_DISK_BUDGET = "0";
import { pool } from "cenote";
await pool.open();
pool.budget = "64 MiB";
pool.collect();
"""


def test_a_cell_that_disposes_nothing_runs_above_the_budget(kernel: Kernel) -> None:
    kernel.run(OPEN)
    loop = "for (let i = 0; i < 500; i++) await pool.allocate(2 ** 20);"
    ran = kernel.run(f"{loop}\npool.stats().collected >= 500 - 64")
    assert ran.status == "ok", ran.traceback
    assert ran.plain == "true"


def test_running_out_names_the_holders_and_leaves_all_intact(kernel: Kernel) -> None:
    kernel.run(OPEN)
    kernel.run("const held = [];")
    code = (
        'for (;;) {\n  held.push(await pool.allocate(2 ** 22, { tag: "acts", zeroed: true }));\n}'
    )
    fills = kernel.run(code)
    cell = fills.reply["content"]["execution_count"]
    assert fills.reply["content"]["ename"] == "OutOfPoolMemory"
    assert 'wanted 4 MiB (4194304 B) for "acts"' in fills.traceback
    assert "tried: collected " in fills.traceback
    assert f"held by: acts × 16 64 MiB (cell [{cell}] line 2)" in fills.traceback
    after = kernel.run("[held.length, held.some((b) => b.disposed), pool.leaks().length > 0]")
    assert after.plain == "[ 16, false, true ]"
    freed = kernel.run("for (const b of held) b.dispose();\n(await pool.allocate(2 ** 25)).bytes")
    assert freed.plain == str(2**25)


def test_a_snapshot_is_saved_for_us_and_for_others(kernel: Kernel, tmp_path: Path) -> None:
    kernel.run(OPEN)
    kernel.run('const kept = await pool.allocate(12345, { tag: "kept" }); pool.mark("here");')
    for name in ("s.json", "s.pickle"):
        ran = kernel.run(f"await pool.snapshot().save({json.dumps(str(tmp_path / name))})")
        assert ran.status == "ok", ran.traceback
    snapshot = json.loads((tmp_path / "s.json").read_text())
    assert snapshot["adapter"]["name"]
    row = snapshot["blocks"]["tag"].index("kept")
    assert snapshot["blocks"]["requested"][row] == 12345
    assert "cellBegin" in snapshot["events"]["kind"] and "here" in snapshot["events"]["tag"]
    segments = pickle.loads((tmp_path / "s.pickle").read_bytes())["segments"]
    assert 12345 in [b["requested_size"] for s in segments for b in s["blocks"]]
    shown = kernel.run("pool.figures()").plain
    assert "count" in shown and "not told" in shown and "1 − this ÷ holes" in shown
