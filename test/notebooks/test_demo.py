"""The tutorial's notebooks run in real kernels, their result is right, the README agrees."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_runs_both_notebooks_and_its_result_is_equal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    demo = [sys.executable, str(ROOT / "scripts" / "demo.py")]
    done = subprocess.run(demo, capture_output=True, text=True, timeout=1200)
    with capsys.disabled():
        print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = dict(re.findall(r"^(\S[\w ]*?) {2,}(.*)$", done.stdout, re.MULTILINE))
    assert rows["result"].startswith("equal"), rows
    assert rows["copies"].endswith("0 others, 0 bytes"), rows
    for page in rows["notebooks"].split(", "):
        assert (ROOT / page).stat().st_size > 100_000
        notebook = (ROOT / page).with_suffix(".ipynb").read_text()
        assert '"output_type": "error"' not in notebook
        assert '"name": "stderr"' not in notebook, f"{page} shows warnings to its reader"


def blocks(language: str) -> str:
    text = (ROOT / "README.md").read_text()
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL))


def test_the_readme_shows_what_the_notebooks_do() -> None:
    """Each call of our own in the README's example stands in a notebook, which the demo runs."""
    notebooks = "".join(p.read_text() for p in sorted((ROOT / "notebooks").glob("*.ipynb")))
    calls = re.findall(
        r"\b(cenote\.\w+|(?:await )?\b(?:get|put|gpu|filter|groupBy|agg)\()",
        blocks("ts") + blocks("python"),
    )
    assert len(calls) > 6
    for call in calls:
        assert call in notebooks, call
