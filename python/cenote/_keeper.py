"""The keeper: a process that holds chosen names, so that they outlive the kernels that put them.

While a kept name's owner lives, the keeper has a lease on its newest version and costs nothing.
When the owner ends, it shares what it holds on under the name, where it lies (or copied, see
_sharing_on.py), until somebody puts the name again or takes it back. `python -m cenote keep` runs
one.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ._errors import CenoteError
from ._exchange import Exchange
from ._reading import Held
from ._shared import SharedTable
from ._sharing_on import share_on

_log = logging.getLogger("cenote")


@dataclass(slots=True)
class _Kept:
    #: Ends the watching of the name.
    stop: Callable[[], None] | None = None
    #: The version that is held while its owner lives.
    held: Held | None = None
    #: When the version was put that is held, or shared on.
    created_us: int | None = None


class Keeper:
    """Keeps names for whoever asks for it, over the exchange of this process."""

    def __init__(self, exchange: Exchange) -> None:
        """Begins to serve."""
        self._exchange = exchange
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        exchange.service.requests.keep = self.keep
        exchange.service.listen()

    def keep(self, name: str, wanted: bool) -> int | None:
        """Keeps the name from now on, or not any more. When the version that it holds was put.

        Waits for nobody: what is new to it is held a moment later.
        """
        with self._lock:
            kept = self._kept.get(name)
            if wanted and kept is None:
                kept = self._kept[name] = _Kept()
                kept.stop = self._exchange.watching.watch(name, self._changed)
            elif not wanted and kept is not None:
                del self._kept[name]
                if kept.stop is not None:
                    kept.stop()
                self._exchange.owner.remove(name)
                return None
            return None if kept is None else kept.created_us

    def _changed(self, name: str, table: SharedTable | None) -> None:
        """In the watchers' thread."""
        with self._lock:
            kept = self._kept.get(name)
        if kept is None:
            return
        if table is not None:
            self._hold(name, kept, table)
        elif self._exchange.watching.taken_back(name):
            self.keep(name, False)
        else:
            self._share_on(name, kept)

    def _hold(self, name: str, kept: _Kept, table: SharedTable) -> None:
        if table.owner_pid == os.getpid():
            return  # shared on
        try:
            held = self._exchange.hold(name)
        except CenoteError:
            _log.exception("%r was not held in time", name)
            return
        if held.table.owner_pid == os.getpid():
            return  # the newer one is gone already
        kept.held, kept.created_us = held, held.table.created_us
        self._exchange.owner.remove(name)  # an older version that was shared on

    def _share_on(self, name: str, kept: _Kept) -> None:
        """The owner has ended. Whoever puts the name anew has the newer version."""
        held, kept.held = kept.held, None
        if held is None:
            return
        try:
            share_on(self._exchange.owner, held)
        except (CenoteError, MemoryError):
            _log.exception("%r could not be kept", name)


def run() -> None:
    """Keeps until its standard input ends: whoever has started it holds the other end."""
    import sys

    from ._exchange import exchange

    Keeper(exchange())
    print("ready", flush=True)
    while sys.stdin.buffer.read(65536):
        pass
