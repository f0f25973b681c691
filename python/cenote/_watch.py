"""Tells of names as they change: new versions, names taken back, owners that have ended.

It has connections and a thread of its own, so that a callback may take its time. It is connected to
this process's own socket too, so that what is shared here is told of in the same way.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._errors import BadNameError, PeerGoneError, ProtocolError
from ._frames import Message
from ._peer import Peer
from ._peers import Peers
from ._shared import SharedTable, read_description

#: Seconds between looks for processes that are new. What known ones change is told at once.
LOOK_EVERY = 0.2
#: Called with a name and its newest table; None when nobody shares the name any more.
Tell = Callable[[str, SharedTable | None], None]


@dataclass(eq=False, slots=True)
class _Listener:
    name: str | None
    tell: Tell
    #: What it was told of each name, so that nothing is told twice.
    told: dict[str, SharedTable] = field(default_factory=dict)


class Watching:
    """The watchers of this process. `watch` and what it returns may be called from any thread."""

    def __init__(self) -> None:
        """Opens nothing yet."""
        self._lock = threading.Lock()
        self._listeners: list[_Listener] = []
        self._thread: threading.Thread | None = None
        self._waker, self._wake_target = socket.socketpair()
        self._waker.setblocking(False)
        self._wake_target.setblocking(False)
        self._peers = Peers()
        self._asked: dict[Peer, set[str | None]] = {}
        self._known: dict[str, dict[Peer, SharedTable]] = {}
        #: Names that were taken back since they were last known, not lost with their owners.
        self._taken_back: set[str] = set()

    def taken_back(self, name: str) -> bool:
        """For `tell`, of a name that is gone: whether it was taken back, or its owner has ended."""
        return name in self._taken_back

    def watch(self, name: str | None, tell: Tell) -> Callable[[], None]:
        """Calls `tell` for the current version of the name (None: of all names), if there is one.

        And then whenever it changes; of versions that follow each other closely at least for the
        last. It is called in a thread of the watchers' own; what it raises is logged. Returns what
        ends it.
        """
        listener = _Listener(name, tell)
        with self._lock:
            self._listeners.append(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cenote-watch", daemon=True)
                self._thread.start()
        self._wake()

        def stop() -> None:
            with self._lock, contextlib.suppress(ValueError):
                self._listeners.remove(listener)
            self._wake()

        return stop

    def abandon(self) -> None:
        """For a forked child: closes its copies of the sockets and tells nobody."""
        self._waker.close()
        self._wake_target.close()
        self._peers.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def _run(self) -> None:
        """Until nobody listens any more."""
        look = 0.0
        while True:
            with self._lock:
                listeners = list(self._listeners)
                if not listeners:
                    # Before the lock is free: the next thread uses the same.
                    self._peers.close()
                    self._asked.clear()
                    self._known.clear()
                    self._thread = None
                    return
            if time.monotonic() >= look:
                self._peers.refresh(None)
                look = time.monotonic() + LOOK_EVERY
            self._ask({listener.name for listener in listeners})
            self._forget_ended()
            self._tell(listeners)
            self._wait(look)

    def _wait(self, look: float) -> None:
        """Until a peer says something, a listener comes or goes, or it is time for a look."""
        poller = select.poll()
        poller.register(self._wake_target, select.POLLIN)
        for peer in self._peers.all():
            if not peer.closed:
                poller.register(peer, select.POLLIN | (select.POLLOUT if peer.unsent else 0))
        poller.poll(max(0.0, look - time.monotonic()) * 1000)
        with contextlib.suppress(OSError):
            self._wake_target.recv(4096)
        for peer in self._peers.all():
            peer.flush()
            peer.drain()

    def _ask(self, names: set[str | None]) -> None:
        for peer in self._peers.all():
            if peer not in self._asked:
                self._asked[peer] = set()
                peer.heard = functools.partial(self._learn, peer)
            asked = self._asked[peer]
            for name in names - asked if None not in asked else ():
                asked.add(name)
                with contextlib.suppress(PeerGoneError):
                    peer.ask({"op": "watch"} if name is None else {"op": "watch", "name": name})

    def _learn(self, peer: Peer, event: Message) -> None:
        """Takes in an event, or the reply to `watch`. What can't be described is not told of."""
        changed, objects = event.get("changed"), event.get("objects")
        if isinstance(changed, str):
            found: list[Any] = [event.get("object")]
            if found == [None]:
                if self._known.get(changed, {}).pop(peer, None) is not None:
                    self._taken_back.add(changed)
                return
        else:
            found = objects if isinstance(objects, list) else []
        for item in found:
            with contextlib.suppress(ProtocolError, BadNameError):
                table = read_description(item, peer.pid, peer.language).table
                if changed is None or changed == table.name:
                    self._known.setdefault(table.name, {})[peer] = table
                    self._taken_back.discard(table.name)

    def _forget_ended(self) -> None:
        for peer in [peer for peer in self._asked if peer.closed]:
            del self._asked[peer]
            for holders in self._known.values():
                holders.pop(peer, None)

    def _tell(self, listeners: list[_Listener]) -> None:
        newest = {
            name: max(holders.values(), key=lambda table: table.created_us)
            for name, holders in self._known.items()
            if holders
        }
        for listener in listeners:
            for name in [*newest, *(listener.told.keys() - newest.keys())]:
                if listener.name is None or listener.name == name:
                    self._tell_one(listener, name, newest.get(name))
        self._known = {name: holders for name, holders in self._known.items() if holders}
        self._taken_back.clear()

    def _tell_one(self, listener: _Listener, name: str, table: SharedTable | None) -> None:
        if listener.told.get(name) == table or listener not in self._listeners:
            return
        if table is None:
            del listener.told[name]
        else:
            listener.told[name] = table
        try:
            listener.tell(name, table)
        except Exception:
            logging.getLogger("cenote").exception("a callback of watch(%r) has failed", name)
