"""Boards: memory of each owner that others map and read without asking.

A board has a count for each name (for many names the same one), which the owner raises whenever the
name has a new version or is taken back: while it stands still, what the owner has answered for the
name is still true. Behind the counts the current objects are posted, in a hash table, so that a
reader finds and leases a new version without waiting for anybody. Layout: docs/exchange.md.
"""

from __future__ import annotations

import functools
import os
import struct
import threading
from zlib import crc32

from ._errors import ProtocolError
from ._frames import Message
from ._segment import shared_kind, the_kind
from ._shared import Description

#: Counts at the beginning of a board: u32, in the machine's byte order.
_COUNTS = 1024
#: Then the number of names that are not posted, a u32, with a page of its own.
_UNLISTED_AT = _COUNTS * 4
#: Then a hash for each entry (0: it is free), in buckets, and then the entries.
_ENTRIES, _BUCKET = 16384, 8
_HASHES_AT = _UNLISTED_AT + 4096
_ENTRIES_AT = _HASHES_AT + _ENTRIES * 4
_ENTRY_BYTES = 256
BOARD_BYTES = _ENTRIES_AT + _ENTRIES * _ENTRY_BYTES
#: Of an entry after its checksum: bytes of the name; version, created, rows, bytes, columns, arena,
#: bytes of the arena, offset. Then the name. At the end the last version that was taken back.
_FACTS = struct.Struct("<I8Q")
_NAME_AT = 4 + _FACTS.size
_TAKEN_AT = _ENTRY_BYTES - 8
_NAME_LIMIT = _TAKEN_AT - _NAME_AT
_TAKEN = struct.Struct("<Q")
_CHECK = struct.Struct("<I")
_HASHES = struct.Struct(f"<{_BUCKET}I")
#: Entries of one peer that are remembered.
_ENTRIES_KEPT = 1024


def _hash(name: bytes) -> int:
    return crc32(name) or 1


def _bucket(hashed: int) -> int:
    """The first entry of the bucket."""
    return hashed % (_ENTRIES // _BUCKET) * _BUCKET


@functools.lru_cache(4096)
def _place(name: str) -> tuple[bytes, int, int]:
    """The name in UTF-8, its hash, and the first entry of its bucket."""
    coded = name.encode()
    hashed = _hash(coded)
    return coded, hashed, _bucket(hashed)


class OwnBoard:
    """This process's own board; `fd` is None where it can't be shared. Its user holds a lock."""

    def __init__(self) -> None:
        """Makes the memory and maps it. Pages are taken as they are written."""
        self.fd: int | None = None
        self._entries: dict[str, int] = {}
        self._not_posted: set[str] = set()
        self._lock = threading.Lock()
        kind = shared_kind()
        if kind is None:
            return
        self.fd, memory = kind.make("cenote-board", BOARD_BYTES)
        self._memory = memoryview(memory)
        self._counts = self._memory[:_UNLISTED_AT].cast("I")

    def post(self, message: Message) -> None:
        """Posts an object, as `describe` gives it, in the place of an older one of its name.

        To be called when a lease on it would be granted already.
        """
        if self.fd is None:
            return
        name = str(message["name"])
        coded = name.encode()
        entry = self._entries.get(name)
        if entry is None:
            entry = self._free_entry(coded)
        if entry is None:
            self._not_posted.add(name)
            self._say_not_posted()
        else:
            self._write(entry, coded, message)
            if name not in self._entries:
                self._entries[name] = entry
                _CHECK.pack_into(self._memory, _HASHES_AT + entry * 4, _hash(coded))
        self._raise_count(coded)

    def _write(self, entry: int, name: bytes, message: Message) -> None:
        arena = message["arena"]
        facts = (
            *(message[key] for key in ("version", "created", "rows", "bytes", "columnCount")),
            *(arena["id"], arena["bytes"], message["offset"]),
        )
        checked = _FACTS.pack(len(name), *facts) + name
        at = _ENTRIES_AT + entry * _ENTRY_BYTES
        self._memory[at : at + 4 + len(checked)] = _CHECK.pack(crc32(checked)) + checked

    def take_down(self, name: str) -> None:
        """The name was taken back. To be called when no lease on it would be granted any more."""
        if self.fd is None:
            return
        entry = self._entries.pop(name, None)
        if entry is None:
            self._not_posted.discard(name)
            self._say_not_posted()
        else:
            _CHECK.pack_into(self._memory, _HASHES_AT + entry * 4, 0)
            at = _ENTRIES_AT + entry * _ENTRY_BYTES
            self._memory[at : at + _NAME_AT] = bytes(_NAME_AT)
        self._raise_count(name.encode())

    def _free_entry(self, name: bytes) -> int | None:
        first = _bucket(_hash(name))
        hashes = _HASHES.unpack_from(self._memory, _HASHES_AT + first * 4)
        return first + hashes.index(0) if 0 in hashes and len(name) <= _NAME_LIMIT else None

    def _say_not_posted(self) -> None:
        _CHECK.pack_into(self._memory, _UNLISTED_AT, len(self._not_posted))

    def _raise_count(self, name: bytes) -> None:
        """A change of the name is to be seen. The lock orders it after the change."""
        place = crc32(name) % _COUNTS
        with self._lock:
            self._counts[place] = (self._counts[place] + 1) & 0xFFFFFFFF

    def close(self) -> None:
        """For a forked child: the parent's board is none of its own."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


class Entry:
    """What a board says under a name, as it was read: it may be void by now."""

    __slots__ = ("_bytes", "_place", "description", "facts")

    def __init__(self, place: memoryview, read: bytes, facts: tuple[int, ...]) -> None:
        """`facts`: what is said of the object, unchecked; see `read_facts`."""
        self._place, self._bytes, self.facts = place, read, facts
        #: The same, once it is checked.
        self.description: Description | None = None

    def stands(self) -> bool:
        """Whether the board still says the same."""
        return self._place.tobytes() == self._bytes


class PeerBoard:
    """A peer's board, mapped. Takes over the descriptor."""

    def __init__(self, fd: int) -> None:
        """Refuses what could kill this process: a file that is too small or may be shrunk."""
        try:
            self._memory = memoryview(the_kind().map(fd, BOARD_BYTES))
        except OSError as error:
            raise ProtocolError(f"wanted a board, found something else ({error})") from error
        finally:
            os.close(fd)
        self._counts = self._memory[:_UNLISTED_AT].cast("I")
        self._known: dict[str, Entry] = {}

    def count(self, name: str) -> int:
        """How often the name has changed so far, modulo 2^32."""
        return self._counts[crc32(name.encode()) % _COUNTS]

    def find(self, name: str) -> tuple[bool, Entry | None]:
        """Whether the board can tell, and what it says under the name."""
        known = self._known.get(name)
        if known is not None and known.stands():
            return True, known
        coded, hashed, first = _place(name)
        hashes = _HASHES.unpack_from(self._memory, _HASHES_AT + first * 4)
        if hashed not in hashes:
            return _CHECK.unpack_from(self._memory, _UNLISTED_AT)[0] == 0, None
        at = _ENTRIES_AT + (first + hashes.index(hashed)) * _ENTRY_BYTES
        place = self._memory[at : at + _ENTRY_BYTES]
        read = place.tobytes()
        size, *facts = _FACTS.unpack_from(read, 4)
        end = _NAME_AT + size
        if read[_NAME_AT:end] != coded or _CHECK.unpack_from(read)[0] != crc32(read[4:end]):
            return False, None  # it is being written, or another name has the same hash
        if facts[0] <= _TAKEN.unpack_from(read, _TAKEN_AT)[0]:
            return True, None
        if len(self._known) >= _ENTRIES_KEPT:
            self._known.clear()
        entry = self._known[name] = Entry(place, read, tuple(facts))
        return True, entry
