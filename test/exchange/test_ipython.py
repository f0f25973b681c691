"""The magic %cenote and completion, in a shell of IPython's own; and scripts without IPython."""

import subprocess
import sys
from pathlib import Path

import cenote
import polars as pl
import pyarrow as pa
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture(scope="module")
def shell():
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "cenote")
    made.run_cell("import cenote\nimport cenote as c\nfrom cenote import get\nother = dict.get")
    yield made
    made.run_line_magic("unload_ext", "cenote")
    InteractiveShell.clear_instance()


@pytest.fixture(autouse=True)
def tables():
    for name in ("flights", "fl ights", "it's", "trips"):
        cenote.put(name, pa.table({"a": [1, 2]}))
    yield
    for item in cenote.list():
        cenote.delete(item.name)


def words(shell, code: str) -> set[str]:
    with provisionalcompleter():
        return {c.text for c in shell.Completer.completions(code, len(code)) if c.type == "cenote"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('cenote.get("', {"flights", "fl ights", "it's", "trips"}),
        ('t = 1; x = cenote.get("fl', {"flights", "fl ights"}),
        ("cenote.get('", {"flights", "fl ights", "trips"}),
        ('cenote.get("fl i', {"fl ights"}),
        ('c.delete("tr', {"trips"}),
        ('get("tr', {"trips"}),
        ('get(name="tr', {"trips"}),
        ('other("tr', set()),
        ('unknown.get("tr', set()),
        ('cenote.get("flights", as_="p', {"pyarrow", "polars", "pandas"}),
        ("%cenote ", {"get", "rm", "copies", "stats"}),
        ("%cenote get fl", {"flights"}),
        ("%cenote rm flights tr", {"trips"}),
        ("x = %cenote get 'fl ights' as p", {"pyarrow", "polars", "pandas"}),
    ],
)
def test_names_complete(shell, code, expected):
    assert words(shell, code) == expected


def test_what_completes_replaces_what_was_typed(shell):
    code = 'x = cenote.get("fl i'
    with provisionalcompleter():
        (found,) = [c for c in shell.Completer.completions(code, len(code)) if c.type == "cenote"]
    assert code[: found.start] + found.text == 'x = cenote.get("fl ights'


def test_the_magic(shell):
    listing = shell.run_line_magic("cenote", "")
    assert [item.name for item in listing] == ["fl ights", "flights", "it's", "trips"]
    html = shell.display_formatter.format(listing)[0]["text/html"]
    assert "<th" in html and "it&#x27;s" in html
    assert shell.run_line_magic("cenote", "get flights").to_pydict() == {"a": [1, 2]}
    assert isinstance(shell.run_line_magic("cenote", "get 'fl ights' as polars"), pl.DataFrame)
    assert shell.run_line_magic("cenote", "rm trips 'fl ights'") is None
    assert [item.name for item in cenote.ls()] == ["flights", "it's"]
    assert shell.run_line_magic("cenote", "stats")["puts"] > 0
    assert isinstance(shell.run_line_magic("cenote", "copies"), cenote.Copies)


@pytest.mark.parametrize("line", ["what", "get", "get a b", "rm", "stats now", "get 'open"])
def test_the_magic_says_what_it_knows(shell, line):
    with pytest.raises(UsageError, match="%cenote"):
        shell.run_line_magic("cenote", line)


def test_it_can_be_unloaded():
    other = InteractiveShell()
    before = len(other.Completer.custom_matchers)
    other.run_line_magic("load_ext", "cenote")
    other.run_line_magic("unload_ext", "cenote")
    assert len(other.Completer.custom_matchers) == before
    assert "cenote" not in other.magics_manager.magics["line"]


def test_plain_scripts_need_neither_ipython_nor_numpy():
    code = """
import sys
for name in ("IPython", "numpy", "pandas", "polars"):
    sys.modules[name] = None
import cenote, pyarrow as pa
cenote.put("plain", pa.table({"a": [1]}))
cenote.put("dict", {"a": [1, 2], "b": ["x", None]})
with cenote.writer("written", {"n": pa.int64()}) as out:
    out.write({"n": [5]})
print(cenote.get("plain").to_pydict(), cenote.get("dict").num_rows, cenote.list(), sep="\\n")
try:
    cenote.put("buffer", b"x")
except cenote.NotArrowError as error:
    print(error)
"""
    path = str(Path(cenote.__file__).parents[1])
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.startswith("{'a': [1]}\n2\ndict: 2 rows")
    assert "by way of numpy, which is not installed" in shown
