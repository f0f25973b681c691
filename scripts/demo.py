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
import time
from pathlib import Path
from typing import Any

import nbformat
import polars as pl
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
OUT = ROOT / "build" / "demo"
PARQUET = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-3m.parquet"
EXACT = ["hour", "n", "worst", "miles"]

# What is read from the kernels after the notebooks' own cells; these cells are not kept.
PROBES = {
    "typescript": """
import { adapter, exchangeStats, pool } from "cenote";
const probe = { adapter: await adapter(), pool: pool.stats(), exchange: exchangeStats(), uploadMs, gpuMs,
  rows: flights.numRows };
process.stdout.write(JSON.stringify(probe, (_, v) => typeof v === "bigint" ? Number(v) : v));
""",
    "python": """
import json
print(json.dumps({"exchange": cenote.stats(), "result": hours.to_dict(as_series=False),
    "tableBytes": flights.to_arrow().nbytes}))
""",
}


def stream_text(cell: Any) -> str:
    return "".join(o["text"] for o in cell["outputs"] if o["output_type"] == "stream")


async def run_notebook(name: str, language: str) -> tuple[Any, dict[str, Any]]:
    """Executes a notebook and its probe in one kernel; returns both the notebook and the probe's answer."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    probe = nbformat.v4.new_code_cell(PROBES[language])
    notebook.cells.append(probe)
    client = NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(NOTEBOOKS)}})
    kernels.append(client)
    await client.async_execute(cleanup_kc=False)
    notebook.cells.remove(probe)
    return notebook, json.loads(stream_text(probe))


kernels: list[NotebookClient] = []


async def run_both() -> dict[str, tuple[Any, dict[str, Any]]]:
    """Runs both; kernels end only when both are done, because each holds memory that the other reads."""
    names = {
        "python": "01-two-languages.python.ipynb",
        "typescript": "01-two-languages.typescript.ipynb",
    }
    tasks = [asyncio.create_task(run_notebook(file, lang)) for lang, file in names.items()]
    try:
        done = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        for client in kernels:
            if client.km is not None:
                await client.km.shutdown_kernel(now=True)
    return dict(zip(names, done, strict=True))


def expected() -> pl.DataFrame:
    """The same question, computed by Polars on the CPU."""
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
