"""Whole notebooks, as nbclient, nbconvert and papermill run them."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook


def run(kernel_name: str, folder: Path, *sources: str, allow_errors: bool = False):
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    notebook.metadata.kernelspec = {"name": kernel_name, "display_name": "x", "language": "x"}
    client = nbclient.NotebookClient(
        notebook,
        timeout=120,
        allow_errors=allow_errors,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    nbformat.validate(notebook)
    return notebook


def test_a_notebook_runs_and_keeps_its_outputs(kernel_name: str, tmp_path: Path) -> None:
    notebook = run(
        kernel_name,
        tmp_path,
        "const n: number = 20;\nconsole.log('n is', n);",
        "import { display, html } from 'cenote';\ndisplay(html`<b>${n}</b>`);\nn * 2",
        "await new Promise((r) => setTimeout(r, 5));\nconsole.error('warned')",
    )
    first, second, third = (cell.outputs for cell in notebook.cells)
    assert [o.text for o in first] == ["n is 20\n"]
    assert [o.output_type for o in second] == ["display_data", "execute_result"]
    assert second[0].data["text/html"] == "<b>20</b>"
    assert second[1].data["text/plain"] == "40"
    assert (third[0].name, third[0].text) == ("stderr", "warned\n")
    assert notebook.metadata.language_info.name == "typescript"


def test_an_error_stops_the_notebook_unless_it_is_allowed(kernel_name: str, tmp_path: Path) -> None:
    cells = ("throw new RangeError('stop here')", "1 + 1")
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="stop here"):
        run(kernel_name, tmp_path, *cells)
    notebook = run(kernel_name, tmp_path, *cells, allow_errors=True)
    assert notebook.cells[0].outputs[0].ename == "RangeError"
    assert notebook.cells[1].outputs[0].data["text/plain"] == "2"


def test_what_nobody_handles_is_kept_with_the_cell(kernel_name: str, tmp_path: Path) -> None:
    """It is told before the cell's end, after which nobody listens."""
    cells = ("const all = [1, 2].map(async (n) => { if (n > 1) throw new Error('lost') });", "2")
    notebook = run(kernel_name, tmp_path, *cells)
    (shown,) = notebook.cells[0].outputs
    assert shown.name == "stderr" and "lost" in shown.text and "Cell [1], line 1:" in shown.text
