"""The tour of columns and tensors runs in a real kernel, and what it computes is right."""

import json
import math
import re
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import polars as pl
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "02-columns-and-tensors.typescript.ipynb"
FLIGHTS = ROOT / "node_modules" / "vega-datasets" / "data" / "flights-200k.arrow"

# Asked of the kernel before the last cell, which disposes everything.
RESULTS = """
process.stdout.write(JSON.stringify({
  byHour: result.toArray().map((row) => ({ ...row.toJSON(), n: Number(row.n) })),
  grouped: grouped.toArray().map((row) => [row.key, Number(row.n), Number(row.sum)]),
  view: await view.toArray(),
  chain: Array.from((await chain.read()).filter((_, i) => i % 99_999 === 0)),
  losses,
  weights: await weights.toArray(),
  sparse: s.bytes,
}));
"""


@pytest.fixture(scope="module")
def ran() -> tuple[dict[str, Any], str]:
    """The results, and the text of all outputs of a run from the top."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    question = nbformat.v4.new_code_cell(RESULTS)
    notebook.cells.insert(len(notebook.cells) - 1, question)
    where = {"metadata": {"path": str(NOTEBOOK.parent)}}
    NotebookClient(notebook, timeout=900, resources=where).execute()
    results = json.loads("".join(part["text"] for part in question["outputs"]))
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [one for one in shown if one.get("name") == "stderr"], "warnings"
    texts = (one.get("text") or one.get("data", {}).get("text/plain", "") for one in shown)
    return results, "\n".join(texts)


def test_what_the_cells_compare_is_equal_and_little_is_left(
    ran: tuple[dict[str, Any], str],
) -> None:
    _, text = ran
    assert "false" not in re.findall(r": (true|false)$", text, re.MULTILINE)
    assert len(re.findall(r": true$", text, re.MULTILINE)) == 6
    assert "1 fused kernel" in text
    assert "intermediate columns 0 B" in text
    assert "0 more bytes in the pool" in text
    assert "4000000 bytes: the result's own" in text
    assert re.search(r"budget 8 MiB .* spilled \d", text), "chunks waited outside of the pool"
    assert re.match(r"live [\d.]+ (B|KiB) in", text.splitlines()[-1]), text.splitlines()[-1]


def test_the_query_is_what_polars_has(ran: tuple[dict[str, Any], str]) -> None:
    flights = pl.read_ipc(FLIGHTS)
    wanted = (
        flights.filter((pl.col("delay") > 15) & (pl.col("distance") >= 500))
        .group_by(pl.col("time").floor().cast(pl.Int64).alias("hour"))
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("delay").mean().alias("mean"),
            pl.col("delay").max().cast(pl.Int64).alias("worst"),
        )
        .sort("hour")
    )
    found = pl.DataFrame(ran[0]["byHour"])
    exact = ["hour", "n", "worst"]
    assert found.select(exact).equals(wanted.select(exact))
    assert (found["mean"] - wanted["mean"]).abs().max() < 1e-9


def test_the_table_beyond_the_budget_is_added_up(ran: tuple[dict[str, Any], str]) -> None:
    values = np.arange(2_000_000)
    wanted = [[k, 400_000, int(values[values % 5 == k].sum())] for k in range(5)]
    assert ran[0]["grouped"] == wanted


def test_tensors_are_what_numpy_has(ran: tuple[dict[str, Any], str]) -> None:
    results, _ = ran
    assert results["view"] == [[2, 6, 10], [3, 7, 11]]
    v = np.arange(0, 1_000_000, 99_999) / 1e6
    assert np.allclose(results["chain"], 2 * np.log(1 + np.exp(-v)), atol=1e-5)
    # Values, places and rows, 4 bytes each, in blocks of whole 16; the band has three diagonals.
    kept = 4 * (2998 + 2998 + 1001)
    assert 0 <= results["sparse"]["sparse"] - kept < 3 * 16
    assert results["sparse"]["dense"] == 4_000_000


def noise(shape: tuple[int, int], seed: int) -> np.ndarray:
    count = math.prod(shape)
    numbers = [math.fmod(math.sin((i + 1) * 12.9898 + seed) * 43758.5453, 1) for i in range(count)]
    return np.array(numbers, dtype=np.float32).astype(np.float64).reshape(shape)


def test_the_layer_learns_as_numpy_does(ran: tuple[dict[str, Any], str]) -> None:
    samples, truth, weights = noise((128, 16), 1), noise((16, 3), 2), noise((16, 3), 3)
    labels = np.eye(3)[(samples @ truth).argmax(axis=1)]
    losses = []
    for _ in range(30):
        scores = np.exp(samples @ weights)
        share = scores / scores.sum(axis=1, keepdims=True)
        losses.append(-np.log((share * labels).sum(axis=1)).mean())
        weights = weights - 2 * samples.T @ ((share - labels) / 128)
    assert np.allclose(ran[0]["losses"], losses, atol=1e-4)
    assert np.allclose(ran[0]["weights"], weights, atol=1e-3)
    assert losses[-1] < losses[0] / 2
