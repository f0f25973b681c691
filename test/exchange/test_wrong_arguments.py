"""What people give by mistake is an error of Cenote's that says so, whatever the library says."""

import cenote
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest


class BadStream:
    def __arrow_c_stream__(self, requested_schema=None):
        raise KeyError("mine")


class BadDevice:
    def __dlpack__(self, **_):
        return None

    def __dlpack_device__(self):
        return None


class BadInterface:
    __array_interface__ = 5


class Nameless:
    def __repr__(self):
        raise RuntimeError("no text")


def within_itself():
    values = []
    values.append(values)
    return values


def deep(levels):
    kind = pa.int8()
    for _ in range(levels):
        kind = pa.list_(kind)
    return pa.table({"deep": pa.array([None], kind)})


def coded(values):
    return pa.DictionaryArray.from_arrays(pa.array([0]), values)


UUIDS = pa.array([bytes(16), None], pa.uuid())


def failing():
    yield pa.record_batch({"a": pa.array([1], pa.int8())})
    raise ZeroDivisionError("on the way")


READER = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int8()}), failing())


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (BadStream(), "KeyError: 'mine'"),
        ({"a": BadStream()}, "column 'a'.*KeyError: 'mine'"),
        (BadDevice(), "device of DLPack's type -1"),
        (BadInterface(), "an array that numpy can't read"),
        (READER, "ZeroDivisionError: on the way"),
        ({"\ud800": [1]}, "names of columns"),
        ({"a": within_itself()}, "column 'a'.*within themselves"),
        ({"a": [{"b": within_itself()}]}, "column 'a'.*within themselves"),
        (np.array([within_itself(), 1], object), "column 'values'.*within themselves"),
        (pa.table({"d": coded(coded(pa.array(["x"])))}), "column 'd'.*dictionary<.*\n.*Decode"),
        (
            pa.table({"l": pa.ListArray.from_arrays([0, 1], coded(coded(pa.array(["x"]))))}),
            "column 'l'",
        ),
        (pa.table({"u": coded(UUIDS)}), "column 'u'.*dictionary<.*uuid.*\n.*Decode"),
        (pl.DataFrame({"i": pl.Series([1], dtype=pl.Int128)}), "column 'i'.*Int128 of Polars"),
        (deep(64), "column 'deep'.*nested at most 64 deep"),
    ],
)
def test_put_says_what_is_wrong(what, says):
    with pytest.raises(cenote.NotArrowError, match=says):
        cenote.put("wrong", what)
    assert "wrong" not in [table.name for table in cenote.list()]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (deep(64), "column 'deep'.*nested at most 64 deep"),
        (pa.table({"u": coded(UUIDS)}), "column 'u'.*dictionary<"),
        (pa.table({"d": coded(coded(pa.array(["x"])))}), "column 'd'.*dictionary<"),
    ],
)
def test_a_writer_wants_types_that_streams_have(table, says):
    with pytest.raises(cenote.NotArrowError, match=says):
        cenote.writer("wrong", table.schema)


class Opaque:
    pass


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (np.array([1 + 2j]), "column 'values'.*complex128 of 1: complex numbers.*\n.*numpy.stack"),
        ({"a": np.array(5)}, "column 'a'.*no dimension"),
        (np.array([[object()]]), "column 'values'.*object of 1×1"),
        ({"a": [1, 2], "b": [1]}, "columns of one length, found {'a': 2, 'b': 1}"),
        ({"a": [1, "x"]}, "column 'a': wanted values of one type"),
        ({"a": 5}, "column 'a': wanted"),
        ({1: [5]}, "names of columns as str, found 1"),
        (
            pl.DataFrame({"n": [1], "o": pl.Series([Opaque()], dtype=pl.Object)}),
            "column 'o': wanted a type that Arrow has, found Object of Polars\n.*frame.drop",
        ),
        (pl.Series("o", [Opaque()], dtype=pl.Object), "column 'o'.*Object of Polars"),
        ({"o": pl.Series([Opaque()], dtype=pl.Object)}, "Object of Polars"),
        (pl.DataFrame({"n": [1]}).lazy(), "not computed yet\n.*collect"),
        (np.ndarray, "the class numpy.ndarray"),
        ([1, 2], "wanted Arrow data, found builtins.list\n.*{'column': values}"),
        (pd.DataFrame({"mixed": [1, "x", Opaque()]}), "mixed"),
    ],
)
def test_what_can_not_be_shared_is_refused_by_name(obj, message):
    with pytest.raises(cenote.NotArrowError, match=f"(?s){message}"):
        cenote.put("refused", obj)
    assert "refused" not in [item.name for item in cenote.list()]


def test_the_deepest_types_cross():
    cenote.put("deep", deep(63))
    assert cenote.get("deep").equals(deep(63))


@pytest.mark.parametrize(
    "what", [None, 5, "a", {1}, Nameless(), pd.DataFrame(), [("a",)], {"a": "nope"}]
)
def test_a_writer_wants_a_schema(what):
    with pytest.raises(cenote.NotArrowError, match="schema: wanted columns and their types"):
        cenote.writer("wrong", what)


@pytest.mark.parametrize("what", [5, "nope", "", "\ud800", np.eye(2), Nameless(), [("a",)]])
def test_an_array_wants_a_dtype(what):
    with pytest.raises(cenote.NotArrowError, match="dtype: wanted"):
        cenote.empty(2, what)


@pytest.mark.parametrize("what", [None, "ab", Nameless(), memoryview(bytes(6)).cast("B", [2, 3])])
def test_an_array_wants_a_shape(what):
    with pytest.raises(cenote.NotArrowError, match="shape: wanted"):
        cenote.empty(what)


def test_functions_and_flags_are_looked_at():
    cenote.put("table", {"a": [1]})
    with pytest.raises(cenote.BadArgumentError, match="tell: wanted a function or None, found 5"):
        cenote.watch("table", 5)
    with pytest.raises(cenote.BadArgumentError, match="keep: wanted True or False, found 'no'"):
        cenote.keep("table", "no")
    with pytest.raises(cenote.BadWaitError, match="Nameless, which"):
        cenote.get("table", Nameless())
    with pytest.raises(cenote.BadTargetError, match="Nameless, which"):
        cenote.get("table", as_=Nameless())
