"""Memory that processes share, in its kinds: sealed memfds, POSIX shared memory, or none.

The addon's native/src/memfd.c and shm.c are the twins. `CENOTE_SEGMENT` chooses: "memfd" (of Linux)
or "shm". POSIX shared memory was never tried on macOS, and so is to be asked for there.
"""

from __future__ import annotations

import fcntl
import functools
import itertools
import mmap
import os
import sys
from typing import Protocol

from ._errors import CenoteError, ProtocolError

_F_SEAL_FUTURE_WRITE = 0x0010  # fcntl(2); not named by the fcntl module

#: A descriptor to be passed, and this process's own mapping of the memory.
Made = tuple[int, mmap.mmap]


class Kind(Protocol):
    """How memory of one kind is made and mapped. Sizes in bytes; descriptors stay the caller's."""

    #: Whether what is mapped for reading is copy-on-write: a stray write reaches nobody else.
    copy_on_write: bool

    def make(self, name: str, size: int, peer_writes: bool = False) -> Made:
        """Memory that nobody else writes to, but for who gets the descriptor of one so made."""
        ...

    def map(self, fd: int, size: int) -> mmap.mmap:
        """Maps a peer's for reading. Raises ProtocolError where that could kill this process."""
        ...

    def map_to_write(self, fd: int, size: int) -> mmap.mmap:
        """Maps a peer's that was made to be written to. Raises ProtocolError."""
        ...


class _Memfd:
    """Nobody can resize it; but for the owner's mapping, made before the seals, nobody writes."""

    copy_on_write = True

    def make(self, name: str, size: int, peer_writes: bool = False) -> Made:
        fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        seals = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        try:
            os.ftruncate(fd, size)
            memory = mmap.mmap(fd, size)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals | (0 if peer_writes else _F_SEAL_FUTURE_WRITE))
        except BaseException:
            os.close(fd)
            raise
        return fd, memory

    def map(self, fd: int, size: int) -> mmap.mmap:
        self._check(fd, size)
        return mmap.mmap(fd, size, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)

    def map_to_write(self, fd: int, size: int) -> mmap.mmap:
        self._check(fd, size)
        return mmap.mmap(fd, size)

    def _check(self, fd: int, size: int) -> None:
        try:
            seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
        except OSError:
            seals = 0
        if not seals & fcntl.F_SEAL_SHRINK:
            raise ProtocolError("wanted a memfd sealed against shrinking, found something else")
        _check_size(fd, size)


class _Shm:
    """Its name is taken back at once. Who gets it opened for reading can't map it for writing.

    On macOS its size is set once; on Linux an owner could shrink it, and kill its readers.
    """

    copy_on_write = False
    _numbers = itertools.count()

    def make(self, name: str, size: int, peer_writes: bool = False) -> Made:
        from _posixshmem import (  # type: ignore[import-not-found]
            shm_open,
            shm_unlink,
        )

        while True:
            # Of at most 31 bytes. The addon in this process numbers without the "p".
            path = f"/cenote-{os.getpid()}-p{next(self._numbers)}"
            try:
                writable = shm_open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                break
            except FileExistsError:
                pass  # left by a process that was killed right here
        try:
            readable = shm_open(path, os.O_RDONLY, 0)
        except BaseException:
            os.close(writable)
            raise
        finally:
            shm_unlink(path)
        try:
            os.ftruncate(writable, size)
            memory = mmap.mmap(writable, size)
        except BaseException:
            os.close(writable)
            os.close(readable)
            raise
        os.close(readable if peer_writes else writable)
        return writable if peer_writes else readable, memory

    def map(self, fd: int, size: int) -> mmap.mmap:
        _check_size(fd, size)
        return mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ)

    def map_to_write(self, fd: int, size: int) -> mmap.mmap:
        _check_size(fd, size)
        return mmap.mmap(fd, size)


def _check_size(fd: int, size: int) -> None:
    found = os.fstat(fd).st_size
    if size == 0 or found < size:
        raise ProtocolError(f"wanted shared memory of {size} bytes, found {found}")


@functools.cache
def shared_kind() -> Kind | None:
    """The kind of memory of this process; None where it can't share any, and tables are copied."""
    if os.environ.get("CENOTE_NO_NATIVE", "") not in ("", "0"):
        return None
    wanted = os.environ.get("CENOTE_SEGMENT", "")
    if wanted == "shm":
        return _Shm()
    if hasattr(os, "memfd_create") and wanted in ("", "memfd"):
        return _Memfd()
    if not wanted:
        return None
    kinds = "memfd or shm" if sys.platform == "linux" else "shm"
    raise CenoteError(f"CENOTE_SEGMENT: wanted {kinds} on {sys.platform}, found {wanted!r}")


def the_kind() -> Kind:
    """The kind of memory of this process, which can share."""
    kind = shared_kind()
    assert kind is not None, "wanted shared memory, found a process that copies"
    return kind
