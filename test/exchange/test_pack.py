"""The one copy into the arena: whatever the table, pyarrow reads the same table back."""

import decimal

import pyarrow as pa
import pytest
from cenote import _batch
from cenote._batch import ALIGNMENT
from cenote._pack import Packed
from hypothesis import given, settings
from hypothesis import strategies as st


def pack(table: pa.Table) -> memoryview:
    packed = Packed(table)
    # One byte more on each side, to see that nothing else is written.
    memory = memoryview(bytearray(b"\xaa" * (packed.size + 2 * ALIGNMENT)))
    packed.write(memory[ALIGNMENT : ALIGNMENT + packed.size])
    assert set(memory[:ALIGNMENT]) == {0xAA}
    assert set(memory[ALIGNMENT + packed.size :]) == {0xAA}
    return memory[ALIGNMENT : ALIGNMENT + packed.size]


def round_trip(table: pa.Table) -> pa.Table:
    result = pa.ipc.open_stream(pa.py_buffer(pack(table))).read_all()
    result.validate(full=True)
    assert result.schema.equals(table.schema, check_metadata=True)
    assert plain(result).equals(plain(table))
    return result


def plain(table: pa.Table) -> pa.Table:
    """Values in place of dictionaries: pyarrow calls columns unequal whose dictionaries differ."""
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            values = pa.chunked_array(
                [chunk.dictionary_decode() for chunk in table.column(i).chunks],
                field.type.value_type,
            )
            table = table.set_column(i, field.name, values)
    return table


INTEGERS = {
    kind: st.integers(low, high)
    for kind, low, high in [
        (pa.int8(), -(2**7), 2**7 - 1),
        (pa.uint16(), 0, 2**16 - 1),
        (pa.int32(), -(2**31), 2**31 - 1),
        (pa.uint64(), 0, 2**64 - 1),
        (pa.timestamp("us", "UTC"), -(2**40), 2**40),
        (pa.date32(), -(2**20), 2**20),
        (pa.duration("ns"), -(2**60), 2**60),
        (pa.time64("ns"), 0, 86_399_999_999_999),
    ]
}
TEXT = st.text(max_size=6)
FLAT = INTEGERS | {
    pa.bool_(): st.booleans(),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): TEXT,
    pa.large_string(): TEXT,
    pa.binary(): st.binary(max_size=6),
    pa.large_binary(): st.binary(max_size=6),
    pa.binary(3): st.binary(min_size=3, max_size=3),
    pa.decimal128(10, 2): st.integers(-(10**8), 10**8).map(lambda n: decimal.Decimal(n) / 100),
    pa.null(): st.none(),
    pa.dictionary(pa.int16(), pa.string()): TEXT,
    pa.list_(pa.int8(), 2): st.lists(
        st.one_of(st.none(), st.integers(0, 9)), min_size=2, max_size=2
    ),
    pa.list_(pa.list_(pa.string(), 1), 2): st.lists(
        st.lists(TEXT, min_size=1, max_size=1), min_size=2, max_size=2
    ),
    pa.list_(pa.bool_(), 3): st.lists(st.booleans(), min_size=3, max_size=3),
}
NESTED = {
    pa.list_(pa.int32()): st.lists(INTEGERS[pa.int32()], max_size=3),
    pa.large_list(pa.string()): st.lists(TEXT, max_size=3),
    pa.list_(pa.dictionary(pa.int8(), pa.string()), 1): st.lists(TEXT, min_size=1, max_size=1),
    pa.struct([("a", pa.int8()), ("b", pa.string())]): st.fixed_dictionaries(
        {"a": st.integers(0, 9), "b": TEXT}
    ),
    pa.string_view(): st.text(max_size=30),
}


@st.composite
def columns(draw, kinds, chunk_lengths):
    kind = draw(st.sampled_from(list(kinds)))
    value = st.one_of(st.none(), kinds[kind]) if draw(st.booleans()) else kinds[kind]
    chunks = []
    for length in chunk_lengths:
        before = draw(st.integers(0, 9))  # a slice: what lies before and after must not show
        values = draw(st.lists(value, min_size=before + length + 1, max_size=before + length + 1))
        chunks.append(pa.array(values, kind).slice(before, length))
    return pa.chunked_array(chunks, kind)


@st.composite
def tables(draw, kinds):
    count = draw(st.integers(1, 4))
    rows = draw(st.integers(0, 40))
    arrays = []
    for _ in range(count):  # each column is chunked in its own way
        cuts = sorted(draw(st.lists(st.integers(0, rows), max_size=4)))
        bounds = [0, *cuts, rows]
        lengths = [b - a for a, b in zip(bounds, bounds[1:], strict=False)]
        arrays.append(draw(columns(kinds, lengths)))
    metadata = draw(st.sampled_from([None, {"made": "here"}]))
    schema = pa.schema(
        [pa.field(f"c{i}", a.type, metadata=metadata) for i, a in enumerate(arrays)], metadata
    )
    return pa.table(arrays, schema=schema)


@settings(deadline=None, max_examples=150)
@given(tables(FLAT))
def test_flat_columns_become_one_batch(table):
    result = round_trip(table)
    for column in result.columns:
        assert column.num_chunks <= 1


@settings(deadline=None, max_examples=60)
@given(tables(FLAT | NESTED))
def test_every_table_is_the_same_afterwards(table):
    round_trip(table)


def test_buffers_are_aligned():
    table = pa.table({"a": pa.array([1, None, 3], pa.int8()), "b": ["x", "yy", None]})
    body = pack(table)
    base = pa.py_buffer(body).address
    result = pa.ipc.open_stream(pa.py_buffer(body)).read_all()
    for column in result.columns:
        for buffer in column.chunk(0).buffers():
            if buffer is not None and buffer.size:
                assert (buffer.address - base) % ALIGNMENT == 0


def test_chunks_with_dictionaries_of_their_own():
    chunks = [pa.array(values).dictionary_encode() for values in (["a", "b"], ["b", "c", "a"])]
    result = round_trip(pa.table({"d": pa.chunked_array(chunks)}))
    assert result["d"].to_pylist() == ["a", "b", "b", "c", "a"]


@pytest.mark.parametrize(
    "table",
    [
        pa.table({}),
        pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())}),
        pa.table({"a": pa.chunked_array([], pa.string())}),
        pa.table({"a": pa.chunked_array([], pa.dictionary(pa.int8(), pa.string()))}),
        pa.table({"n": pa.nulls(5)}),
        pa.table({"b": pa.array([b""] * 3, pa.binary(0))}),
        pa.table({"a": [1]}).slice(1),
    ],
    ids=["no columns", "no rows", "no chunks", "no dictionary", "nulls", "no width", "empty slice"],
)
def test_little_tables(table):
    round_trip(table)


def test_extension_types():
    class Tagged(pa.ExtensionType):
        def __init__(self) -> None:
            super().__init__(pa.int32(), "cenote.test.tagged")

        def __arrow_ext_serialize__(self) -> bytes:
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage_type, serialized):
            return cls()

    pa.register_extension_type(Tagged())
    try:
        chunks = [pa.array(v, pa.int32()).cast(Tagged()) for v in ([1, 2], [None, 4])]
        result = round_trip(pa.table({"t": pa.chunked_array(chunks)}))
        assert isinstance(result.schema.field(0).type, Tagged)
    finally:
        pa.unregister_extension_type("cenote.test.tagged")


def test_texts_past_two_gigabytes_are_not_joined(monkeypatch):
    # Only the sum is of that size: 2 GiB of text are not made for a test.
    chunk = pa.array(["x"])
    spans = [(0, 2**31 - 1), (0, 1)]
    monkeypatch.setattr(_batch, "_text_span", lambda *_: spans.pop())
    assert not _batch._plan_texts(_batch.Plan(), [chunk, chunk], pa.int32(), 2)


def chunk_of(kind, indices, values):
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int8()), pa.array(values, kind))


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (pa.string(), [f"a{i}" for i in range(100)], [f"b{i}" for i in range(100)]),
        (pa.string(), ["a", None], ["c", None]),
        (pa.timestamp("us"), [1, 2], [3, 4]),
        (pa.struct([("x", pa.int8())]), [{"x": 1}, {"x": 2}], [{"x": 3}, {"x": 4}]),
    ],
    ids=["too many for the indices", "nulls", "timestamps", "structs"],
)
def test_dictionaries_that_can_not_be_joined(kind, first, second):
    chunks = [chunk_of(kind, [0, 1, None], first), chunk_of(kind, [1, 0], second)]
    for some in (chunks, chunks[:1], [chunks[0].slice(0, 0), chunks[1]], []):
        column = pa.chunked_array(some, pa.dictionary(pa.int8(), kind))
        table = pa.table({"d": column, "i": pa.array(range(len(column)))})
        back = round_trip(table)
        assert back.to_pylist() == table.to_pylist()
        assert back.schema == table.schema
