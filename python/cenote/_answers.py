"""What need not be asked again: answers that are still true, and tables that are in use here."""

from __future__ import annotations

import time
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import pyarrow as pa

from ._peer import Peer
from ._shared import Description

#: Names that are remembered of one peer.
NAMES_KEPT = 1024
#: Seconds after its last `get` that a table is kept, in case it is got again.
KEPT = 0.2
#: Who shares a version (None: this process), and its number.
Key = tuple[Any, int]


class Answers:
    """What peers have answered to `get`, for as long as their boards say that it is still true."""

    def __init__(self) -> None:
        """None yet."""
        self._by_peer: WeakKeyDictionary[Peer, dict[str, tuple[int, Description | None]]]
        self._by_peer = WeakKeyDictionary()

    def remember(self, peer: Peer, name: str, count: int | None, what: Description | None) -> None:
        """`count`: the name's on the peer's board, read before the peer was asked."""
        if count is None:
            return
        answers = self._by_peer.setdefault(peer, {})
        if len(answers) >= NAMES_KEPT:
            answers.clear()
        answers[name] = (count, what)

    def find(self, peer: Peer, name: str) -> tuple[bool, Description | None]:
        """Whether the peer's last answer is still true, and what it was."""
        count, what = self._by_peer.get(peer, {}).get(name, (None, None))
        return (True, what) if count is not None and count == peer.count(name) else (False, None)


class InUse:
    """Tables that were got and still are here. Each is kept for a moment after its last `get`.

    Its user holds the lock of the conversation with the peers.
    """

    def __init__(self) -> None:
        """None yet."""
        self._by_key: WeakValueDictionary[Key, pa.Table] = WeakValueDictionary()
        self._kept: dict[str, tuple[Key, pa.Table, float]] = {}

    def find(self, key: Key) -> pa.Table | None:
        """The table of that version, which holds its lease."""
        return self._by_key.get(key)

    def keep(self, name: str, key: Key, table: pa.Table) -> bool:
        """It was got just now. Lets go of an older version; true when `sweep` is to be called."""
        self._by_key[key] = table
        first = not self._kept
        self._kept[name] = (key, table, time.monotonic())
        return first

    def sweep(self) -> bool:
        """Lets go of what was not got for a while. Whether it is to be called again soon."""
        old = time.monotonic() - KEPT
        self._kept = {name: kept for name, kept in self._kept.items() if kept[2] > old}
        return bool(self._kept)
