"""What `put` takes, what `get` gives to other libraries, and what `copies()` tells of it."""

import array
import sys

import cenote
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from cenote._copies import CopyLog
from cenote._exchange import exchange
from memory import address, copied, in_arena
from remotes import Remote


@pytest.fixture(autouse=True)
def nothing_is_left():
    exchange().copies = CopyLog()
    yield
    for item in cenote.list():
        cenote.delete(item.name)


@pytest.fixture(scope="module")
def reader():
    other = Remote()
    yield other
    other.end()


ARRAYS = [
    *[np.arange(7, dtype=kind) for kind in "bBhHiIqQefd"],
    np.array([1, 2, -3], "datetime64[us]"),
    np.array([5, 7], "timedelta64[ns]"),
    np.arange(24, dtype="f4").reshape(2, 3, 4),
    np.arange(24, dtype="f8").reshape(4, 3, 2)[1:3],
    np.zeros((0, 3), "i2"),
    np.zeros((3, 0), "i2"),
]


@pytest.mark.parametrize("values", ARRAYS, ids=lambda a: f"{a.dtype} {a.shape}")
def test_arrays_come_back_over_the_same_memory(values, reader):
    cenote.put("whole array", values)
    back = cenote.get("whole array", as_="numpy")
    assert (back.dtype, back.shape) == (values.dtype, values.shape)
    np.testing.assert_array_equal(back, values)
    assert values.size == 0 or in_arena(address(back))
    assert copied("whole array") == copied("whole array", "put") == {}
    seen = "cenote.get('whole array', as_='numpy').tolist()"
    if values.dtype.kind not in "mM":
        assert reader.run(f"answer = {seen}") == values.tolist()


def test_arrays_that_are_copied_on_the_way_are_told_of():
    for name, values, why in [
        ("strided", np.arange(20)[::2], "it is not contiguous"),
        ("turned", np.arange(6).reshape(2, 3).T, "it is not contiguous"),
        ("swapped", np.arange(4, dtype=">i4"), "its bytes are in the other order"),
        ("bits", np.array([True, False, True]), "Arrow has another layout for bool"),
        ("boolean tensor", np.array([[True, False], [True, True]]), "Arrow has another layout"),
        ("texts", np.array(["x", "yy"]), "Arrow has another layout for <U2"),
        ("days", np.array(["2020-01-01"], "datetime64[D]"), "Arrow has another layout"),
    ]:
        cenote.put(name, values)
        np.testing.assert_array_equal(cenote.get(name, as_="numpy"), values)
        (found,) = [one for one in cenote.copies() if (one.call, one.name) == ("put", name)]
        assert why in found.why and found.library == "numpy" and found.columns == ("values",)
        assert found.bytes > 0


def test_masks_are_nulls_both_ways():
    values = np.ma.MaskedArray([1, 2, 3], mask=[False, True, False])
    cenote.put("masked", values)
    assert cenote.get("masked")["values"].to_pylist() == [1, None, 3]
    back = cenote.get("masked", as_="numpy")
    assert back.tolist() == [1, None, 3] and back.dtype == values.dtype
    assert in_arena(address(back.data))
    assert copied("masked") == {("values",): 3}  # the mask alone


def test_records_are_rows():
    kind = [("id", "i4"), ("at", "f8", (2,)), ("in", [("x", "u1"), ("y", "f4")])]
    rows = np.array([(1, (2, 3), (4, 5)), (6, (7, 8), (9, 10))], kind)
    cenote.put("rows", rows)
    table = cenote.get("rows")
    assert table["id"].to_pylist() == [1, 6]
    assert table["in"].to_pylist() == [{"x": 4, "y": 5}, {"x": 9, "y": 10}]
    back = cenote.get("rows", as_="numpy")
    np.testing.assert_array_equal(back["at"], rows["at"])


@pytest.mark.parametrize(
    ("obj", "values"),
    [
        (b"\x01\x02", [1, 2]),
        (bytearray(b"\x03"), [3]),
        (memoryview(b"abcd")[1:3], [98, 99]),
        (array.array("d", [1.5, 2.5]), [1.5, 2.5]),
        (
            memoryview(array.array("i", range(6))).cast("B").cast("i", (2, 3)),
            [[0, 1, 2], [3, 4, 5]],
        ),
    ],
    ids=["bytes", "bytearray", "slice", "array", "two dimensions"],
)
def test_buffers(obj, values):
    cenote.put("buffer", obj)
    assert cenote.get("buffer", as_="numpy").tolist() == values
    assert copied("buffer", "put") == {}


class Dlpack:
    """A producer of DLPack tensors that is nothing else."""

    def __init__(self, values, device=(1, 0)):
        self.values, self.device = values, device

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.device


def test_dlpack():
    values = np.arange(6, dtype="f4").reshape(3, 2)
    cenote.put("tensor", Dlpack(values))
    np.testing.assert_array_equal(cenote.get("tensor", as_="numpy"), values)
    assert copied("tensor", "put") == {}
    with pytest.raises(cenote.NotArrowError, match="DLPack's type 2"):
        cenote.put("tensor", Dlpack(values, (2, 0)))


def test_dicts_of_columns():
    cenote.put(
        "dict",
        {
            "a": np.array([1, 2], "i2"),
            "b": ["x", None],
            "c": pa.array([True, False]),
            "d": pl.Series([1.5, 2.5]),
            "e": np.zeros((2, 3)),
            "f": array.array("q", [1, 2]),
            "g": pd.Series(["p", "q"]),
            "h": range(2),
        },
    )
    table = cenote.get("dict").drop_columns(["e"])
    assert table.to_pydict() == {
        "a": [1, 2],
        "b": ["x", None],
        "c": [True, False],
        "d": [1.5, 2.5],
        "f": [1, 2],
        "g": ["p", "q"],
        "h": [0, 1],
    }
    assert cenote.get("dict", as_="numpy")["e"].shape == (2, 3)


def test_an_array_of_no_dimension_is_one_value():
    for scalar in (np.array(5), np.int64(5)):
        cenote.put("scalar", scalar)
        assert cenote.get("scalar", as_="numpy").tolist() == [5]


TABLE = pa.table(
    {
        "n": pa.array([1, 2, 3], pa.int32()),
        "m": pa.array([1.5, None, 3.5]),
        "s": ["x", "a text of more than twelve bytes", None],
        "d": pa.array(["p", "q", "p"]).dictionary_encode(),
        "b": [True, False, True],
        "l": [[1], [], None],
    }
)


def test_every_library_sees_the_same_values():
    cenote.put("t", TABLE)
    assert cenote.get("t", as_="pyarrow").equals(TABLE)
    assert cenote.get("t", as_="polars").to_dict(as_series=False) == TABLE.to_pydict()
    assert pa.table(cenote.get("t", as_="pandas")).to_pydict() == TABLE.to_pydict()
    assert cenote.get("t", as_="duckdb").project("n, m, s, b, l").fetchall() == [
        tuple(row.values()) for row in TABLE.drop_columns(["d"]).to_pylist()
    ]
    arrays = cenote.get("t", as_="numpy")
    assert {name: a.tolist() for name, a in arrays.items() if name != "l"} == TABLE.drop_columns(
        ["l"]
    ).to_pydict()
    assert in_arena(address(arrays["n"])) and in_arena(address(arrays["m"].data))


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view(), pa.string()])
def test_dictionaries_of_views_are_arrays_of_their_values(kind):
    words = pa.array(["p", "q"]).cast(kind)
    codes = pa.array([1, None, 0], pa.uint32())
    chunk = pa.DictionaryArray.from_arrays(codes, words)
    cenote.put("views", pa.table({"d": pa.chunked_array([chunk, chunk])}))
    p, q = words.to_pylist()
    assert cenote.get("views", as_="numpy")["d"].tolist() == [q, None, p] * 2


def test_copies_are_seen_where_the_memory_lies():
    cenote.put("t", TABLE)
    for library in ("pyarrow", "polars", "pandas", "numpy", "duckdb"):
        cenote.get("t", as_=library)
    found = {}
    for one in cenote.copies():
        if (one.call, one.name) == ("get", "t"):
            found.setdefault(one.library, set()).update(one.columns)
    assert found == {"polars": {"s", "d", "l"}, "numpy": {"m", "s", "d", "b", "l"}}
    texts = next(
        one for one in cenote.copies() if one.library == "polars" and one.columns == ("s",)
    )
    assert texts.bytes == 16 * 3 and "16 bytes a row" in texts.why
    times = texts.times
    cenote.get("t", as_="polars")
    again = next(
        one for one in cenote.copies() if one.library == "polars" and one.columns == ("s",)
    )
    assert (again.times, again.bytes) == (times + 1, texts.bytes + 16 * 3)
    assert "16 bytes a row" in cenote.copies()._repr_html_()
    assert "get 't', polars: s (" in repr(cenote.copies())


def test_chunks_are_joined_for_numpy():
    # Lists keep their chunks in the arena.
    tensor = pa.fixed_shape_tensor(pa.int8(), [2], permutation=None)
    column = pa.chunked_array(
        [pa.ExtensionArray.from_storage(tensor, pa.array(v, tensor.storage_type)) for v in VECTORS]
    )
    cenote.put("chunked", pa.table({"v": column, "l": [[1], [2], [3]]}))
    assert cenote.get("chunked", as_="numpy")["v"].tolist() == [[1, 2], [3, 4], [5, 6]]


VECTORS = ([[1, 2]], [[3, 4], [5, 6]])


def test_tensors_with_nulls_and_another_order():
    kind = pa.fixed_shape_tensor(pa.int32(), [2, 3], permutation=[1, 0])
    storage = pa.array([list(range(6)), None, [6, 7, 8, 9, 10, 11]], kind.storage_type)
    cenote.put(
        "turned", pa.table({"t": pa.ExtensionArray.from_storage(kind, storage), "n": [1, 2, 3]})
    )
    back = cenote.get("turned", as_="numpy")["t"]
    assert back.shape == (3, 3, 2)
    assert back[0].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert back.mask[1].all() and not back.mask[[0, 2]].any()


def test_targets_that_can_not_be():
    cenote.put("t", TABLE)
    with pytest.raises(cenote.BadTargetError, match="pyarrow, polars, .*, found 'excel'"):
        cenote.get("t", as_="excel")
    interval = pa.table({"fine": [1], "i": pa.array([(1, 2, 3)], pa.month_day_nano_interval())})
    cenote.put("interval", interval)
    with pytest.raises(cenote.ConversionError, match="'interval', column 'i' .month_day_nano"):
        cenote.get("interval", as_="polars")


def test_a_library_that_is_missing_is_named_before_the_wait(monkeypatch):
    monkeypatch.setitem(sys.modules, "nanoarrow", None)
    with pytest.raises(
        cenote.NoLibraryError, match="package nanoarrow(?s:.*)pip install nanoarrow"
    ):
        cenote.get("never shared", wait=3600, as_="nanoarrow")
    assert issubclass(cenote.NoLibraryError, ImportError)


def test_arro3_and_nanoarrow_both_ways():
    import arro3.core
    import nanoarrow

    table = TABLE.select(["n", "s", "l"])
    cenote.put("t", table)
    for library in (arro3.core.Table, nanoarrow.Array):
        made = cenote.get("t", as_=library.__module__.partition(".")[0])
        assert isinstance(made, library)
        back = pa.table(made)
        assert back.to_pydict() == table.to_pydict()
        assert in_arena(back["n"].chunk(0).buffers()[1].address)
        cenote.put("again", made)
        assert cenote.get("again").equals(table)
    cenote.put("one", nanoarrow.Array([1, 2], nanoarrow.int8()))
    assert cenote.get("one").to_pydict() == {"values": [1, 2]}
    cenote.put("one", arro3.core.Array(TABLE["s"].chunk(0)))
    assert cenote.get("one")["values"].to_pylist() == TABLE["s"].to_pylist()
