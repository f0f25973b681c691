"""Lays all rows of a table out as one record batch, and writes its buffers out of the chunks.

The chunks become one batch as they are copied: reading costs time per batch, and a table of 33
chunks would take ten times as long to hand over as one of a single chunk. Buffers are aligned to
64 bytes.

Format: https://arrow.apache.org/docs/format/Columnar.html (Serialization and Interprocess
Communication), Message.fbs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from ._arrays import items

if TYPE_CHECKING:
    from typing import TypeAlias

    AnyArray: TypeAlias = pa.Array[Any]
    AnyColumn: TypeAlias = pa.ChunkedArray[Any]

ALIGNMENT = 64
#: Rows and offsets of one batch are 32 bits in several readers.
INT32_MAX = 2**31 - 1


class Writer(Protocol):
    """What a plan is written to."""

    def write(self, data: Any, /) -> object:
        """Appends the bytes."""


class Cursor:
    """Writes into memory, one after the other: what is too small for a stream of pyarrow's."""

    def __init__(self, target: memoryview) -> None:
        """From the beginning of `target`."""
        self._target = target
        self._at = 0

    def write(self, data: Any, /) -> None:
        """Appends the bytes."""
        given = memoryview(data).cast("B")
        end = self._at + given.nbytes
        self._target[self._at : end] = given
        self._at = end


def aligned(size: int) -> int:
    """The size in whole multiples of the alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(slots=True)
class Plan:
    """A record batch to be written: nodes (length, nulls) and buffers (size, what writes it)."""

    nodes: list[tuple[int, int]] = field(default_factory=list)
    buffers: list[tuple[int, Callable[[Writer], None]]] = field(default_factory=list)


def plan_batch(table: pa.Table) -> Plan | None:
    """How to write all rows as one batch, or None where a column's type is not laid out here."""
    if table.num_rows > INT32_MAX:
        return None
    plan = Plan()
    for column in table.columns:
        chunks = [_storage(chunk) for chunk in column.chunks if len(chunk)]
        if not _one_dictionary(column) or not _plan_column(
            plan, _storage_type(column.type), chunks, len(column)
        ):
            return None
    return plan


def _one_dictionary(column: AnyColumn) -> bool:
    """Whether all chunks of the column have the same dictionary, or none has any."""
    dictionaries = [d for chunk in column.chunks if (d := _dictionary(chunk)) is not None]
    return all(_same(dictionaries[0], other) for other in dictionaries[1:])


def _dictionary(array: AnyArray) -> AnyArray | None:
    while isinstance(array, pa.ExtensionArray):
        array = array.storage
    return array.dictionary if isinstance(array, pa.DictionaryArray) else None


def _same(one: AnyArray, other: AnyArray) -> bool:
    if (one.offset, len(one)) == (other.offset, len(other)) and one.buffers() == other.buffers():
        return True
    return one.equals(other)


def _storage_type(kind: pa.DataType) -> pa.DataType:
    while isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return kind.index_type if pa.types.is_dictionary(kind) else kind


def _storage(array: AnyArray) -> AnyArray:
    while isinstance(array, pa.ExtensionArray):
        array = array.storage
    return array.indices if isinstance(array, pa.DictionaryArray) else array


def _plan_column(plan: Plan, kind: pa.DataType, chunks: list[AnyArray], rows: int) -> bool:
    types = pa.types
    if types.is_null(kind):
        plan.nodes.append((rows, rows))
        return True
    nulls = sum(chunk.null_count for chunk in chunks)
    plan.nodes.append((rows, nulls))
    if nulls:
        plan.buffers.append(((rows + 7) // 8, lambda to: _write_bits(to, chunks, 0)))
    else:
        plan.buffers.append((0, lambda to: None))
    if types.is_boolean(kind):
        plan.buffers.append(((rows + 7) // 8, lambda to: _write_bits(to, chunks, 1)))
    elif types.is_primitive(kind) or types.is_decimal(kind) or types.is_fixed_size_binary(kind):
        width = kind.bit_width // 8
        plan.buffers.append((rows * width, lambda to: _write_values(to, chunks, width)))
    elif types.is_string(kind) or types.is_binary(kind):
        return _plan_texts(plan, chunks, pa.int32(), rows)
    elif types.is_large_string(kind) or types.is_large_binary(kind):
        return _plan_texts(plan, chunks, pa.int64(), rows)
    elif types.is_fixed_size_list(kind):
        inner = [items(chunk) for chunk in chunks]
        return _plan_column(plan, kind.value_type, inner, rows * kind.list_size)
    else:
        return False
    return True


def _plan_texts(plan: Plan, chunks: list[AnyArray], kind: pa.DataType, rows: int) -> bool:
    spans = [_text_span(chunk, kind) for chunk in chunks]
    size = sum(last - first for first, last in spans)
    if kind == pa.int32() and size > INT32_MAX:
        return False
    width = kind.bit_width // 8
    plan.buffers.append(
        ((rows + 1) * width, lambda to: _write_offsets(to, chunks, spans, kind, size))
    )
    plan.buffers.append((size, lambda to: _write_texts(to, chunks, spans)))
    return True


def _offsets(chunk: AnyArray, kind: pa.DataType, count: int) -> AnyArray:
    return pa.Array.from_buffers(kind, count, [None, chunk.buffers()[1]], offset=chunk.offset)


def _text_span(chunk: AnyArray, kind: pa.DataType) -> tuple[int, int]:
    """First and last byte of the chunk's values in its data buffer."""
    offsets = _offsets(chunk, kind, len(chunk) + 1)
    return offsets[0].as_py(), offsets[len(chunk)].as_py()


def _write_offsets(
    to: Writer, chunks: list[AnyArray], spans: list[tuple[int, int]], kind: pa.DataType, size: int
) -> None:
    width, base = kind.bit_width // 8, 0
    for chunk, (first, last) in zip(chunks, spans, strict=True):
        offsets = _offsets(chunk, kind, len(chunk))
        if base != first:
            offsets = pc.add(offsets, _scalar(base - first, kind))
        to.write(_buffer(offsets, 1).slice(offsets.offset * width, len(chunk) * width))
        base += last - first
    to.write(size.to_bytes(width, "little"))


def _scalar(value: int, kind: pa.DataType) -> Any:
    return pa.scalar(value, kind)


def _buffer(array: AnyArray, index: int) -> pa.Buffer:
    buffer = array.buffers()[index]
    return pa.py_buffer(b"") if buffer is None else buffer


def _write_texts(to: Writer, chunks: list[AnyArray], spans: list[tuple[int, int]]) -> None:
    for chunk, (first, last) in zip(chunks, spans, strict=True):
        if last > first:
            to.write(_buffer(chunk, 2).slice(first, last - first))


def _write_values(to: Writer, chunks: list[AnyArray], width: int) -> None:
    if not width:
        return
    for chunk in chunks:
        to.write(_buffer(chunk, 1).slice(chunk.offset * width, len(chunk) * width))


def _write_bits(to: Writer, chunks: list[AnyArray], index: int) -> None:
    """Joins the chunks' bitmaps (buffer `index`), which may begin and end within a byte."""
    if not chunks:
        return
    joined = pa.concat_arrays(list(_bits(chunks, index)))
    start, end = joined.offset, joined.offset + len(joined)
    if start % 8:
        joined = pa.concat_arrays([joined, pa.array([False])])
        start, end = joined.offset, joined.offset + len(joined) - 1
    to.write(_buffer(joined, 1).slice(start // 8, (end + 7) // 8 - start // 8))


def _bits(chunks: list[AnyArray], index: int) -> Iterator[AnyArray]:
    for chunk in chunks:
        bits = chunk.buffers()[index]
        if bits is None:  # no nulls in this chunk
            ones = pa.py_buffer(b"\xff" * ((len(chunk) + 7) // 8))
            yield pa.Array.from_buffers(pa.bool_(), len(chunk), [None, ones])
        else:
            yield pa.Array.from_buffers(pa.bool_(), len(chunk), [None, bits], offset=chunk.offset)


def batch_message(rows: int, plan: Plan, start: int) -> tuple[bytes, int]:
    """The encapsulated message of a record batch at `start`, and the size of its body in bytes.

    A flatbuffer with a fixed layout: Message { version V5, header RecordBatch { length, nodes,
    buffers }, bodyLength }. It is padded so that the body begins at a multiple of 64 bytes.
    """
    body, regions = 0, []
    for size, _ in plan.buffers:
        regions.append((body, size))
        body += aligned(size)
    nodes = b"".join(struct.pack("<qq", *node) for node in plan.nodes)
    buffers = b"".join(struct.pack("<qq", *region) for region in regions)
    flat = b"".join(
        (
            struct.pack("<I", 16),  # the root table is at 16
            struct.pack("<6H", 12, 24, 4, 6, 8, 16),  # its vtable, at 4
            struct.pack("<ihBxI4xq", 12, 4, 3, 32, body),  # Message, at 16
            struct.pack("<5H6x", 10, 20, 8, 4, 16),  # vtable of RecordBatch, at 40
            struct.pack("<iIqI", 16, 16, rows, 12 + len(nodes)),  # RecordBatch, at 56
            struct.pack("<I", len(plan.nodes)) + nodes,  # at 76; its structs at 80
            struct.pack("<4xI", len(plan.buffers)) + buffers,  # its structs at a multiple of 8
        )
    )
    flat += bytes(aligned(start + 8 + len(flat)) - (start + 8 + len(flat)))
    return struct.pack("<iI", -1, len(flat)) + flat, body
