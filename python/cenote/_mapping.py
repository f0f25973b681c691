"""Arenas of other processes as mapped here, and the leases that keep what lies in them.

A mapping is copy-on-write: a stray write neither crashes this process nor reaches the owner. Every
table that is read holds its lease through its buffers; when the last of them is collected, the
lease ends, and what was written to its pages here is forgotten, so that a later table in the same
place is seen as its owner wrote it.
"""

from __future__ import annotations

import logging
import mmap
import os
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from ._arena import page_align
from ._segment import the_kind


class Mapping:
    """An arena, mapped for reading. Takes over the descriptor."""

    def __init__(self, fd: int, size: int, keeps_descriptor: bool = False) -> None:
        """Refuses what could kill this process: a file that is too small or may be shrunk.

        With `keeps_descriptor` it can be passed on.
        """
        self._kind = the_kind()
        self._fd = fd
        try:
            self.memory = self._kind.map(fd, size)
        except BaseException:
            os.close(fd)
            raise
        self._keeps_descriptor = keeps_descriptor
        if not keeps_descriptor:
            os.close(fd)
        self.size = size
        self._buffer = pa.py_buffer(self.memory)
        self._leases: Counter[int] = Counter()

    def lease(self, offset: int, size: int, ended: Callable[[], None]) -> pa.Buffer:
        """A buffer over the range. `ended` is called, in any thread, when the last use is gone."""
        self._leases[offset] += 1
        return pa.foreign_buffer(self._buffer.address + offset, size, base=_Holder(self, ended))

    def end(self, offset: int, size: int) -> None:
        """One lease less on the range; with the last, writes made to it here are forgotten."""
        self._leases[offset] -= 1
        if self._leases[offset] <= 0:
            del self._leases[offset]
            if self._kind.copy_on_write:
                self.memory.madvise(mmap.MADV_DONTNEED, offset, page_align(size))

    def descriptor(self) -> int | None:
        """A copy of the descriptor, the caller's, if it was kept."""
        return os.dup(self._fd) if self._keeps_descriptor else None

    def __del__(self) -> None:
        """Closes the descriptor with the last use."""
        if getattr(self, "_keeps_descriptor", False):
            os.close(self._fd)

    @property
    def address(self) -> int:
        """Where the arena begins in this process."""
        return int(self._buffer.address)

    @property
    def unused(self) -> bool:
        """Whether no lease is left."""
        return not self._leases


class _Holder:
    """What a leased buffer holds on to; its end is the lease's."""

    __slots__ = ("_ended", "_mapping")

    def __init__(self, mapping: Any, ended: Callable[[], None]) -> None:
        self._mapping = mapping
        self._ended = ended

    def __del__(self) -> None:
        self._ended()


class Ended:
    """Leases that have ended but whose owners are to be told yet. Finalizers fill it, anywhere."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called for each, and must be safe in a finalizer."""
        self._queue: deque[Callable[[], None]] = deque()
        self._wake = wake
        self._woken = False

    def add(self, chore: Callable[[], None]) -> None:
        """Notes what is to be done, and has it done soon. Takes no locks."""
        self._queue.append(chore)
        self.nudge()

    def nudge(self) -> None:
        """Has the thread that sends releases run soon, once however many there are."""
        if not self._woken:
            self._woken = True
            self._wake()

    def slept(self, again: bool = False) -> None:
        """The woken thread is here: the next end wakes it again, unless it comes soon by itself."""
        self._woken = again

    def run(self) -> None:
        """Does what is to be done. What fails is logged: it is nobody's call, and others wait."""
        while True:
            try:
                chore = self._queue.popleft()
            except IndexError:
                return
            try:
                chore()
            except Exception:
                logging.getLogger("cenote").exception("a lease could not be ended")
