"""A kernel under test: started through jupyter_client from a kernelspec made for the test run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Kernel, start

ROOT = Path(__file__).resolve().parents[2]
NAME = "cenote-under-test"


def entry() -> Path:
    """What was built, which starts twice as fast, where it is younger than its source."""
    source, built = ROOT / "kernel/src", ROOT / "kernel/dist/main.js"
    youngest = max(file.stat().st_mtime for file in source.rglob("*.ts"))
    if built.exists() and built.stat().st_mtime > youngest:
        return built
    return source / "main.ts"


@pytest.fixture(scope="session")
def kernel_name(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("jupyter")
    spec = {
        "argv": [str(ROOT / "node_modules/node/bin/node"), str(entry()), "{connection_file}"],
        "display_name": "Cenote under test",
        "language": "typescript",
        "interrupt_mode": "message",
    }
    (folder / "kernels" / NAME).mkdir(parents=True)
    (folder / "kernels" / NAME / "kernel.json").write_text(json.dumps(spec))
    before = {key: os.environ.get(key) for key in ("JUPYTER_PATH", "CENOTE_HISTORY")}
    os.environ["JUPYTER_PATH"] = str(folder)
    os.environ["CENOTE_HISTORY"] = str(folder / "history.jsonl")
    yield NAME
    for key, value in before.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


@pytest.fixture(scope="module")
def kernel(kernel_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for all tests of a module."""
    with start(kernel_name, tmp_path_factory.mktemp("notebooks")) as running:
        yield running


@pytest.fixture
def fresh(kernel_name: str, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel of the test's own, which it may end."""
    with start(kernel_name, tmp_path) as running:
        yield running
