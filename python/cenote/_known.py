"""Reads Arrow streams whose schema was read before: to read it again takes longer than the rest.

Versions of a table mostly have one schema.
"""

from __future__ import annotations

import struct

import pyarrow as pa

#: What a message begins with: a mark, and the bytes of its metadata.
_HEAD = struct.Struct("<Ii")
_MARK = 0xFFFFFFFF
_END = _HEAD.pack(_MARK, 0)
#: Schemas that are remembered, and the bytes of the largest one's message.
_SCHEMAS_KEPT, _LARGEST = 256, 16 * 1024
_EXTENSION = b"ARROW:extension:name"


class KnownStreams:
    """Schemas by the bytes of their messages. Its user holds a lock."""

    def __init__(self) -> None:
        """None yet."""
        self._schemas: dict[bytes, pa.Schema] = {}

    def read(self, stream: pa.Buffer) -> pa.Table:
        """The table. Raises pa.ArrowException or OSError where it is not readable."""
        memory = memoryview(stream).cast("B")
        at = _end_of_metadata(memory, 0)
        if not 8 < at <= _LARGEST:
            return pa.ipc.open_stream(stream).read_all()
        key = memory[:at].tobytes()
        schema = self._schemas.get(key)
        if schema is not None:
            batch = _only_batch(stream, memory, at, schema)
            return pa.ipc.open_stream(stream).read_all() if batch is None else batch
        table = pa.ipc.open_stream(stream).read_all()
        if _stays(key, table.schema):
            if len(self._schemas) >= _SCHEMAS_KEPT:
                self._schemas.clear()
            self._schemas[key] = table.schema
        return table


def _only_batch(
    stream: pa.Buffer, memory: memoryview, at: int, schema: pa.Schema
) -> pa.Table | None:
    """The stream's one batch, after its schema; None where there is anything else."""
    body_at = _end_of_metadata(memory, at)
    if body_at < 0:
        return None
    message = pa.ipc.read_message(stream.slice(at))
    if message.type != "record batch" or message.body is None:
        return None
    end = body_at + message.body.size
    if memory[end : end + 8] not in (_END, b""):
        return None
    return pa.Table.from_batches([pa.ipc.read_record_batch(message, schema)], schema)


def _end_of_metadata(memory: memoryview, at: int) -> int:
    """Of the message that begins there; below 0 where none does."""
    if at + 8 > len(memory):
        return -1
    mark, size = _HEAD.unpack_from(memory, at)
    end: int = at + 8 + size
    return end if mark == _MARK and 0 < size and end <= len(memory) else -1


def _stays(key: bytes, schema: pa.Schema) -> bool:
    """Whether its message alone says what the schema is, and what a batch of it is.

    Dictionaries come in messages of their own, and types of extensions may be registered later.
    """
    tensors = sum(isinstance(field.type, pa.FixedShapeTensorType) for field in schema)
    return key.count(_EXTENSION) == tensors and not any(map(_has_dictionary, schema.types))


def _has_dictionary(kind: pa.DataType) -> bool:
    if isinstance(kind, pa.BaseExtensionType):
        return _has_dictionary(kind.storage_type)
    inner = (kind.field(i).type for i in range(kind.num_fields))
    return pa.types.is_dictionary(kind) or any(map(_has_dictionary, inner))
