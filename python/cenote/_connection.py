"""A peer that is connected to this process's socket, and the leases that it holds."""

from __future__ import annotations

import socket
from collections import deque
from dataclasses import dataclass, field

from ._frames import REQUEST_LIMIT, Decoder
from ._owner import Shared
from ._process import process_start
from ._sheet import OwnSheet


@dataclass(eq=False)
class Connection:
    """One connection; `pid` is 0, and `start` None, where they are not known."""

    socket: socket.socket
    pid: int
    start: int | None
    decoder: Decoder = field(default_factory=lambda: Decoder(REQUEST_LIMIT))
    leases: dict[int, Shared] = field(default_factory=dict)
    last_lease: int = 0
    #: Where the peer writes further leases down, if it has asked for that.
    sheet: OwnSheet | None = None
    #: What waits to be sent: bytes, and the descriptor that goes with their first one.
    pending: deque[tuple[memoryview, int | None]] = field(default_factory=deque)
    closing: bool = False
    #: Names whose changes the peer is told of, or all of them.
    watched: set[str] = field(default_factory=set)
    watches_all: bool = False

    def watches(self, name: str) -> bool:
        """Whether the peer is told when this name changes."""
        return self.watches_all or name in self.watched

    def written(self) -> list[int]:
        """The versions that the peer has written down."""
        sheet = self.sheet  # another thread may forget it
        return [] if sheet is None else sheet.versions()

    def forget_sheet(self) -> None:
        """Its leases have ended."""
        if self.sheet is not None:
            self.sheet.close()
            self.sheet = None

    def is_dead(self) -> bool:
        """Whether the holder is known to be dead; one of another pid namespace (0) never is."""
        if self.pid == 0:
            return False
        start = process_start(self.pid)
        return start is None or (start != self.start and 0 not in (start, self.start))
