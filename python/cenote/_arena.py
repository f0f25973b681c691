"""Arenas: shared memory that this process owns, and the allocation of page ranges in it.

Nobody else can write there or resize it. Where memory can't be shared (_segment.py) an arena is
plain memory, and what lies in it is sent over the socket, as a copy that is counted.
"""

from __future__ import annotations

import _thread
import mmap
import os
from bisect import bisect
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from typing import NamedTuple

from ._host_memory import check_room, memory_room
from ._segment import shared_kind

PAGE = 4096
#: Arenas are at least this large; a larger object gets an arena of its own size.
ARENA_BYTES = 64 * 1024 * 1024
#: Bytes of empty arenas that are kept, because writing to fresh pages costs nine times as much.
KEEP_WARM_BYTES = 256 * 1024 * 1024


def page_align(size: int) -> int:
    """The size in whole pages, in bytes; at least one page."""
    return max(PAGE, -(-size // PAGE) * PAGE)


class Ranges:
    """Free ranges of [0, size) in bytes: first fit, neighbours joined. Sizes are whole pages."""

    def __init__(self, size: int) -> None:
        """All of it is free."""
        self.size = size
        self.free_bytes = size
        self._free: list[tuple[int, int]] = [(0, size)]  # (offset, size), by offset

    def take(self, size: int) -> int | None:
        """Offset of a range that is now taken, or None where no free range is that large."""
        for i, (offset, room) in enumerate(self._free):
            if room >= size:
                if room == size:
                    del self._free[i]
                else:
                    self._free[i] = (offset + size, room - size)
                self.free_bytes -= size
                return offset
        return None

    def give_back(self, offset: int, size: int) -> None:
        """Frees a range that `take` gave."""
        free = self._free
        at = bisect(free, (offset, size))
        self.free_bytes += size
        if at < len(free) and free[at][0] == offset + size:
            size += free.pop(at)[1]
        if at > 0 and free[at - 1][0] + free[at - 1][1] == offset:
            free[at - 1] = (free[at - 1][0], free[at - 1][1] + size)
        else:
            free.insert(at, (offset, size))


@dataclass(eq=False)
class Arena:
    """One arena; `fd` is None where it can't be shared."""

    id: int
    size: int
    #: The name whose older version was the last to lie here: its next one may come here.
    spare_of: str | None = field(init=False, default=None)
    fd: int | None = field(init=False, default=None)
    memory: mmap.mmap = field(init=False)
    ranges: Ranges = field(init=False)

    #: Memory and descriptor of an arena whose owner has ended; it is only read. Else it is made.
    adopted: InitVar[tuple[mmap.mmap, int] | None] = None
    is_adopted: bool = field(init=False)

    def __post_init__(self, adopted: tuple[mmap.mmap, int] | None) -> None:
        """Makes the memory and maps it."""
        self.ranges = Ranges(self.size)
        self.is_adopted = adopted is not None
        if adopted is not None:
            self.memory, self.fd = adopted
            self.ranges.take(self.size)
            return
        kind = shared_kind()
        if kind is None:
            self.memory = mmap.mmap(-1, self.size)
        else:
            self.fd, self.memory = kind.make("cenote-arena", self.size)

    @property
    def empty(self) -> bool:
        """Whether nothing lies in it."""
        return self.ranges.free_bytes == self.size

    def writable(self, offset: int, size: int) -> memoryview:
        """The range as the owner writes it."""
        return memoryview(self.memory)[offset : offset + size]

    def close(self) -> None:
        """Lets go of the memory; it is freed when the last reader has unmapped it."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
        if self.is_adopted:
            return  # another table there may be shared on, too: it goes with the last of them
        try:
            self.memory.close()
        except BufferError:
            pass  # a reader in this process still has it mapped; it goes with that reader


def apart(free: Callable[[], object]) -> None:
    """Frees memory in a thread of its own: a gigabyte takes a tenth of a second."""
    try:
        _thread.start_new_thread(free, ())
    except RuntimeError:  # no more threads, or the interpreter ends
        free()


class Newer(NamedTuple):
    """The version that has replaced another."""

    name: str
    size: int


class Arenas:
    """All arenas of this process. Not locked: its user holds the lock."""

    def __init__(
        self,
        room: Callable[[], float] = memory_room,
        dropped: Callable[[list[int]], None] = lambda arenas: None,
        reclaim: Callable[[], None] = lambda: None,
    ) -> None:
        """None yet: memory is made when it is first needed.

        `room`: bytes that may be taken. `dropped` is told the ids of arenas that are gone.
        `reclaim` gives back what can be, before a new one is made.
        """
        self._reclaim = reclaim
        self._room = room
        self._dropped = dropped
        self._arenas: list[Arena] = []
        self._last_id = 0

    def take(self, size: int) -> tuple[Arena, int]:
        """A range of `size` bytes in whole pages: its arena and offset.

        Raises HostMemoryError where there is no room for a new arena.
        """
        pages = page_align(size)
        found = self._find(pages)
        if found is None:
            self._reclaim()
            found = self._find(pages)
        if found is not None:
            return found
        if pages > self._room():
            self._drop(self._empty())()
        check_room(pages, self._room())
        self._last_id += 1
        arena = Arena(self._last_id, max(ARENA_BYTES, pages))
        self._arenas.append(arena)
        offset = arena.ranges.take(pages)
        assert offset is not None
        return arena, offset

    def adopt(self, memory: mmap.mmap, fd: int, size: int) -> Arena:
        """An arena whose owner has ended, for the one object in it that is shared on.

        Takes the descriptor over. It is dropped when the object is given back.
        """
        self._last_id += 1
        arena = Arena(self._last_id, size, (memory, fd))
        self._arenas.append(arena)
        return arena

    def _find(self, pages: int) -> tuple[Arena, int] | None:
        for arena in self._arenas:
            # What is small leaves the large ones to the next large object.
            if (arena.size > ARENA_BYTES) != (pages > ARENA_BYTES):
                continue
            offset = arena.ranges.take(pages)
            if offset is not None:
                arena.spare_of = None
                return arena, offset
        return None

    def give_back(self, arena: Arena, offset: int, size: int, newer: Newer | None = None) -> None:
        """Frees a range, and drops arenas when too many lie empty.

        `newer`: the version that has replaced what lay here. The next one may come here: an arena
        that is empty now is kept for it, however large it is, until `forget_spare` or until
        one is less than half as large.
        """
        if arena.is_adopted:
            apart(self._drop([arena]))
            return
        arena.ranges.give_back(offset, page_align(size))
        if newer is not None and arena.empty:
            self._unmark(newer.name)
            if 2 * newer.size >= size:
                arena.spare_of = newer.name
        self._trim()

    def forget_spare(self, name: str) -> None:
        """No next version of that name is to be expected."""
        self._unmark(name)
        self._trim()

    def _unmark(self, name: str) -> None:
        for arena in self._arenas:
            if arena.spare_of == name:
                arena.spare_of = None

    def _empty(self) -> list[Arena]:
        return [arena for arena in self._arenas if arena.empty]

    def _trim(self) -> None:
        """Drops the largest empty arenas that are nobody's spare, beyond what is kept warm."""
        idle = sorted(
            (arena for arena in self._empty() if arena.spare_of is None), key=lambda one: -one.size
        )
        surplus = sum(arena.size for arena in idle) - KEEP_WARM_BYTES
        dropped: list[Arena] = []
        while surplus > 0:
            surplus -= idle[0].size
            dropped.append(idle.pop(0))
        if dropped:
            apart(self._drop(dropped))

    def _drop(self, arenas: list[Arena]) -> Callable[[], None]:
        """Nobody gets anything there from now on. Returns what frees the memory."""
        self._arenas = [arena for arena in self._arenas if arena not in arenas]
        self._dropped([arena.id for arena in arenas])

        def close() -> None:
            for arena in arenas:
                arena.close()

        return close

    def find(self, arena_id: int) -> Arena | None:
        """The arena of that id."""
        return next((arena for arena in self._arenas if arena.id == arena_id), None)

    def close(self) -> None:
        """Lets go of all memory."""
        for arena in self._arenas:
            arena.close()
        self._arenas.clear()

    @property
    def count(self) -> int:
        """How many arenas there are."""
        return len(self._arenas)

    @property
    def bytes(self) -> int:
        """Size of all arenas."""
        return sum(arena.size for arena in self._arenas)
