"""What this process shares: named objects in its arenas, and how many leases each has.

An object is immutable. Putting a name again makes a new object; the old one's range is reused only
when its last lease has ended.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa

from ._arena import Arena, Arenas, Newer
from ._board import OwnBoard
from ._frames import Message
from ._pack import Packed
from ._shared import COLUMNS_NAMED, SharedTable, describe


@dataclass(frozen=True, eq=False, slots=True)
class Room:
    """Bytes of an arena in which something is written, before it is shared."""

    arena: Arena
    offset: int
    size: int

    def writable(self) -> memoryview:
        """All of it."""
        return self.arena.writable(self.offset, self.size)


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """An Arrow stream of `size` bytes that was written into a room."""

    schema: pa.Schema
    rows: int
    size: int


@dataclass(eq=False, slots=True)
class Shared:
    """One version of a named table, in an arena."""

    table: SharedTable
    arena: Arena
    offset: int
    #: Bytes of the arena that it has, `table.bytes` or more.
    room: int
    leases: int = 0
    #: False when the name was deleted or has a newer version.
    current: bool = True
    #: Not current, and all leases on it that peers have taken meanwhile are known.
    settled: bool = False

    def describe(self) -> Message:
        """As it goes over the wire."""
        arena = self.arena.id if self.arena.fd is not None else None
        return describe(self.table, self.offset, arena, self.arena.size)


class Owner:
    """The objects of this process. Every method may be called from any thread."""

    def __init__(
        self,
        dropped: Callable[[list[int]], None],
        changed: Callable[[str], None],
        settle: Callable[[], None],
        written: Callable[[], set[int]],
        hold: Callable[[], None],
    ) -> None:
        """`dropped` is told the ids of arenas that are gone, `changed` names that have changed.

        `settle` takes in what peers have sent by now, and then calls `settled`, soon. `written`
        gives the versions that peers have leased in their sheets; after `hold` is called
        `look_after_held` is to be, soon.
        """
        self._lock = threading.RLock()
        self._arenas = Arenas(dropped=dropped, reclaim=self.look_after_held)
        self.board = OwnBoard()
        self._objects: dict[str, Shared] = {}
        self._version = 0
        self._created = 0
        self._changed = changed
        self._settle = settle
        self._written = written
        #: What only leases in sheets keep.
        self._held: dict[int, Shared] = {}
        self._hold = hold
        #: Every version whose range is not free yet.
        self._versions: dict[int, Shared] = {}
        self._unsettled: list[Shared] = []

    def put(self, name: str, data: pa.Table) -> SharedTable:
        """Copies the table into an arena, once, and shares it under the name."""
        packed = Packed(data)
        room = self.take(packed.size)
        try:
            packed.write(room.writable())
        except BaseException:
            self.give_up(room)
            raise
        made = Made(data.schema, data.num_rows, packed.size)
        return self.share(name, room, made).table

    def take(self, size: int) -> Room:
        """Room for `size` bytes in an arena, to be shared or given up."""
        with self._lock:
            arena, offset = self._arenas.take(size)
        return Room(arena, offset, size)

    def give_up(self, room: Room) -> None:
        """Frees room in which nothing was shared."""
        with self._lock:
            self._arenas.give_back(room.arena, room.offset, room.size)

    def share(self, name: str, room: Room, made: Made, leases: int = 0) -> Shared:
        """Shares the stream that was written into the room, with that many leases."""
        with self._lock:
            table = self._table(name, made)
            shared = Shared(table, room.arena, room.offset, room.size, leases)
            old = self._post(shared)
        self._changed(name)
        self._retire(old)
        return shared

    def adopt(self, memory: mmap.mmap, descriptor: int, size: int) -> Arena:
        """An arena whose owner has ended, for one object. Takes the descriptor over."""
        with self._lock:
            return self._arenas.adopt(memory, descriptor, size)

    def share_as(self, table: SharedTable, room: Room) -> None:
        """Shares what lies in the room as what another process has shared before."""
        with self._lock:
            self._version += 1
            ours = replace(
                table, version=self._version, owner_pid=os.getpid(), owner_language="python"
            )
            old = self._post(Shared(ours, room.arena, room.offset, room.size))
        self._changed(table.name)
        self._retire(old)

    def _post(self, shared: Shared) -> Shared | None:
        """Makes it the current one. Returns the one before."""
        name = shared.table.name
        old = self._objects.get(name)
        self._versions[shared.table.version] = shared
        self._objects[name] = shared
        self.board.post(shared.describe())
        return old

    def _table(self, name: str, made: Made) -> SharedTable:
        self._version += 1
        self._created = max(self._created + 1, time.time_ns() // 1000)
        return SharedTable(
            name=name,
            version=self._version,
            rows=made.rows,
            bytes=made.size,
            columns=columns_of(made.schema),
            column_count=len(made.schema),
            created_us=self._created,
            owner_pid=os.getpid(),
            owner_language="python",
        )

    def remove(self, name: str) -> bool:
        """Takes the name back; false when there was none. Leases on it go on."""
        with self._lock:
            old = self._objects.pop(name, None)
            if old is not None:
                self.board.take_down(name)
                self._arenas.forget_spare(name)
        if old is not None:
            self._changed(name)
        self._retire(old)
        return old is not None

    def _retire(self, old: Shared | None) -> None:
        """A peer may have leased it from the board, and its word be on the way still."""
        if old is None:
            return
        with self._lock:
            old.current = False
            self._unsettled.append(old)
        self._settle()

    def unsettled(self) -> list[Shared]:
        """What is not current since the last call, to be `settled` once all peers were heard."""
        with self._lock:
            waiting, self._unsettled = self._unsettled, []
        return waiting

    def settled(self, shared: Shared) -> None:
        """No lease on it is on the way any more."""
        with self._lock:
            shared.settled = True
        self._free_if_unused(shared)

    def lease(self, name: str) -> Shared | None:
        """The current object of that name, with one more lease."""
        with self._lock:
            shared = self._objects.get(name)
            if shared is not None:
                shared.leases += 1
            return shared

    def lease_version(self, version: int) -> Shared | None:
        """The object of that version, with one more lease; None where its range is free already."""
        with self._lock:
            shared = self._versions.get(version)
            if shared is not None:
                shared.leases += 1
            return shared

    def end_lease(self, shared: Shared) -> None:
        """One lease less."""
        with self._lock:
            shared.leases -= 1
        self._free_if_unused(shared)

    def version(self, version: int) -> Shared | None:
        """The object of that version; None where its range is free already."""
        with self._lock:
            return self._versions.get(version)

    @property
    def is_holding(self) -> bool:
        """Whether there are versions that only leases in sheets keep: their end is not told."""
        return bool(self._held)

    def look_after_held(self) -> None:
        """Looks whether those leases have ended."""
        with self._lock:
            held, self._held = self._held, {}
            written = self._written()
            for shared in held.values():
                self._free_if_unused(shared, written)

    def _free_if_unused(self, shared: Shared, written: set[int] | None = None) -> None:
        with self._lock:
            name, version = shared.table.name, shared.table.version
            if shared.leases > 0 or not shared.settled or version not in self._versions:
                return
            if version in (self._written() if written is None else written):
                self._held[version] = shared
                self._hold()
                return
            del self._versions[version]
            current = self._objects.get(name)
            newer = None if current is None else Newer(name, current.table.bytes)
            self._arenas.give_back(shared.arena, shared.offset, shared.room, newer)

    def arena_descriptor(self, arena_id: int) -> tuple[int, int] | None:
        """A copy of its descriptor, the caller's, and its size; None where none can be passed."""
        with self._lock:  # it may be dropped, and its descriptor's number used again
            arena = self._arenas.find(arena_id)
            return None if arena is None or arena.fd is None else (os.dup(arena.fd), arena.size)

    def has_dropped(self, arena_id: int) -> bool:
        """Whether there is no such arena any more."""
        with self._lock:
            return self._arenas.find(arena_id) is None

    def find(self, name: str) -> Shared | None:
        """The current object of that name."""
        with self._lock:
            return self._objects.get(name)

    def objects(self) -> list[Shared]:
        """What is shared now."""
        with self._lock:
            return list(self._objects.values())

    def sizes(self) -> tuple[int, int]:
        """How many arenas there are, and their bytes."""
        with self._lock:
            return self._arenas.count, self._arenas.bytes

    def close(self) -> None:
        """Lets go of everything. Takes no lock: for a forked child."""
        self._objects.clear()
        self.board.close()
        self._arenas.close()


def columns_of(schema: pa.Schema) -> tuple[tuple[str, str], ...]:
    """Names and types of the first columns, as a table's description has them."""
    fields = list(schema)[:COLUMNS_NAMED]
    return tuple((_short(field.name), _short(str(field.type))) for field in fields)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
