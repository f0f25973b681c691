"""Sheets: memory of an owner and one reader, in which the reader writes down what it has leased.

So a lease is taken and ended without a message, and without waking the owner, who looks there
before it reuses a range. Layout and the order in which both sides do things: docs/exchange.md.
"""

from __future__ import annotations

import itertools
import os
import threading

from ._errors import ProtocolError
from ._segment import the_kind

#: Words of u64, in the machine's byte order: how many others are to be looked at; then versions.
_WORDS = 2048
SHEET_BYTES = _WORDS * 8
#: Leases in sheets have the numbers from -1 to this one; those that are told have numbers below.
LAST_IN_SHEET = 1 - _WORDS

_numbers = itertools.count(1)


class OwnSheet:
    """The owner's side."""

    def __init__(self) -> None:
        """Makes the memory and maps it: the peer may write there."""
        self.number = next(_numbers)
        self.fd, memory = the_kind().make("cenote-sheet", SHEET_BYTES, peer_writes=True)
        self._words = memoryview(memory).cast("Q")

    def versions(self) -> list[int]:
        """The versions that the reader has leased, each as often as it has."""
        # The reader's to write: it may hold anything.
        end = min(self._words[0], _WORDS - 1)
        return [version for version in self._words[1 : end + 1] if version]

    def close(self) -> None:
        """Lets go of it."""
        os.close(self.fd)


class PeerSheet:
    """The reader's side. Takes over the descriptor. Its user holds a lock."""

    def __init__(self, fd: int) -> None:
        """Refuses what could kill this process: a file that is too small or may be shrunk."""
        try:
            self._words = memoryview(the_kind().map_to_write(fd, SHEET_BYTES)).cast("Q")
        except OSError as error:
            raise ProtocolError(f"wanted a sheet, found something else ({error})") from error
        finally:
            os.close(fd)
        self._free: list[int] = []
        self._end = 0
        self._fence = threading.Lock()
        self._fence.acquire()

    def lease(self, version: int) -> int | None:
        """Writes a version down: it is leased if the board still says so afterwards.

        None where there is no room.
        """
        if self._free:
            word = self._free.pop()
        elif self._end < _WORDS - 1:
            word = self._end = self._end + 1
            self._words[0] = word
        else:
            return None
        self._words[word] = version
        self._order()
        return -word

    def release(self, lease: int) -> None:
        """Strikes it out."""
        self._order()
        self._words[-lease] = 0
        self._free.append(-lease)
        if len(self._free) == self._end:
            self._free.clear()
            self._end = self._words[0] = 0

    def _order(self) -> None:
        """What was written before is seen by others before anything later is read here.

        A release and an acquisition of one lock are ordered, with what lies around them.
        """
        self._fence.release()
        self._fence.acquire()

    @staticmethod
    def has(lease: int) -> bool:
        """Whether that lease is in a sheet."""
        return LAST_IN_SHEET <= lease < 0
