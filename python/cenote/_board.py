"""Boards: a page of each owner that others map and read without asking.

It has a count for each name (for many names the same one), which the owner raises whenever the name
has a new version or is taken back. While the count stands still, what the owner has answered for
the name is still true.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from zlib import crc32

from ._arena import SEALS, can_share
from ._errors import ProtocolError

#: Counts on a board: u32, in the machine's byte order.
_COUNTS = 1024
BOARD_BYTES = _COUNTS * 4


def _place(name: str) -> int:
    """Which count is the name's: its CRC-32 modulo their number."""
    return crc32(name.encode()) % _COUNTS


class OwnBoard:
    """This process's own board; `fd` is None where it can't be shared."""

    def __init__(self) -> None:
        """Makes the page, maps it and seals it."""
        self.fd: int | None = None
        self._lock = threading.Lock()
        if not can_share():
            return
        self.fd = os.memfd_create("cenote-board", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.fd, BOARD_BYTES)
        self._counts = memoryview(mmap.mmap(self.fd, BOARD_BYTES)).cast("I")
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, SEALS)

    def raise_count(self, name: str) -> None:
        """To be called when a question would already have the new answer."""
        if self.fd is None:
            return
        place = _place(name)
        with self._lock:
            self._counts[place] = (self._counts[place] + 1) & 0xFFFFFFFF

    def close(self) -> None:
        """For a forked child: the parent's board is none of its own."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


class PeerBoard:
    """A peer's board, mapped. Takes over the descriptor."""

    def __init__(self, fd: int) -> None:
        """Refuses what could kill this process: a file that is too small or may be shrunk."""
        try:
            seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
            if not seals & fcntl.F_SEAL_SHRINK or os.fstat(fd).st_size < BOARD_BYTES:
                raise ProtocolError("wanted a board that is sealed against shrinking")
            self._counts = memoryview(mmap.mmap(fd, BOARD_BYTES, prot=mmap.PROT_READ)).cast("I")
        except OSError as error:
            raise ProtocolError(f"wanted a board, found something else ({error})") from error
        finally:
            os.close(fd)

    def count(self, name: str) -> int:
        """How often the name has changed so far, modulo 2^32."""
        return self._counts[_place(name)]
