"""Writes record batches into the arena one by one, and shares them as one table at the end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._errors import BadSizeError, NotArrowError, TooLargeError, WriterClosedError, shown
from ._inputs import to_table
from ._nesting import check_types
from ._owner import Made
from ._shared import SharedTable, format_bytes

if TYPE_CHECKING:
    from ._exchange import Exchange

#: Bytes that a writer may write unless it is told otherwise.
CAPACITY = 4 * 1024**3


def check_capacity(capacity: int | None) -> int:
    """The bytes that a writer may write. Raises BadSizeError."""
    if capacity is None:
        return CAPACITY
    if not isinstance(capacity, int) or capacity < 1:
        raise BadSizeError(
            f"capacity: wanted a whole number of bytes from 1, found {shown(capacity)}"
        )
    return capacity


def read_schema(schema: Any) -> pa.Schema:
    """The schema of what a writer writes. Raises NotArrowError."""
    if isinstance(schema, pa.Schema):
        return schema
    try:
        if hasattr(schema, "__arrow_c_schema__") or isinstance(schema, (Mapping, list, tuple)):
            return pa.schema(schema)
        why = ""
    except Exception as error:  # of many kinds, whatever is asked
        why = f": {error}"
    raise NotArrowError(
        f"schema: wanted columns and their types, found {shown(schema)}{why}",
        "A pyarrow.Schema, what exports one, {name: type} or [(name, type)]; a type is one of "
        'pyarrow\'s or its name ("int64", "string").',
    )


class Writer:
    """A table that is being written. `writer` in this package makes it, and says more."""

    def __init__(self, exchange: Exchange, name: str, schema: pa.Schema, capacity: int) -> None:
        """Reserves the room; memory is taken as it is written. Raises NotArrowError."""
        check_types(schema)
        self._exchange, self.name, self.schema = exchange, name, schema
        #: Rows written so far.
        self.rows = 0
        #: What was shared, once it is.
        self.shared: SharedTable | None = None
        exchange.service.start()  # it gives the room back when the writer is gone
        self._room = exchange.owner.take(capacity)
        self._sink = pa.FixedSizeBufferWriter(pa.py_buffer(self._room.writable()))
        self._sink.set_memcopy_threads(min(4, os.cpu_count() or 1))
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        self._open = True
        try:
            self._stream = pa.ipc.new_stream(self._sink, schema, options=options)
        except BaseException:
            self.abort()
            raise

    def write(self, data: Any) -> None:
        """Writes a record batch, a table, or whatever else `put` takes, of the writer's schema.

        Raises NotArrowError for another schema; TooLargeError, which aborts; WriterClosedError.
        """
        self._check_open()
        if isinstance(data, pa.RecordBatch):
            batches, found = [data], data.schema
        else:
            table = to_table(data, [])
            batches, found = table.to_batches(), table.schema
        if not found.equals(self.schema):
            raise NotArrowError(
                f"{self.name!r}: wanted a batch of {_fields(self.schema)}, found {_fields(found)}",
                "Bring it into the schema first: batch.select(names).cast(writer.schema).",
            )
        for batch in batches:
            self._check_nulls(batch)
        with self._bounded():
            for batch in batches:
                self._stream.write_batch(batch)
                self.rows += batch.num_rows

    def _check_nulls(self, batch: pa.RecordBatch) -> None:
        for field, column in zip(self.schema, batch.columns, strict=True):
            if not field.nullable and column.null_count:
                raise NotArrowError(
                    f"{self.name!r}: column {field.name!r}: wanted no nulls, found "
                    f"{column.null_count}",
                    "Fill them first, or make the column nullable in the writer's schema.",
                )

    def close(self) -> SharedTable:
        """Ends the table and shares it: it is visible from now on."""
        self._check_open()
        with self._bounded():
            self._stream.close()
        size = self._sink.tell()
        self._let_go()
        made = Made(self.schema, self.rows, size)
        self.shared = self._exchange.share(self.name, self._room, made).table
        return self.shared

    def abort(self) -> None:
        """Forgets what was written. Nothing was visible. Does nothing after the end."""
        if self._open:
            self._let_go()
            self._exchange.owner.give_up(self._room)

    def _let_go(self) -> None:
        self._open = False
        self._sink.close()

    def _check_open(self) -> None:
        if not self._open:
            raise WriterClosedError(
                f"{self.name!r}: wanted an open writer, found one that has ended",
                f"Begin a new one: cenote.writer({self.name!r}, schema).",
            )

    def _bounded(self) -> _Bounded:
        return _Bounded(self)

    def full(self) -> TooLargeError:
        """What to raise where the room is spent."""
        return TooLargeError(
            f"{self.name!r}: wanted at most {format_bytes(self._room.size)} in all, found more "
            f"after {self.rows:,} rows",
            "Give it more room: cenote.writer(name, schema, capacity=bytes).",
        )

    def __enter__(self) -> Writer:
        """The writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes; after an error, aborts."""
        if kind is not None:
            self.abort()
        elif self._open:
            self.close()

    def __del__(self) -> None:
        """A writer that was forgotten gives its room back."""
        if getattr(self, "_open", False):
            self._open = False
            owner, room = self._exchange.owner, self._room
            self._exchange.when_ended(lambda: owner.give_up(room))


class _Bounded:
    """Aborts the writer when writing has failed: half a message is in the stream."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            return
        self._writer.abort()
        if isinstance(error, OSError) and "out of bounds" in str(error):
            raise self._writer.full() from error


def _fields(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in schema)[:400] or "no columns"
