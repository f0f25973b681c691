"""The keeper: a process that holds chosen names, so that they outlive the kernels that put them.

While a kept name's owner lives, the keeper has a lease on its newest version and costs nothing.
When the owner ends, it puts what it holds into an arena of its own, by one copy, and shares it
under the name, until somebody puts the name again or takes it back. `python -m cenote keep` runs
one.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from ._errors import CenoteError
from ._exchange import Exchange
from ._shared import SharedTable

_log = logging.getLogger("cenote")


@dataclass(slots=True)
class _Kept:
    #: Ends the watching of the name.
    stop: Callable[[], None] | None = None
    #: The version that is held, and when it was put.
    table: pa.Table | None = None
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
            self._adopt(name, kept)

    def _hold(self, name: str, kept: _Kept, table: SharedTable) -> None:
        if table.owner_pid == os.getpid():
            return  # adopted
        try:
            kept.table = self._exchange.get(name, 0.0)
        except CenoteError:
            _log.exception("%r was not held in time", name)
            return
        kept.created_us = table.created_us
        self._exchange.owner.remove(name)  # an older version that was adopted

    def _adopt(self, name: str, kept: _Kept) -> None:
        """The owner has ended: shares what is held. Whoever puts it anew has the newer one."""
        table, kept.table = kept.table, None
        if table is None:
            return
        try:
            self._exchange.put(name, table, kept.created_us)
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
