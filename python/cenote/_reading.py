"""Reads what was found: over its owner's memory, mapped, or over a copy where it can't be."""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

import pyarrow as pa

from ._answers import InUse
from ._arena import apart
from ._counts import Counts
from ._errors import ProtocolError
from ._finding import PATIENCE, Finder
from ._found import Found
from ._known import KnownStreams
from ._mapping import Ended, Mapping
from ._outside import allocations, bytes_outside
from ._owner import Owner
from ._peer import Peer
from ._segment import shared_kind
from ._shared import SharedTable


class Held(NamedTuple):
    """What another process shares, and may be shared on when it has ended."""

    table: SharedTable
    #: It has a lease, as long as its owner lives.
    stream: pa.Buffer
    #: Where the stream lies; None where it is a copy.
    mapping: Mapping | None


class Reader:
    """The mapped arenas, and the tables over them.

    Its user holds `talk`, the lock of the conversation with the peers.
    """

    def __init__(
        self, owner: Owner, finder: Finder, in_use: InUse, ended: Ended, talk: threading.RLock
    ) -> None:
        """Maps nothing yet."""
        self._owner = owner
        self._finder = finder
        self._in_use = in_use
        self._ended = ended
        self._talk = talk
        self.counts = Counts()
        self.mappings: dict[tuple[Any, int], Mapping] = {}
        #: Whether arenas that are mapped from now on can be passed on.
        self.keeps_descriptors = False
        self._known = KnownStreams()

    def open(self, found: Found) -> pa.Table:
        """The table, over the mapped arena; or over a copy where it can't be mapped."""
        table = found.description.table
        mapped = found.description.arena is not None and shared_kind() is not None
        result = found.table
        if result is None and found.entry is None:  # else it was looked for
            result = self._in_use.find(found.key)
        if result is not None:
            self._finder.release(found)  # one lease will do
        else:
            result = self._read(found, mapped)
        if mapped and self._in_use.keep(table.name, found.key, result):
            self._ended.nudge()
        self.counts.handoffs += 1
        return result

    def hold(self, found: Found) -> Held:
        """The stream itself, which is not looked at."""
        table, arena = found.description.table, found.description.arena
        try:
            if arena is None or shared_kind() is None:
                stream = self._copy(found)
                self._finder.release(found)
                return Held(table, stream, None)
            mapping = self._mapping(found)
            if found.table is None:
                stream = self._map(found)
            else:  # which has the lease
                at = mapping.address + found.description.offset
                stream = pa.foreign_buffer(at, table.bytes, base=found.table)
        except BaseException:
            self._finder.release(found)
            raise
        return Held(table, stream, mapping)

    def _read(self, found: Found, mapped: bool) -> pa.Table:
        table = found.description.table
        try:
            if mapped:
                buffer = self._map(found)
            else:
                buffer = self._copy(found)
                self._finder.release(found)
        except BaseException:
            self._finder.release(found)
            raise
        before = allocations()
        try:
            result = self._known.read(buffer)
            result.validate()
        except (pa.ArrowException, OSError) as error:
            raise ProtocolError(
                f"{table.owner}: {table.name!r} is not a readable Arrow stream ({error})"
            ) from error
        if (result.num_rows, result.num_columns) != (table.rows, table.column_count):
            raise ProtocolError(
                f"{table.owner}: {table.name!r}: wanted {table.rows} rows of {table.column_count} "
                f"columns, found {result.num_rows} of {result.num_columns}"
            )
        if before is None or allocations() != before:
            outside = bytes_outside(result, buffer)
            self.counts.copies += outside > 0
            self.counts.bytes_copied += outside
        return result

    def _map(self, found: Found) -> pa.Buffer:
        description, mapping = found.description, self._mapping(found)
        offset, size = description.offset, description.table.bytes

        def end() -> None:
            with self._talk:
                mapping.end(offset, size)
                self._finder.release(found)

        return mapping.lease(offset, size, lambda: self._ended.add(end))

    def _mapping(self, found: Found) -> Mapping:
        description, peer = found.description, found.peer
        assert description.arena is not None
        key = (peer, description.arena)
        mapping = self.mappings.get(key)
        if mapping is None:
            if peer is None:
                held = self._owner.arena_descriptor(description.arena)
                descriptor = None if held is None else held[0]
            else:
                request = {"op": "arena", "arena": description.arena}
                peer.call(request, time.monotonic() + PATIENCE)
                descriptor = peer.take_descriptor()
            if descriptor is None:
                raise ProtocolError(f"{description.table.owner} has sent no descriptor")
            mapping = self.mappings[key] = Mapping(
                descriptor, description.arena_bytes, self.keeps_descriptors
            )
        if description.arena_bytes != mapping.size:
            raise ProtocolError(f"{description.table.owner}: an arena has changed its size")
        return mapping

    def _copy(self, found: Found) -> pa.Buffer:
        size = found.description.table.bytes
        if found.own is not None:
            source = found.own.arena.writable(found.own.offset, size)
            copied = pa.py_buffer(bytes(source))
        else:
            assert found.peer is not None and found.lease is not None
            copied = pa.allocate_buffer(size)
            target = memoryview(copied).cast("B")
            found.peer.fetch(found.lease, target, lambda: time.monotonic() + PATIENCE)
        self.counts.copies += 1
        self.counts.bytes_copied += size
        return copied

    def forget_dropped(self) -> None:
        """Unmaps arenas that are unused here and that their owner has dropped, or died with."""
        gone = [key for key, one in self.mappings.items() if one.unused and self._dropped(*key)]
        if gone:
            last = [self.mappings.pop(key) for key in gone]
            apart(last.clear)

    def _dropped(self, peer: Peer | None, arena: int) -> bool:
        if peer is None:
            return self._owner.has_dropped(arena)
        return peer.closed or arena in peer.dropped
