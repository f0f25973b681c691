"""What is shared, as it is described on the wire and shown to people."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._arena import PAGE
from ._errors import BadNameError, ProtocolError
from ._frames import NAME_LIMIT, Message
from ._html import html_table

#: Columns that a description names; the rest are only counted.
COLUMNS_NAMED = 64
#: The one kind of content so far: an Arrow IPC stream.
ARROW_STREAM = "arrow.stream"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def format_bytes(size: float) -> str:
    """1536 → "1.5 KiB"."""
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    unit = units[0]
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def check_name(name: object) -> str:
    """The name, if it may be one: text of 1 to 256 bytes of UTF-8 without control characters."""
    if not isinstance(name, str):
        raise BadNameError(f"wanted a name as str, found {type(name).__name__}")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= NAME_LIMIT or _CONTROLS.search(name):
        raise BadNameError(
            f"wanted a name of 1 to {NAME_LIMIT} bytes of UTF-8 without control characters, "
            f"found {name[:40]!r}"
        )
    return name


@dataclass(frozen=True, slots=True)
class SharedTable:
    """A table that some process shares. `bytes` is its size in the owner's arena."""

    name: str
    version: int
    rows: int
    bytes: int
    #: Names and Arrow types of the first columns; there are `column_count` in all.
    columns: tuple[tuple[str, str], ...]
    column_count: int
    #: When it was put, in microseconds since the epoch.
    created_us: int
    owner_pid: int
    #: "python" or "typescript".
    owner_language: str

    @property
    def created(self) -> datetime:
        """When it was put, in local time."""
        return datetime.fromtimestamp(self.created_us / 1e6)

    @property
    def owner(self) -> str:
        """The owner as shown to people."""
        return f"{self.owner_language} process {self.owner_pid}"

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.name}: {self.rows:,} rows × {self.column_count} columns, "
            f"{format_bytes(self.bytes)}, from {self.owner}"
        )

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(str(self))}</code>"


class Listing(list[SharedTable]):
    """What `list()` gives: a list that a notebook shows as a table."""

    def __repr__(self) -> str:
        """One line a table."""
        return "\n".join(map(str, self)) or "(nothing is shared)"

    def _repr_html_(self) -> str:
        if not self:
            return "<em>Nothing is shared.</em>"
        titles = ("Name", "Rows", "Columns", "Size", "Owner", "Since")
        return html_table(titles, map(_html_row, self))


def _html_row(table: SharedTable) -> tuple[str, ...]:
    columns = ", ".join(f"{name}: {kind}" for name, kind in table.columns[:8])
    if table.column_count > 8:
        columns += f", … ({table.column_count} in all)"
    return (
        table.name,
        f"{table.rows:,}",
        columns,
        format_bytes(table.bytes),
        table.owner,
        table.created.strftime("%H:%M:%S"),
    )


@dataclass(frozen=True, slots=True)
class Description:
    """An object as a peer describes it, checked. `arena` is None where it can only be fetched."""

    table: SharedTable
    offset: int
    arena: int | None
    arena_bytes: int


def _whole(message: Message, key: str) -> int:
    value = message.get(key)
    if type(value) is not int or not 0 <= value < 2**53:
        raise ProtocolError(f"{key}: wanted a whole number from 0 to 2^53 - 1, found {value!r:.60}")
    return value


def describe(table: SharedTable, offset: int, arena: int | None, arena_bytes: int) -> Message:
    """The wire form of an object."""
    return {
        "name": table.name,
        "version": table.version,
        "created": table.created_us,
        "kind": ARROW_STREAM,
        "rows": table.rows,
        "bytes": table.bytes,
        "columns": [list(column) for column in table.columns],
        "columnCount": table.column_count,
        "offset": offset,
        "arena": None if arena is None else {"id": arena, "bytes": arena_bytes},
    }


def read_description(message: Any, pid: int, language: str) -> Description:
    """Checks what a peer says of an object. Raises ProtocolError."""
    if not isinstance(message, dict):
        raise ProtocolError("wanted the description of an object, found something else")
    if message.get("kind") != ARROW_STREAM:
        raise ProtocolError(f"wanted kind {ARROW_STREAM}, found {message.get('kind')!r:.60}")
    columns = message.get("columns")
    if not isinstance(columns, list) or not all(
        isinstance(c, list) and len(c) == 2 and all(isinstance(part, str) for part in c)
        for c in columns
    ):
        raise ProtocolError("columns: wanted pairs of name and type")
    table = SharedTable(
        name=check_name(message.get("name")),
        version=_whole(message, "version"),
        rows=_whole(message, "rows"),
        bytes=_whole(message, "bytes"),
        columns=tuple((c[0], c[1]) for c in columns),
        column_count=_whole(message, "columnCount"),
        created_us=_whole(message, "created"),
        owner_pid=pid,
        owner_language=language,
    )
    arena, offset = message.get("arena"), _whole(message, "offset")
    if arena is None:
        return Description(table, offset, None, 0)
    if not isinstance(arena, dict):
        raise ProtocolError("arena: wanted an object or null")
    return _placed(table, offset, _whole(arena, "id"), _whole(arena, "bytes"))


def read_facts(name: str, facts: tuple[int, ...], pid: int, language: str) -> Description:
    """Checks what a peer's board says of an object. Raises ProtocolError.

    `facts`: version, created, rows, bytes, columns, arena, bytes of the arena, offset.
    """
    if not 0 <= min(facts) <= max(facts) < 2**53:
        raise ProtocolError(f"{name}: wanted whole numbers from 0 to 2^53 - 1, found {facts}")
    version, created_us, rows, size, column_count, arena, arena_bytes, offset = facts
    table = SharedTable(name, version, rows, size, (), column_count, created_us, pid, language)
    return _placed(table, offset, arena, arena_bytes)


def _placed(table: SharedTable, offset: int, arena: int, arena_bytes: int) -> Description:
    if offset % PAGE != 0:
        raise ProtocolError(f"offset: wanted a multiple of {PAGE} bytes, found {offset}")
    if table.bytes == 0 or offset + table.bytes > arena_bytes:
        raise ProtocolError(
            f"{table.name}: bytes {offset} to {offset + table.bytes} lie outside "
            f"its arena of {arena_bytes} bytes"
        )
    return Description(table, offset, arena, arena_bytes)
