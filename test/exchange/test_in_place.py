"""Made in the arena: arrays of `empty`, tables of `writer`. Nothing is copied, nothing is left."""

import gc
import json
import os

import cenote
import numpy as np
import pyarrow as pa
import pytest
from cenote._exchange import exchange
from remotes import Remote
from test_exchange import until


@pytest.fixture(scope="module")
def reader():
    other = Remote()
    yield other
    other.end()


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    for item in cenote.list():
        cenote.delete(item.name)
    gc.collect()
    until("all room is free again", lambda: taken() == 0)


def taken() -> int:
    """Bytes of arenas that are in use."""
    arenas = exchange().owner._arenas._arenas
    return sum(arena.size - arena.ranges.free_bytes for arena in arenas)


def moved(key: str) -> int:
    return cenote.stats()[key]


KINDS = ["i1", "u2", "i4", "u8", "f2", "f4", "f8", "M8[us]", "m8[s]"]
SHAPES = [(5,), (3, 4), (2, 3, 4), (0, 3), (0,), (3, 0)]


@pytest.mark.parametrize(
    ("kind", "shape"), [(kind, (2, 3)) for kind in KINDS] + [("i4", shape) for shape in SHAPES]
)
def test_an_array_is_shared_where_it_was_filled(kind, shape):
    values = cenote.empty(shape, kind)
    assert (values.shape, values.dtype, values.flags.writeable) == (shape, np.dtype(kind), True)
    values[...] = np.arange(values.size).reshape(shape).astype(kind)
    before = cenote.stats()
    shared = cenote.put("made", values)
    after = cenote.stats()
    assert after["bytes_put"] == before["bytes_put"]
    assert after["bytes_in_place"] - before["bytes_in_place"] == shared.bytes
    assert (shared.rows, shared.column_count) == (shape[0], 1)
    table = cenote.get("made")
    table.validate(full=True)
    back = cenote.get("made", as_="numpy")
    assert (back.shape, back.dtype) == (values.shape, values.dtype)
    np.testing.assert_array_equal(back, np.arange(values.size).reshape(shape).astype(kind))


def test_another_process_reads_it(reader):
    values = cenote.empty(100_000)
    values[:] = np.arange(100_000)
    cenote.put("made", values)
    assert reader.run("answer = float(cenote.get('made', as_='numpy').sum())") == sum(
        range(100_000)
    )


def test_it_is_read_only_afterwards_and_shared_in_place_once():
    values = cenote.empty((2, 2), "i4")
    values[:] = 1
    cenote.put("first", values)
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0] = 2
    before = moved("bytes_put")
    cenote.put("second", values)
    assert moved("bytes_put") > before
    assert cenote.get("second", as_="numpy").tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    "other",
    [lambda a: a[:2], lambda a: a.T, lambda a: a.view("i4"), lambda a: a.ravel(), np.copy],
    ids=["part", "turned", "another type", "another shape", "copy"],
)
def test_what_is_not_the_whole_array_is_copied(other):
    values = cenote.empty((4, 4), "f4")
    values[:] = np.arange(16).reshape(4, 4)
    before = moved("bytes_put")
    cenote.put("other", other(values))
    assert moved("bytes_put") > before
    values[:] = 0  # it may still be filled
    assert (
        cenote.get("other", as_="numpy").tolist()
        == other(np.arange(16, dtype="f4").reshape(4, 4)).tolist()
    )


def test_a_view_of_all_of_it_will_do():
    values = cenote.empty((4, 4), "f4")
    values[:] = 3
    before = moved("bytes_put")
    cenote.put("view", values[:])
    assert moved("bytes_put") == before


def test_its_room_is_its_own_until_the_last_of_array_and_readers():
    values = cenote.empty(1000, "i8")
    part = values[10:20]
    values[:] = 7
    cenote.put("kept", values)
    table = cenote.get("kept")
    cenote.delete("kept")
    del values
    gc.collect()
    cenote.put("later", {"n": np.zeros(1000, "i8")})  # does not come into its room
    assert part.tolist() == [7] * 10
    del part
    gc.collect()
    cenote.put("later", {"n": np.zeros(1000, "i8")})
    assert table["values"].to_pylist() == [7] * 1000
    cenote.delete("later")


def test_an_array_that_is_never_shared_gives_its_room_back():
    values = cenote.empty(10)
    assert taken() > 0
    del values
    until("its room is free", lambda: taken() == 0)


@pytest.mark.parametrize(
    ("shape", "kind", "message"),
    [
        (3, "?", "dtype: wanted one that Arrow lays out as numpy does, found bool"),
        (3, "O", "found object"),
        (3, "c16", "found complex128"),
        (3, "U4", "found <U4"),
        (3, ">i4", "found >i4"),
        (3, "M8[D]", "found datetime64"),
        ((), "f8", r"shape: wanted one or more sizes from 0, found \(\)"),
        ((2, -1), "f8", "shape: wanted"),
        ((2.5,), "f8", r"shape: wanted a whole number.*found \(2.5,\)"),
        ("x", "f8", "shape: wanted a whole number.*found 'x'"),
        (2**62, "f8", "shape: wanted an array of at most .* bytes, found"),
    ],
)
def test_what_arrow_has_no_such_layout_for_is_refused(shape, kind, message):
    with pytest.raises(cenote.NotArrowError, match=message):
        cenote.empty(shape, kind)


def test_sizes_of_numpy_are_sizes():
    assert cenote.empty(np.int64(5)).shape == (5,)
    assert cenote.empty([2, np.uint8(3)]).shape == (2, 3)


def test_a_forked_child_copies_and_frees_nothing():
    values = cenote.empty(3, "i4")
    values[:] = [1, 2, 3]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            shared = cenote.put("from child", values)
            seen = cenote.get("from child", as_="numpy").tolist()
            del values
            gc.collect()
            os.write(
                write, json.dumps([seen, cenote.stats()["bytes_put"] == shared.bytes]).encode()
            )
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert json.load(pipe) == [[1, 2, 3], True]
    os.waitpid(child, 0)
    cenote.put("ours", values)
    assert cenote.get("ours", as_="numpy").tolist() == [1, 2, 3]


SCHEMA = pa.schema({"n": pa.int64(), "s": pa.string()}, {"made": "here"})


def batch(start: int, rows: int) -> pa.RecordBatch:
    numbers = list(range(start, start + rows))
    return pa.record_batch([numbers, [f"row {n}" for n in numbers]], schema=SCHEMA)


def test_batches_are_written_and_seen_at_the_end(reader):
    before = cenote.stats()
    with cenote.writer("written", SCHEMA) as out:
        out.write(batch(0, 3))
        out.write(batch(3, 1000).slice(10, 5))
        out.write(pa.Table.from_batches([batch(8, 2), batch(10, 2)]))
        assert (out.rows, out.shared) == (12, None)
        assert "written" not in [item.name for item in cenote.list()]
        assert reader.run("answer = [t.name for t in cenote.list()]") == []
    assert (out.shared.name, out.shared.rows) == ("written", 12)
    after = cenote.stats()
    assert after["bytes_put"] == before["bytes_put"]
    assert after["bytes_in_place"] - before["bytes_in_place"] == out.shared.bytes
    table = cenote.get("written")
    table.validate(full=True)
    assert table.schema.equals(SCHEMA, check_metadata=True)
    assert table["n"].to_pylist() == [0, 1, 2, *range(13, 18), 8, 9, 10, 11]
    assert reader.run("answer = cenote.get('written')['s'].to_pylist()")[3] == "row 13"


def test_a_table_without_batches():
    with cenote.writer("none", {"a": pa.int8()}):
        pass
    assert cenote.get("none").equals(pa.table({"a": pa.array([], pa.int8())}))


def test_an_exception_forgets_what_was_written():
    cenote.put("name", {"old": [1]})
    with pytest.raises(ZeroDivisionError), cenote.writer("name", SCHEMA) as out:
        out.write(batch(0, 10))
        raise ZeroDivisionError
    assert cenote.get("name").column_names == ["old"]
    with pytest.raises(cenote.WriterClosedError, match="'name': wanted an open writer"):
        out.write(batch(0, 1))
    with pytest.raises(cenote.WriterClosedError):
        out.close()
    out.abort()


def test_a_forgotten_writer_gives_its_room_back():
    out = cenote.writer("forgotten", SCHEMA)
    out.write(batch(0, 10))
    assert taken() > 0
    del out
    gc.collect()
    until("its room is free", lambda: taken() == 0)


def test_another_schema_is_refused_and_the_writer_goes_on():
    with cenote.writer("strict", SCHEMA) as out:
        with pytest.raises(cenote.NotArrowError, match="n: int64, s: string, found s: string"):
            out.write({"s": ["x"]})
        out.write(batch(0, 1))
    assert cenote.get("strict").num_rows == 1


def test_nulls_where_the_schema_has_none_are_refused():
    schema = pa.schema([pa.field("n", pa.int8(), nullable=False)])
    with cenote.writer("whole", schema) as out:
        with pytest.raises(cenote.NotArrowError, match="column 'n': wanted no nulls, found 1"):
            out.write(pa.record_batch([pa.array([1, None], pa.int8())], schema))
        out.write(pa.record_batch([pa.array([1], pa.int8())], schema))
    assert cenote.get("whole").to_pydict() == {"n": [1]}


@pytest.mark.parametrize("capacity", [0, -1, 1.5, "1 MiB"])
def test_a_capacity_that_is_none_is_refused(capacity):
    with pytest.raises(cenote.BadSizeError, match="capacity: wanted a whole number of bytes"):
        cenote.writer("sized", SCHEMA, capacity=capacity)


def test_more_than_its_room_aborts():
    out = cenote.writer("small", SCHEMA, capacity=10_000)
    with pytest.raises(cenote.TooLargeError, match="'small': wanted at most 9.8 KiB.*after 3 rows"):
        for size in (3, 10_000):
            out.write(batch(0, size))
    with pytest.raises(cenote.WriterClosedError):
        out.close()
    with pytest.raises(cenote.UnknownNameError):
        cenote.get("small")


def test_dictionaries_that_grow():
    kind = pa.dictionary(pa.int8(), pa.string())
    schema = pa.schema({"d": kind})
    parts = [["a", "b"], ["a", "b", "c"], ["z"]]
    with cenote.writer("grown", schema) as out:
        for values in parts:
            column = pa.DictionaryArray.from_arrays(
                pa.array(range(len(values)), pa.int8()), pa.array(values)
            )
            out.write(pa.record_batch([column], schema=schema))
    assert cenote.get("grown")["d"].to_pylist() == sum(parts, [])


def test_versions_of_a_writer_follow_each_other():
    for start in range(4):
        with cenote.writer("again", SCHEMA) as out:
            out.write(batch(start, 100))
        assert cenote.get("again")["n"][0].as_py() == start
    assert moved("arenas") < 8
