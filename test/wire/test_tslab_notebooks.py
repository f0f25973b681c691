"""Notebooks written for tslab, in its own API and on the subjects of its documentation.

They run unchanged by nbclient, on our kernel and on tslab's own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = Path(__file__).parent / "tslab"
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
SQUARE = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">
  <rect width="40" height="20" fill="seagreen"/>
</svg>"""

# Of every code cell, in order: what it shows, as (where or mime type, what). tslab prints a cell's
# last value where we return it, so that "result" is stdout there.
Shown = list[tuple[str, Any]]
EXPECTED: dict[str, list[Shown]] = {
    "getting-started": [
        [("stdout", "Hillside measured 3 times\n")],
        [("result", "11.5")],
        [("result", "2")],
        [],
        [("result", "42")],
        [("stdout", "string\n"), ("result", "'data/hillside.csv'")],
        [("result", "{ east: 2, south: 3 }")],
        [("stderr", "no more measurements\n")],
    ],
    "display": [
        [],
        [("text/html", "<table><tr><td>apples</td><td>3</td></tr></table>")],
        [("text/markdown", "## Harvest\n\n- *apples*: 3\n- *plums*: 12")],
        [("image/svg+xml", SQUARE)],
        [("text/javascript", 'element.append("twelve plums")')],
        [("text/latex", "$\\sum_i a_i$"), ("text/plain", "as it is: <b>")],
        [("image/png", DOT), ("image/png", DOT)],
        [("image/jpeg", "/9j/2Q==")],
        [("image/gif", "R0lG"), ("application/pdf", "JVBERg==")],
        [("application/json", '{"plums": 12}'), ("application/octet-stream", "AP8=")],
        [
            ("stdout", "apples\n"),
            ("text/html", "<i>apples</i>"),
            ("stdout", "plums\n"),
            ("text/html", "<i>plums</i>"),
        ],
    ],
    "updates": [
        [],
        [("text/html", "<b>all done</b>")],  # written by the last cell
        [("text/markdown", "**left**: ready"), ("text/markdown", "**right**: ready")],
        [("text/plain", "told once")],
    ],
    "modules": [
        [("result", "'8a28929a'")],
        [("result", "[ 10, 23 ]")],
        [("result", "[ 20, 6, true ]")],
        [("result", "'Southport: 3 m'")],
        [("result", "'south.png'")],
    ],
    "classes": [
        [("result", "[ 'tslab', 'typescript', 'node' ]")],
        [("result", "[ true, true ]")],
        [],
        [],
        [("stdout", "the old pine: 2 rings, tall: true, kind Pine\n")],
        [("result", "true")],
        [("stdout", "spring\nautumn\n")],
        [("stdout", "true RangeError: no such ring: 9\n")],
        [("result", "2")],
    ],
}

BESIDE = {
    "harbour.ts": """export class Harbour {
  constructor(public name: string, readonly depth: number) {}
  describe(): string { return `${this.name}: ${this.depth} m`; }
}
""",
    "node_modules/tide-rise/index.js": "module.exports = (hours) => hours * 10;",
    "node_modules/tide-rise/index.d.ts": (
        "declare function rise(hours: number): number;\nexport = rise;"
    ),
    "node_modules/tide-tables/index.js": "exports.sum = (all) => all.reduce((a, b) => a + b, 0);",
    "node_modules/tide-tables/index.d.ts": "export function sum(all: number[]): number;",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the notebooks find beside them: a local file, npm packages, a picture."""
    for name, text in BESIDE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "leaf.jpg").write_bytes(b"\xff\xd8\xff\xd9")
    return tmp_path


@pytest.fixture
def tslab_name(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path_factory.mktemp("tslab") / "kernels" / "tslab"
    folder.mkdir(parents=True)
    modules = ROOT / "node_modules"
    start = [str(modules / "node/bin/node"), str(modules / "tslab/bin/tslab"), "kernel"]
    spec = {"argv": [*start, "--config-path", "{connection_file}"], "display_name": "tslab"}
    (folder / "kernel.json").write_text(json.dumps(spec | {"language": "typescript"}))
    monkeypatch.setenv("JUPYTER_PATH", str(folder.parents[1]))
    return "tslab"


def shown_by(output: Any) -> tuple[str, Any]:
    if output.output_type == "stream":
        return (output.name, output.text)
    if output.output_type == "error":
        return ("error", f"{output.ename}: {output.evalue}")
    ((mime, value),) = output.data.items()
    return ("result" if output.output_type == "execute_result" else mime, value)


def run(kernel_name: str, title: str, folder: Path) -> list[Shown]:
    notebook = nbformat.read(NOTEBOOKS / f"{title}.ipynb", as_version=4)
    nbclient.NotebookClient(
        notebook,
        timeout=120,
        allow_errors=True,  # so that a failure tells what every cell showed
        kernel_name=kernel_name,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [joined([shown_by(output) for output in cell.outputs]) for cell in code]


def joined(cell: Shown) -> Shown:
    """With what was printed one after the other as one: how often a kernel sends is its own."""
    told: Shown = []
    for kind, value in cell:
        if told and told[-1][0] == kind and kind in ("stdout", "stderr"):
            value = told.pop()[1] + value
        told.append((kind, value))
    return told


def as_tslab_prints(cell: Shown) -> Shown:
    """Results on stdout, as console.log prints them."""
    return joined(
        [("stdout", f"{v.strip(chr(39))}\n") if k == "result" else (k, v) for k, v in cell]
    )


def test_every_notebook_is_tested() -> None:
    assert {file.stem for file in NOTEBOOKS.glob("*.ipynb")} == EXPECTED.keys()


@pytest.mark.parametrize("title", EXPECTED)
def test_a_notebook_written_for_tslab_runs(kernel_name: str, title: str, folder: Path) -> None:
    assert run(kernel_name, title, folder) == EXPECTED[title]


@pytest.mark.parametrize("title", ["display", "updates", "modules"])
def test_tslab_itself_shows_the_same(tslab_name: str, title: str, folder: Path) -> None:
    assert run(tslab_name, title, folder) == [as_tslab_prints(cell) for cell in EXPECTED[title]]
