"""Parameters that papermill gives to a notebook: the cell that it writes, run in a kernel."""

from __future__ import annotations

import datetime
import json
import math
from typing import Any

import pytest
from cenote._parameters import TypeScriptTranslator
from client import Kernel

codify, inspect = TypeScriptTranslator.codify, TypeScriptTranslator.inspect

VALUES: dict[str, Any] = {
    "none": None,
    "yes": True,
    "whole": -3,
    "most": 2**53 - 1,
    "fraction": 1e-300,
    "text": "quotes \" ' ` ${x}\n\\ é😀\u2028\x00",
    "list": [1, [], {"a": None}],
    "record": {"__proto__": 1, "a b": {"c": [True]}},
    "$odd_1": "name",
    "größe": 1,
}


def test_values_arrive_as_they_are(kernel: Kernel) -> None:
    assert kernel.run(codify(VALUES)).status == "ok"
    ran = kernel.run(f"console.log(JSON.stringify({{ {', '.join(VALUES)} }}))")
    assert json.loads(ran.text()) == VALUES


def test_values_that_json_has_not(kernel: Kernel) -> None:
    parameters = {
        "nan": math.nan,
        "least": -math.inf,
        "huge": 2**53,
        "tuple": (1, 2),
        "keys": {2: 2, None: 3, True: 4},
        "day": datetime.date(2026, 1, 2),
    }
    assert kernel.run(codify(parameters)).status == "ok"
    ran = kernel.run(f"console.log(require('node:util').inspect([{', '.join(parameters)}]))")
    assert "NaN" in ran.text() and "-Infinity" in ran.text() and f"{2**53}n" in ran.text()
    assert "{ '2': 2, null: 3, true: 4 }" in ran.text() and "'2026-01-02'" in ran.text()


def test_parameters_take_the_place_of_defaults_and_can_be_assigned_to(kernel: Kernel) -> None:
    kernel.run("const n: number = 1;")
    assert kernel.run(codify({"n": 5}, "Given\nby two lines")).status == "ok"
    assert kernel.run("n += 1; n").plain == "6"


@pytest.mark.parametrize("name", ["", "a-b", "1a", "class", "a b", "await"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="rename it"):
        codify({name: 1})


def test_declared_parameters_are_found_with_their_notes() -> None:
    source = (
        "// defaults\nconst n: number = 6; // how many\n"
        "let names: Map<string, number[]> = new Map([\n  ['a', [1]], // no note\n]) // by name\n"
        "export var text = 'a; // b' // a text\nconst { x } = o;\nlet bare\n"
        "const same = n === 6;\nfunction f() { const inner = 1 }"
    )
    assert inspect({"source": source}) == [
        ("n", "number", "6", "how many"),
        (
            "names",
            "Map<string, number[]>",
            "new Map([\n  ['a', [1]], // no note\n])",
            "by name",
        ),
        ("text", "None", "'a; // b'", "a text"),
        ("same", "None", "n === 6", ""),
    ]
