"""What a Python notebook's pages are answered: tables in outputs, and what is shared."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import pyarrow as pa
import pytest
from cenote import _column, _comm


class Comm:
    """The kernel's end of a comm, whose messages are kept."""

    comm_id = "page"

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []

    def send(self, data: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self.sent.append((data, buffers or []))

    def on_msg(self, callback: Any) -> None:
        self.receive = lambda data: callback({"content": {"data": data}})

    def on_close(self, callback: Any) -> None:
        self.ended = callback


def opened(table: pa.Table) -> tuple[Comm, dict[str, Any]]:
    data, metadata = _comm.bundle(table)
    comm = Comm()
    view = metadata[_comm.MIME]["view"]
    _comm._open_table(comm, {"content": {"data": {"v": 1, "view": view}}})
    return comm, data


def rows(comm: Comm, begin: int, count: int) -> pa.Table:
    comm.receive({"kind": "rows", "id": 9, "from": begin, "count": count})
    answer, [data] = comm.sent[-1]
    table = pa.ipc.open_stream(data).read_all()
    assert answer == {"kind": "rows", "id": 9, "from": begin, "count": table.num_rows}
    return table


def wait_for(comm: Comm, kind: str) -> dict[str, Any]:
    import threading
    import time

    deadline = time.monotonic() + 120
    while comm.sent[-1][0]["kind"] != kind:
        assert time.monotonic() < deadline, comm.sent[-1]
        assert not any(data["kind"] == "failed" for data, _ in comm.sent), comm.sent[-1]
        for thread in threading.enumerate():
            if thread.name == "cenote-column":
                thread.join(1)
    return comm.sent[-1][0]


def test_rows_come_from_anywhere_and_sorted() -> None:
    numbers = [(i * 7919) % 10_007 if i % 5 else None for i in range(10_007)]
    table = pa.table({"n": numbers, "i": range(10_007)})
    comm, data = opened(table)
    assert comm.sent[0][0] == {"kind": "ready", "v": 1, "rows": 10_007}
    saved = pa.ipc.open_stream(base64.b64decode(data[_comm.MIME])).read_all()
    assert saved == table.slice(0, 1000)
    assert rows(comm, 9_990, 100) == table.slice(9_990)
    comm.receive({"kind": "sort", "id": 1, "column": 0, "descending": True})
    assert wait_for(comm, "sorted")["id"] == 1
    found = rows(comm, 0, 2000)["n"].to_pylist()
    assert found == sorted((n for n in numbers if n is not None), reverse=True)[:2000]
    assert rows(comm, 10_000, 7)["n"].null_count == 7
    comm.receive({"kind": "sort", "id": 2, "column": None, "descending": False})
    wait_for(comm, "sorted")
    assert rows(comm, 3, 4) == table.slice(3, 4)


def test_a_preview_is_capped_by_bytes() -> None:
    table = pa.table({"text": ["é" * 2000] * 5000})
    data, metadata = _comm.bundle(table)
    bytes_ = base64.b64decode(data[_comm.MIME])
    assert 100_000 < len(bytes_) <= _comm.PREVIEW_BYTES
    saved = pa.ipc.open_stream(bytes_).read_all()
    assert saved == table.slice(0, saved.num_rows)
    assert metadata[_comm.MIME]["rows"] == 5000


def test_a_long_dictionary_is_not_saved_whole() -> None:
    words = pa.array([f"word {i:06}" for i in range(200_000)]).dictionary_encode()
    table = pa.table({"word": words})
    data, _ = _comm.bundle(table)
    saved = pa.ipc.open_stream(base64.b64decode(data[_comm.MIME])).read_all()
    assert saved["word"].to_pylist() == [f"word {i:06}" for i in range(1000)]


def test_a_table_that_has_gone_is_told_of() -> None:
    comm = Comm()
    _comm._open_table(comm, {"content": {"data": {"v": 1, "view": "unknown"}}})
    assert comm.sent == [({"kind": "gone"}, [])]


def test_what_goes_wrong_is_told_to_the_page() -> None:
    comm, _ = opened(pa.table({"a": [1]}))
    comm.receive({"kind": "rows", "id": 4, "from": "x", "count": 1})
    assert comm.sent[-1][0]["kind"] == "failed"
    assert comm.sent[-1][0]["id"] == 4


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            pa.chunked_array([[3, None, 1], [2]]),
            {"rows": 4, "nulls": 1, "least": "1", "greatest": "3", "mean": 2.0},
        ),
        (
            pa.chunked_array([[1.5, math.nan, None]]),
            {"rows": 3, "nulls": 1, "nans": 1, "least": "1.5", "greatest": "1.5", "mean": 1.5},
        ),
        (pa.chunked_array([pa.array([None, None], pa.int8())]), {"rows": 2, "nulls": 2}),
        (
            pa.chunked_array([["b", "a", "b", None]]),
            {
                "rows": 4,
                "nulls": 1,
                "distinct": 2,
                "top": [{"value": "b", "count": 2}, {"value": "a", "count": 1}],
            },
        ),
        (
            pa.chunked_array([pa.array([2**62 + 1, -(2**62)])]),
            {
                "rows": 2,
                "nulls": 0,
                "least": "-4611686018427387904",
                "greatest": "4611686018427387905",
                "mean": 0.0,
            },
        ),
        (pa.chunked_array([pa.array([[1], [2]])]), {"rows": 2, "nulls": 0}),
    ],
)
def test_facts_of_columns(values: pa.ChunkedArray, expected: dict[str, Any]) -> None:
    found = _column.facts(values)
    histogram = found.pop("histogram", None)
    assert found == expected
    if "least" in expected:
        assert sum(histogram) == expected["rows"] - expected["nulls"] - expected.get("nans", 0)


def test_facts_of_other_types() -> None:
    day = pa.chunked_array([pa.array([0, 864e5], pa.int64()).cast(pa.timestamp("ms"))])
    found = _column.facts(day)
    assert found["least"].startswith("1970-01-01")
    assert sum(found["histogram"]) == 2
    coded = pa.chunked_array([pa.array(["x", "y", "x"]).dictionary_encode()])
    assert _column.facts(coded)["top"][0] == {"value": "x", "count": 2}
    truths = pa.chunked_array([[True, False, True, None]])
    assert _column.facts(truths)["distinct"] == 2
    assert _column.facts(pa.chunked_array([pa.array([], pa.string())]))["top"] == []


@pytest.mark.parametrize(
    ("values", "least", "greatest"),
    [
        ([math.inf], "Infinity", "Infinity"),
        ([1.0, -math.inf, math.inf], "-Infinity", "Infinity"),
        ([1e308, 1e308], "1e+308", "1e+308"),
        ([0.0, 5e-324, 0.0], "0", "5e-324"),
        ([10**18, 10**18 + 500], "1000000000000000000", "1000000000000000500"),
        (pa.array([3, -1], pa.duration("us")), "-1 µs", "3 µs"),
    ],
)
def test_facts_of_extremes(values: Any, least: str, greatest: str) -> None:
    found = _column.facts(pa.chunked_array([values]))
    assert (found["least"], found["greatest"]) == (least, greatest)
    json.dumps(found, allow_nan=False)


def test_order_of_nan_and_nulls() -> None:
    values = pa.chunked_array([[2.0, None, math.nan, 1.0], [1.0]])
    assert _column.order(values, False).to_pylist() == [3, 4, 0, 2, 1]
    assert _column.order(values, True).to_pylist() == [0, 3, 4, 2, 1]
