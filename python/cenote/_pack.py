"""Writes a table into an arena as an Arrow IPC stream, copying each of its bytes once.

The chunks of a table become one record batch where their types allow (_batch.py). Tables with
columns of view, union, run-end or nested types (but lists of a fixed size, so tensors) are written
by pyarrow's own stream writer instead, with the chunks that they have.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._batch import INT32_MAX, Cursor, Plan, Writer, aligned, batch_message, plan_batch
from ._errors import NotArrowError
from ._nesting import check_types, storage_type

if TYPE_CHECKING:
    from typing import TypeAlias

    AnyArray: TypeAlias = pa.Array[Any]
    AnyColumn: TypeAlias = pa.ChunkedArray[Any]

#: Bytes from which several threads copy.
_THREADED = 1 << 20
_THREADS = min(4, os.cpu_count() or 1)
_END_OF_STREAM = struct.pack("<iI", -1, 0)


class Packed:
    """A table made ready to be written: `size` bytes by `write`."""

    def __init__(self, table: pa.Table) -> None:
        """Plans the copy; nothing is copied yet."""
        self._table = _unify(table)
        self._plan = plan_batch(self._table)
        if self._plan is None or _has_dictionaries(table):
            check_types(table.schema)
        if self._plan is None:
            self.size = _stream_size(self._table)
            return
        #: The schema's message, where no dictionaries follow it.
        self._schema = None if _has_dictionaries(table) else table.schema.serialize()
        self._head = self._head_size() if self._schema is None else self._schema.size
        self._meta, self._body = batch_message(self._table.num_rows, self._plan, self._head)
        self.size = self._head + len(self._meta) + self._body + len(_END_OF_STREAM)

    def write(self, target: memoryview) -> None:
        """Writes the stream into `target`, which has `size` bytes."""
        if self._plan is None:
            with _threaded(target) as writer:
                _write_stream(writer, self._table.schema, _batches(self._table))
            return
        if self._schema is None:
            # The empty batch and the end mark after the dictionaries are written over.
            with _threaded(target) as writer:
                _write_stream(writer, self._table.schema, [_empty_batch(self._table)])
        else:
            Cursor(target).write(self._schema)
        rest = target[self._head :]
        if self.size < _THREADED:
            self._write_batch(self._plan, Cursor(rest))
        else:
            with _threaded(rest) as writer:
                self._write_batch(self._plan, writer)

    def _write_batch(self, plan: Plan, writer: Writer) -> None:
        writer.write(self._meta)
        for size, fill in plan.buffers:
            fill(writer)
            if aligned(size) != size:
                writer.write(bytes(aligned(size) - size))
        writer.write(_END_OF_STREAM)

    def _head_size(self) -> int:
        """Bytes of the schema and dictionary messages."""
        with pa.MockOutputStream() as sink:
            _write_stream(sink, self._table.schema, [_empty_batch(self._table)])
            whole = sink.size()
        return int(whole) - _empty_batch_size(self._table) - len(_END_OF_STREAM)


def _threaded(target: memoryview) -> pa.FixedSizeBufferWriter:
    writer = pa.FixedSizeBufferWriter(pa.py_buffer(target))
    writer.set_memcopy_threads(_THREADS)
    return writer


class Blank:
    """The stream of one column without nulls, of `nbytes` bytes that are still to be written.

    `lengths`: rows, then the items of each list of a fixed size within. The values begin at
    `values`, of `size` bytes in all.
    """

    def __init__(self, schema: pa.Schema, lengths: list[int], nbytes: int) -> None:
        """Plans the messages around the values."""
        plan = Plan(nodes=[(length, 0) for length in lengths])
        plan.buffers = [(0, lambda to: None)] * len(lengths) + [(nbytes, lambda to: None)]
        with pa.BufferOutputStream() as sink:
            _write_stream(sink, schema, [])
            self._head = sink.getvalue().to_pybytes()[: -len(_END_OF_STREAM)]
        self._meta, body = batch_message(lengths[0], plan, len(self._head))
        self.values = len(self._head) + len(self._meta)
        self.size = self.values + body + len(_END_OF_STREAM)
        self._end = self.values + nbytes

    def write(self, target: memoryview) -> None:
        """Writes all but the values into `target`, which has `size` bytes."""
        target[: self.values] = self._head + self._meta
        target[self._end :] = bytes(self.size - self._end - len(_END_OF_STREAM)) + _END_OF_STREAM


def _batches(table: pa.Table) -> list[pa.RecordBatch]:
    return table.to_batches(max_chunksize=INT32_MAX)


def _write_stream(sink: pa.NativeFile, schema: pa.Schema, batches: list[pa.RecordBatch]) -> None:
    with pa.ipc.new_stream(sink, schema) as stream:
        for batch in batches:
            stream.write_batch(batch)


def _stream_size(table: pa.Table) -> int:
    """Bytes of the stream as pyarrow writes it. Raises NotArrowError where it can't."""
    with pa.MockOutputStream() as sink:
        try:
            _write_stream(sink, table.schema, _batches(table))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise NotArrowError(
                f"the table: wanted what fits an Arrow stream; pyarrow says: {error}"
            ) from error
        return int(sink.size())


def _empty_batch(table: pa.Table) -> pa.RecordBatch:
    """No rows, but the dictionaries of the table."""
    columns = [_empty_column(column) for column in table.columns]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)


def _empty_column(column: AnyColumn) -> AnyArray:
    # Not chunk.slice(0, 0): pyarrow writes all the texts of an empty slice.
    kind = column.type
    chunk = column.chunk(0) if column.num_chunks else None
    if isinstance(chunk, pa.DictionaryArray):
        indices = pa.array([], kind.index_type)
        return pa.DictionaryArray.from_arrays(indices, chunk.dictionary, ordered=kind.ordered)
    if isinstance(chunk, pa.ExtensionArray):
        storage = _empty_column(pa.chunked_array([chunk.storage]))
        return pa.ExtensionArray.from_storage(kind, storage)
    none: AnyArray = pa.nulls(0, kind)
    return none


def _empty_batch_size(table: pa.Table) -> int:
    return int(pa.ipc.get_record_batch_size(_empty_batch(table)))


def _has_dictionaries(table: pa.Table) -> bool:
    """Whether dictionaries are written before the first batch, of those that are planned here."""
    return any(pa.types.is_dictionary(storage_type(kind)) for kind in table.schema.types)


def _unify(table: pa.Table) -> pa.Table:
    """One dictionary for all chunks of a column: readers differ over replaced ones."""
    try:
        return table.unify_dictionaries()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        # Dictionaries with nulls or inside nested types, or too many values for the indices, stay
        # as they are.
        return table
