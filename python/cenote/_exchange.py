"""The exchange of this process: joins what it shares (owner, service) and what it reads (peers)."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ._answers import Answers, InUse
from ._arena import can_share
from ._copies import CopyLog
from ._empty import Blocks
from ._errors import BadNameError, PeerGoneError, ProtocolError
from ._found import Found, read_reply
from ._interrupts import InterruptsHeld
from ._mapping import Ended, Mapping
from ._missing import unanswered, unknown_name
from ._outside import bytes_outside
from ._owner import Made, Room, Shared
from ._peer import Peer
from ._peers import Peers
from ._service import Service
from ._shared import Description, Listing, SharedTable, read_description
from ._watch import Watching

#: Seconds that a living peer has to answer one question.
PATIENCE = 1.0
#: Seconds until the service's thread tries again to send releases, and between its looks at what
#: peers say unasked while their arenas are mapped.
RETRY, LISTEN_EVERY = 0.02, 1.0
#: Seconds between looks while `get` waits for a name: the first pause, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.1


@dataclass(slots=True)
class Counts:
    """What was moved. Bytes, unless the name says otherwise."""

    puts: int = 0
    bytes_put: int = 0
    bytes_in_place: int = 0
    handoffs: int = 0
    copies: int = 0
    bytes_copied: int = 0
    last_get_us: float = 0.0


class Exchange:
    """All state of this process; a forked child begins anew."""

    def __init__(self) -> None:
        """Opens nothing yet."""
        self.service = Service(self._chores)
        self.owner = self.service.owner
        self.watching = Watching()
        self.counts = Counts()
        self.copies = CopyLog()
        self.blocks = Blocks(self)
        self._ended = Ended(self.service.wake)
        self._talk = threading.RLock()  # one conversation with the peers at a time
        self._peers = Peers()
        self._answers = Answers()
        self._in_use = InUse()
        self._mappings: dict[tuple[Any, int], Mapping] = {}
        self._owners: dict[str, tuple[str, int]] = {}  # who was last seen to share a name

    def put(self, name: str, table: pa.Table) -> SharedTable:
        """Shares a table, by one copy into an arena."""
        with InterruptsHeld():
            self._ended.run()
            self.service.listen()
            shared = self.owner.put(name, table)
        self.counts.puts += 1
        self.counts.bytes_put += shared.bytes
        return shared

    def share(self, name: str, room: Room, made: Made, leases: int = 0) -> Shared:
        """Shares what was made in an arena: nothing is copied."""
        with InterruptsHeld():
            self._ended.run()
            self.service.listen()
            shared = self.owner.share(name, room, made, leases)
        self.counts.puts += 1
        self.counts.bytes_in_place += made.size
        return shared

    def when_ended(self, chore: Callable[[], None]) -> None:
        """Has it done soon, elsewhere. Safe in a finalizer."""
        self._ended.add(chore)

    def get(self, name: str, wait: float) -> pa.Table:
        """The newest table of that name; waits up to `wait` seconds for it."""
        with InterruptsHeld():
            self.service.start()
        deadline = time.monotonic() + wait
        pause = FIRST_PAUSE
        while True:
            begun = time.perf_counter()
            with InterruptsHeld(), self._talk:
                self._ended.run()
                found, silent = self._find(name)
                if found is not None:
                    try:
                        return self._open(found)
                    except PeerGoneError:
                        if time.monotonic() >= deadline:
                            raise
                    finally:
                        self.counts.last_get_us = (time.perf_counter() - begun) * 1e6
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._unknown(name, silent)
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def listing(self) -> Listing:
        """What all processes share, by name, the newest first."""
        own = [shared.table for shared in self.owner.objects()]
        with InterruptsHeld(), self._talk:
            self._refresh()
            replies, _ = self._peers.ask_all({"op": "list"}, PATIENCE)
            for peer, reply in replies:
                objects = reply.get("objects")
                for item in objects if isinstance(objects, list) else ():
                    # What can't be described can't be got either.
                    with contextlib.suppress(ProtocolError, BadNameError):
                        own.append(read_description(item, peer.pid, peer.language).table)
            for table in own:
                self._owners[table.name] = (table.owner_language, table.owner_pid)
        return Listing(sorted(own, key=lambda table: (table.name, -table.created_us)))

    def delete(self, name: str) -> None:
        """Takes a name back, whoever shares it."""
        removed = self.owner.remove(name)
        with InterruptsHeld(), self._talk:
            unreached = self._refresh()
            replies, silent = self._peers.ask_all({"op": "remove", "name": name}, PATIENCE)
            if not removed and not any(reply.get("removed") is True for _, reply in replies):
                raise self._unknown(name, silent + unreached)

    def _refresh(self) -> list[str]:
        own = None if self.service.path is None else str(self.service.path)
        silent = self._peers.refresh(own)
        self._forget_dropped()
        return silent

    def _find(self, name: str) -> tuple[Found | None, list[str]]:
        """The newest version of a name, leased, and who has not answered."""
        unreached = self._refresh()
        found: list[Found] = []
        counts: dict[Peer, int | None] = {}  # of those who are to be asked
        for peer in self._peers.all():
            if not self._find_known(name, peer, found):
                counts[peer] = peer.count(name)
        replies, silent = self._peers.ask_all(
            {"op": "get", "name": name},
            PATIENCE,
            lambda reply: reply.get("object") is not None,
            counts,
        )
        own = self.owner.lease(name)
        if own is not None:
            arena = own.arena
            arena_id = None if arena.fd is None else arena.id
            description = Description(own.table, own.offset, arena_id, arena.size)
            found.append(Found(description, None, 0, own))
        wrong: ProtocolError | BadNameError | None = None
        for peer, reply in replies:
            try:
                leased = read_reply(name, peer, reply)
            except (ProtocolError, BadNameError) as error:
                wrong = error  # what others share under the name is as good as before
                continue
            what = None if leased is None else leased.description
            self._answers.remember(peer, name, counts[peer], what)
            if leased is not None:
                found.append(leased)
        if wrong is not None and not found:
            raise wrong
        found.sort(key=lambda one: one.description.table.created_us)
        for older in found[:-1]:
            self._release(older)
        return (found[-1] if found else None), silent + unreached

    def _find_known(self, name: str, peer: Peer, found: list[Found]) -> bool:
        """Whether it need not be asked what the peer shares under the name; adds it, if it does."""
        known, description = self._answers.find(peer, name)
        if description is None:
            return known
        one = Found(description, peer, 0)
        one.table = self._in_use.find(one.key)
        if one.table is not None:
            found.append(one)
        return one.table is not None

    def _release(self, found: Found) -> None:
        if found.table is not None:
            return
        if found.own is not None:
            self.owner.end_lease(found.own)
        elif found.peer is not None and not found.peer.closed:
            found.peer.release(found.lease)
            self._ended.nudge()

    def _open(self, found: Found) -> pa.Table:
        """The table, over the mapped arena; or over a copy where it can't be mapped."""
        table = found.description.table
        self._owners[table.name] = (table.owner_language, table.owner_pid)
        mapped = found.description.arena is not None and can_share()
        result = self._in_use.find(found.key) if found.table is None else found.table
        if result is not None:
            self._release(found)  # one lease will do
        else:
            result = self._read(found, mapped)
        if mapped and self._in_use.keep(table.name, found.key, result):
            self._ended.nudge()
        self.counts.handoffs += 1
        return result

    def _read(self, found: Found, mapped: bool) -> pa.Table:
        table = found.description.table
        try:
            if mapped:
                buffer = self._map(found)
            else:
                buffer = self._copy(found)
                self._release(found)
        except BaseException:
            self._release(found)
            raise
        try:
            result = pa.ipc.open_stream(buffer).read_all()
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
        outside = bytes_outside(result, buffer)
        if outside:
            self.counts.copies += 1
            self.counts.bytes_copied += outside
        return result

    def _map(self, found: Found) -> pa.Buffer:
        description, mapping = found.description, self._mapping(found)
        offset, size = description.offset, description.table.bytes

        def end() -> None:
            with self._talk:
                mapping.end(offset, size)
                self._release(found)

        return mapping.lease(offset, size, lambda: self._ended.add(end))

    def _mapping(self, found: Found) -> Mapping:
        description, peer = found.description, found.peer
        assert description.arena is not None
        key = (peer, description.arena)
        mapping = self._mappings.get(key)
        if mapping is None:
            if peer is None:
                held = self.owner.arena_descriptor(description.arena)
                descriptor = None if held is None else os.dup(held[0])
            else:
                request = {"op": "arena", "arena": description.arena}
                peer.call(request, time.monotonic() + PATIENCE)
                descriptor = peer.take_descriptor()
            if descriptor is None:
                raise ProtocolError(f"{description.table.owner} has sent no descriptor")
            mapping = self._mappings[key] = Mapping(descriptor, description.arena_bytes)
        if description.arena_bytes != mapping.size:
            raise ProtocolError(f"{description.table.owner}: an arena has changed its size")
        return mapping

    def _copy(self, found: Found) -> pa.Buffer:
        size = found.description.table.bytes
        if found.own is not None:
            source = found.own.arena.writable(found.own.offset, size)
            copied = pa.py_buffer(bytes(source))
        else:
            assert found.peer is not None
            copied = pa.allocate_buffer(size)
            target = memoryview(copied).cast("B")
            found.peer.fetch(found.lease, target, lambda: time.monotonic() + PATIENCE)
        self.counts.copies += 1
        self.counts.bytes_copied += size
        return copied

    def _chores(self) -> float | None:
        """In the service's thread. What fails is logged: the thread must go on serving."""
        try:
            return self._do_chores()
        except Exception:
            logging.getLogger("cenote").exception("a chore of the background thread has failed")
            return LISTEN_EVERY

    def _do_chores(self) -> float | None:
        """Sends releases, hears of dropped arenas. Waits for nobody."""
        self._ended.slept()
        if not self._talk.acquire(blocking=False):
            return RETRY
        try:
            sweep_in = self._in_use.sweep()
            self._ended.run()
            for peer in self._peers.all():
                peer.flush()
                peer.drain()
            self._forget_dropped()
            if any(peer.unsent for peer in self._peers.all()):
                return RETRY
            return sweep_in or (LISTEN_EVERY if self._mappings else None)
        finally:
            self._talk.release()

    def _forget_dropped(self) -> None:
        """Unmaps arenas that are unused here and that their owner has dropped, or died with."""
        for key, mapping in list(self._mappings.items()):
            peer, arena = key
            if peer is None:
                gone = self.owner.arena_descriptor(arena) is None
            else:
                gone = peer.closed or arena in peer.dropped
            if gone and mapping.unused:
                del self._mappings[key]

    def _unknown(self, name: str, silent: list[str]) -> Exception:
        if silent:
            return unanswered(name, silent)
        names = sorted({table.name for table in self.listing()})
        return unknown_name(name, names, self._owners.get(name))

    def stats(self) -> dict[str, int | float]:
        """See cenote.stats."""
        arenas, arena_bytes = self.owner.sizes()
        return {
            "puts": self.counts.puts,
            "bytes_put": self.counts.bytes_put,
            "bytes_in_place": self.counts.bytes_in_place,
            "handoffs": self.counts.handoffs,
            "copies": self.counts.copies + self.service.tables_sent,
            "bytes_copied": self.counts.bytes_copied + self.service.bytes_sent,
            "last_get_us": round(self.counts.last_get_us, 1),
            "arenas": arenas,
            "arena_bytes": arena_bytes,
            "mapped_arenas": len(self._mappings),
            "mapped_bytes": sum(mapping.size for mapping in list(self._mappings.values())),
        }

    def abandon(self) -> None:
        """For a forked child: closes its copies of descriptors and sockets, and tells nobody."""
        self.service.abandon()
        self.watching.abandon()
        self._peers.close()


_current: Exchange | None = None
_lock = threading.Lock()


def exchange() -> Exchange:
    """The exchange of this process."""
    global _current
    if _current is None:
        with _lock:
            if _current is None:
                _current = Exchange()
    return _current


def peek() -> Exchange | None:
    """The exchange, if this process has used it."""
    return _current


def _after_fork_in_child() -> None:
    global _current, _lock
    _lock = threading.Lock()
    parent, _current = _current, None
    if parent is not None:
        parent.abandon()


@atexit.register
def _at_exit() -> None:
    if _current is not None:
        _current.service.unlink()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
