"""The exchange of this process: joins what it shares (owner, service) and what it reads (peers)."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pyarrow as pa

from ._answers import InUse
from ._copies import CopyLog
from ._empty import Blocks
from ._errors import BadNameError, PeerGoneError, ProtocolError
from ._finding import PATIENCE, Finder
from ._found import Found
from ._interrupts import InterruptsHeld
from ._mapping import Ended
from ._missing import unanswered, unknown_name
from ._owner import Made, Room, Shared
from ._peers import Peers
from ._reading import Held, Reader
from ._service import Service
from ._shared import Listing, SharedTable, read_description
from ._watch import Watching

#: Seconds until the service's thread tries again to send releases, and between its looks at what
#: peers say unasked while their arenas are mapped.
RETRY, LISTEN_EVERY = 0.02, 1.0
#: Seconds between its looks at what has ended, while tables come and go.
SOON = 0.05
#: Seconds between looks while `get` waits for a name: the first pause, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.1

T = TypeVar("T")


class Exchange:
    """All state of this process; a forked child begins anew."""

    def __init__(self) -> None:
        """Opens nothing yet."""
        self.service = Service(self._chores)
        self.owner = self.service.owner
        self.watching = Watching()
        self.copies = CopyLog()
        self.blocks = Blocks(self)
        self._ended = Ended(self.service.wake)
        self._talk = threading.RLock()  # one conversation with the peers at a time
        self._peers = Peers()
        self._in_use = InUse()
        self._finder = Finder(self.owner, self._peers, self._in_use, self._ended)
        self._reader = Reader(self.owner, self._finder, self._in_use, self._ended, self._talk)
        self.counts = self._reader.counts
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
        return self._newest(name, wait, self._reader.open)

    def hold(self, name: str) -> Held:
        """The newest version of that name, to be shared on when its owner has ended."""
        self._reader.keeps_descriptors = True
        return self._newest(name, 0.0, self._reader.hold)

    def _newest(self, name: str, wait: float, use: Callable[[Found], T]) -> T:
        if not self.service.started:
            with InterruptsHeld():
                self.service.start()
        deadline = time.monotonic() + wait
        pause = FIRST_PAUSE
        while True:
            begun = time.perf_counter()
            with InterruptsHeld(), self._talk:
                self._ended.run()
                unreached = self._refresh()
                found, silent = self._finder.find(name)
                if found is not None:
                    self._note_owner(found.description.table)
                    try:
                        return use(found)
                    except PeerGoneError:
                        if time.monotonic() >= deadline:
                            raise
                    finally:
                        self.counts.last_get_us = (time.perf_counter() - begun) * 1e6
            left = deadline - time.monotonic()
            if left <= 0:
                raise self.unknown(name, silent + unreached)
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
                self._note_owner(table)
        return Listing(sorted(own, key=lambda table: (table.name, -table.created_us)))

    def delete(self, name: str) -> None:
        """Takes a name back, whoever shares it."""
        with InterruptsHeld(), self._talk:
            removed = self.owner.remove(name)
            unreached = self._refresh()
            replies, silent = self._peers.ask_all({"op": "remove", "name": name}, PATIENCE)
            if not removed and not any(reply.get("removed") is True for _, reply in replies):
                raise self.unknown(name, silent + unreached)

    def _note_owner(self, table: SharedTable) -> None:
        self._owners[table.name] = (table.owner_language, table.owner_pid)

    def _refresh(self) -> list[str]:
        own = None if self.service.path is None else str(self.service.path)
        silent = self._peers.refresh(own)
        self._reader.forget_dropped()
        return silent

    def _chores(self) -> float | None:
        """In the service's thread. What fails is logged: the thread must go on serving."""
        try:
            return self._do_chores()
        except Exception:
            logging.getLogger("cenote").exception("a chore of the background thread has failed")
            return LISTEN_EVERY

    def _do_chores(self) -> float | None:
        """Sends releases, hears of dropped arenas. Waits for nobody."""
        again = self._look_around()
        # What ends from now on need not wake it: a wake-up takes longer than the rest of a handoff.
        self._ended.slept(again is not None and again <= SOON)
        return again

    def _look_around(self) -> float | None:
        self._ended.slept()
        if not self._talk.acquire(blocking=False):
            return RETRY
        try:
            in_use = self._in_use.sweep()
            self._ended.run()
            for peer in self._peers.all():
                peer.flush()
                peer.drain()
            self._reader.forget_dropped()
            if any(peer.unsent for peer in self._peers.all()):
                return RETRY
            if in_use:
                return SOON
            return LISTEN_EVERY if self._reader.mappings else None
        finally:
            self._talk.release()

    def unknown(self, name: str, silent: list[str]) -> Exception:
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
            "copies": self.counts.copies + self.service.requests.tables_sent,
            "bytes_copied": self.counts.bytes_copied + self.service.requests.bytes_sent,
            "last_get_us": round(self.counts.last_get_us, 1),
            "arenas": arenas,
            "arena_bytes": arena_bytes,
            "mapped_arenas": len(self._reader.mappings),
            "mapped_bytes": sum(one.size for one in list(self._reader.mappings.values())),
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
