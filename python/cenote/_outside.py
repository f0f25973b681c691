"""Looks into tables: whether their buffers lie in the memory that they were read from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from typing import TypeAlias

    AnyArray: TypeAlias = pa.Array[Any]
    AnyColumn: TypeAlias = pa.ChunkedArray[Any]


def allocations() -> int | None:
    """How often pyarrow has taken memory so far: where it takes none, nothing is copied.

    None where pyarrow does not tell.
    """
    count = getattr(pa.default_memory_pool(), "num_allocations", None)
    return None if count is None else int(count())


def bytes_outside(table: pa.Table, memory: pa.Buffer) -> int:
    """Bytes of the table that do not lie in `memory`: pyarrow has copied or unpacked them."""
    begin, end = memory.address, memory.address + memory.size
    return sum(
        buffer.size
        for column in table.columns
        for buffer in column_buffers(column)
        if not begin <= buffer.address < end
    )


class Memory:
    """Where a column lies."""

    def __init__(self, column: AnyColumn) -> None:
        """Notes the ranges of its buffers."""
        self._ranges = [(b.address, b.address + b.size) for b in column_buffers(column)]

    def has(self, address: int) -> bool:
        """Whether the address is of one of the column's bytes."""
        return any(begin <= address < end for begin, end in self._ranges)

    def outside(self, column: AnyColumn) -> int:
        """Bytes of another column that do not lie where this one does."""
        return sum(b.size for b in column_buffers(column) if not self.has(b.address))


def column_buffers(column: AnyColumn) -> Iterator[pa.Buffer]:
    """The buffers of a column that are not empty."""
    for chunk in column.chunks:
        yield from array_buffers(chunk)


def array_buffers(array: AnyArray) -> Iterator[pa.Buffer]:
    """The buffers of an array that are not empty, and those of its dictionary."""
    while isinstance(array, pa.ExtensionArray):
        array = array.storage
    for buffer in array.buffers():
        if buffer is not None and buffer.size:
            yield buffer
    if isinstance(array, pa.DictionaryArray):
        yield from array_buffers(array.dictionary)
