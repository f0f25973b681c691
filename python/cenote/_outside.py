"""Looks into tables: whether their buffers lie in the memory that they were read from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from typing import TypeAlias

    AnyArray: TypeAlias = pa.Array[Any]


def bytes_outside(table: pa.Table, memory: pa.Buffer) -> int:
    """Bytes of the table that do not lie in `memory`: pyarrow has copied or unpacked them."""
    begin, end = memory.address, memory.address + memory.size
    return sum(
        buffer.size
        for column in table.columns
        for chunk in column.chunks
        for buffer in _buffers(chunk)
        if not begin <= buffer.address < end
    )


def _buffers(array: AnyArray) -> Iterator[pa.Buffer]:
    while isinstance(array, pa.ExtensionArray):
        array = array.storage
    for buffer in array.buffers():
        if buffer is not None and buffer.size:
            yield buffer
    if isinstance(array, pa.DictionaryArray):
        yield from _buffers(array.dictionary)
