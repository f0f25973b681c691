"""Runs the two notebooks of the first tutorial in real kernels, checks the result, prints a report.

Both notebooks run at the same time, as two people would run them: the Python one waits for the
TypeScript one's answer. The executed notebooks are written to build/demo, as HTML too.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

import nbformat
import polars as pl
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
OUT = ROOT / "build" / "demo"
PARQUET = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet"
NAMES = {
    "python": "01-two-languages.python.ipynb",
    "typescript": "01-two-languages.typescript.ipynb",
}
EXACT = ["hour", "n", "worst", "miles"]

# What is asked of the kernels after the notebooks' own cells, in this order; none is kept.
# First each side's own figures, then handoffs of 3,000 and of all rows, interleaved, each way.
TS_FIGURES = """
import { adapter, exchangeStats } from "cenote";
process.stdout.write(JSON.stringify({ adapter: await adapter(), pool: pool.stats(),
  exchange: await exchangeStats(), uploadMs, gpuMs, rows: flights.numRows }));
"""
PY_FIGURES = """
import json
print(json.dumps({"exchange": cenote.stats(), "result": hours.to_dict(as_series=False),
    "bytes": flights.to_arrow().nbytes}))
"""
PY_SHARE = "cenote.put('flights-3k', flights[:3000]); print('{}')"
TS_HANDOFFS = """
import { put as share } from "cenote";
const took: Record<string, number[]> = { "flights": [], "flights-3k": [] };
for (let i = 0; i < 41; i++) {
  for (const name of Object.keys(took)) {
    const began = performance.now();
    const table = await get(name);
    took[name].push((performance.now() - began) * 1000);
  }
}
const small = await get("flights-3k");
await share("back", flights);
await share("back-3k", small);
process.stdout.write(JSON.stringify({ took, exchange: await exchangeStats() }));
"""
PY_HANDOFFS = """
import time
took = {"back": [], "back-3k": []}
for _ in range(41):
    for name in took:
        began = time.perf_counter()
        table = cenote.get(name)
        took[name].append((time.perf_counter() - began) * 1e6)
print(json.dumps({"took": took, "exchange": cenote.stats(), "equal":
    pl.from_arrow(cenote.get("back")).equals(flights)}))
"""


class Session:
    """A notebook in its own kernel, which stays alive until `end`."""

    def __init__(self, language: str) -> None:
        """Reads the notebook of this language."""
        self.file = NAMES[language]
        self.notebook = nbformat.read(NOTEBOOKS / self.file, as_version=4)
        where = {"metadata": {"path": str(NOTEBOOKS)}}
        self.client = NotebookClient(self.notebook, timeout=900, resources=where)

    async def run(self, log: IO[bytes]) -> None:
        """Executes every cell; what the kernel's process itself writes goes to the log."""
        await self.client.async_execute(cleanup_kc=False, stdout=log, stderr=log)

    async def ask(self, code: str) -> dict[str, Any]:
        """Runs a cell that prints JSON, outside of the notebook."""
        cell = nbformat.v4.new_code_cell(code)
        self.notebook.cells.append(cell)
        try:
            await self.client.async_execute_cell(cell, len(self.notebook.cells) - 1)
        finally:
            self.notebook.cells.remove(cell)
        text = "".join(o["text"] for o in cell["outputs"] if o.get("name") == "stdout")
        return json.loads(text)

    async def end(self) -> None:
        """Ends the kernel, if it was started."""
        if self.client.km is not None:
            await self.client.km.shutdown_kernel(now=True)

    def save(self) -> Path:
        """Writes the notebook and its HTML page to build/demo; returns the page."""
        nbformat.write(self.notebook, OUT / self.file)
        page = OUT / self.file.replace(".ipynb", ".html")
        html, _ = HTMLExporter().from_notebook_node(self.notebook)
        page.write_text(html)
        return page


async def run_both(log: IO[bytes]) -> tuple[dict[str, Any], list[Path]]:
    """Runs both notebooks and asks both kernels for figures. Returns these and the saved pages."""
    python, typescript = Session("python"), Session("typescript")
    runs = [asyncio.create_task(session.run(log)) for session in (python, typescript)]
    try:
        await asyncio.gather(*runs)
        found = {"ts": await typescript.ask(TS_FIGURES), "py": await python.ask(PY_FIGURES)}
        await python.ask(PY_SHARE)
        found["toTypeScript"] = await typescript.ask(TS_HANDOFFS)
        found["toPython"] = await python.ask(PY_HANDOFFS)
        return found, [session.save() for session in (python, typescript)]
    finally:
        for run in runs:
            run.cancel()
        for session in (python, typescript):
            await session.end()


def expected() -> pl.DataFrame:
    """The notebook's question, answered by Polars on the CPU."""
    return (
        pl.read_parquet(PARQUET)
        .filter(pl.col("delay") > 15)
        .group_by(pl.col("date").dt.hour().cast(pl.Int64).alias("hour"))
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("delay").mean().alias("mean"),
            pl.col("delay").max().alias("worst"),
            pl.col("distance").sum().alias("miles"),
        )
        .sort("hour")
    )


def results_equal(result: dict[str, list[Any]]) -> bool:
    """Integers exactly; means to the rounding of one division."""
    want = expected()
    found = pl.DataFrame(result).select(*(pl.col(c).cast(pl.Int64) for c in EXACT), "mean")
    if not found.select(EXACT).equals(want.select(EXACT)):
        return False
    return bool((found["mean"] - want["mean"]).abs().max() < 1e-9)


def median(values: list[float]) -> float:
    """The middle value; of an even number of values, the upper one."""
    return sorted(values)[len(values) // 2]


def size(count: float) -> str:
    """Bytes as text."""
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.1f} KiB"


def handoff(took: dict[str, list[float]]) -> str:
    """Median times of a handoff of all rows and of 3,000 rows, and their ratio."""
    (_, large), (_, small) = sorted(took.items(), key=lambda item: len(item[0]))
    return (
        f"{median(large):.0f} µs for all rows, {median(small):.0f} µs for 3,000 rows "
        f"(ratio {median(large) / median(small):.2f}; medians of {len(large)}, interleaved)"
    )


def report(found: dict[str, Any], pages: list[Path]) -> bool:
    """Prints the report; returns whether the result is right and nothing was copied on the way."""
    ts, py = found["ts"], found["py"]
    to_ts, to_py = found["toTypeScript"], found["toPython"]
    equal = results_equal(py["result"]) and to_py["equal"]
    copies = to_ts["exchange"]["copies"] + to_py["exchange"]["copies"]
    moved = to_ts["exchange"]["bytesCopied"] + to_py["exchange"]["bytes_copied"]
    soft = ts["adapter"]["software"]
    kind = "software: its times say nothing about a GPU" if soft else "GPU"
    first = ts["exchange"]["getMicroseconds"][0], py["exchange"]["last_get_us"]
    pool = ts["pool"]
    rows = {
        "adapter": f"{ts['adapter']['name']} ({kind})",
        "rows": f"{ts['rows']:,}",
        "bytes": f"{size(py['bytes'])} in Python's table",
        "copies": f"1 into the arena by each put; {copies} others, {moved} bytes",
        "first handoff": f"{first[0]:.0f} µs to TypeScript, {first[1]:.0f} µs to Python",
        "to TypeScript": handoff(to_ts["took"]),
        "to Python": handoff(to_py["took"]),
        "upload": f"{ts['uploadMs']:.0f} ms, 1 upload (with the opening of the GPU)",
        "GPU": f"{ts['gpuMs']:.0f} ms: filter, group-by, 4 aggregates (compiling included); "
        f"{pool['readBackBytes']:,} bytes read back",
        "pool": f"peak {size(pool['peakLive'])}, reserved at most {size(pool['peakReserved'])}",
        "result": f"{'equal' if equal else 'NOT EQUAL'} to Polars on the CPU",
        "notebooks": ", ".join(str(page.relative_to(ROOT)) for page in pages),
    }
    print()
    for name, value in rows.items():
        print(f"{name:15} {value}")
    return equal and copies == 0


def main() -> int:
    """Runs the demo. Returns 0 when the result is equal and nothing was copied."""
    print("Running both notebooks, each in its own kernel …", flush=True)
    OUT.mkdir(parents=True, exist_ok=True)
    log_file = OUT / "kernels.log"
    # A place of its own for the names, so that an open notebook's "flights" is not taken for ours.
    with tempfile.TemporaryDirectory(prefix="cenote-demo-") as folder, log_file.open("wb") as log:
        os.environ["CENOTE_RUNTIME_DIR"] = folder
        try:
            found, pages = asyncio.run(run_both(log))
        except CellExecutionError as error:
            print(f"\nA cell failed (see also {log_file.relative_to(ROOT)}):", file=sys.stderr)
            print(error, file=sys.stderr)
            return 1
    return 0 if report(found, pages) else 1


if __name__ == "__main__":
    sys.exit(main())
