"""Streams whose schema was read before: read as pyarrow reads them, or left to it."""

import pyarrow as pa
import pytest
from cenote._known import KnownStreams
from cenote._outside import allocations, bytes_outside


def stream(*batches: pa.RecordBatch, compression: str | None = None) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, batches[0].schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue()


def batch(*values: int | None) -> pa.RecordBatch:
    lists = pa.array([None if value is None else [value] for value in values], pa.list_(pa.int8()))
    texts = pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.record_batch({"n": pa.array(values, pa.int64()), "l": lists, "t": texts})


@pytest.fixture
def known() -> KnownStreams:
    streams = KnownStreams()
    streams.read(stream(batch(0)))
    return streams


def test_each_stream_has_its_own_values_and_nothing_is_copied(known: KnownStreams) -> None:
    for values in (1,), (2, None, 4), (), (5, 6):
        given = stream(batch(*values))
        table = known.read(given)
        assert bytes_outside(table, given) == 0
        assert table.equals(pa.Table.from_batches([batch(*values)]))


def test_several_batches_and_compressed_ones(known: KnownStreams) -> None:
    assert known.read(stream(batch(1), batch(2, 3))).num_rows == 3
    packed = stream(batch(*[7] * 1000), compression="zstd")
    before = allocations()
    assert known.read(packed)["n"].to_pylist() == [7] * 1000
    assert before is None or allocations() != before  # so that the copy is looked for


def test_what_is_cut_off_raises(known: KnownStreams) -> None:
    whole = stream(batch(1, 2, 3))
    for size in (4, 100, whole.size - 40):
        with pytest.raises((pa.ArrowException, OSError)):
            known.read(whole.slice(0, size))


def test_dictionaries_and_types_that_are_registered_later_are_read_anew(
    known: KnownStreams,
) -> None:
    for values in ["a", "b"], ["c", "d"]:
        coded = pa.record_batch({"d": pa.array(values).dictionary_encode()})
        assert known.read(stream(coded))["d"].to_pylist() == values

    class Later(pa.ExtensionType):
        def __init__(self) -> None:
            super().__init__(pa.int8(), "cenote.test.later")

        def __arrow_ext_serialize__(self) -> bytes:
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> "Later":
            return cls()

    extended = pa.record_batch({"e": pa.ExtensionArray.from_storage(Later(), pa.array([1], "i1"))})
    given = stream(extended)
    assert known.read(given).schema.field("e").type == pa.int8()
    pa.register_extension_type(Later())
    try:
        assert known.read(given).schema.field("e").type == Later()
    finally:
        pa.unregister_extension_type("cenote.test.later")
