"""This process's socket in the runtime folder, to which peers connect."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
import time
from pathlib import Path

from ._errors import CenoteError
from ._folder import ensure_folder, listen_at, new_socket_path
from ._process import peer_of

#: Seconds between looks whether someone has removed the socket.
LOOK_EVERY = 1.0


class Listening:
    """The socket, of which a selector tells with this object as its data."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        """Opens nothing yet."""
        self.path: Path | None = None
        self.socket: socket.socket | None = None
        self._selector = selector
        self._lock = threading.Lock()
        self._look_at = 0.0

    def open(self) -> bool:
        """Opens it. False where it is open already."""
        with self._lock:
            if self.socket is not None:
                return False
            path = new_socket_path(ensure_folder())
            self.socket = listen_at(path)
            self._selector.register(self.socket, selectors.EVENT_READ, self)
            self.path = path
            return True

    def look_after(self) -> None:
        """Listens again where someone has removed the socket, or the folder that it lies in."""
        if self.path is None or self.path.exists() or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_EVERY
        with self._lock, contextlib.suppress(OSError, CenoteError):
            ensure_folder()
            old, self.socket = self.socket, listen_at(self.path)
            self._selector.register(self.socket, selectors.EVENT_READ, self)
            if old is not None:
                self._selector.unregister(old)
                old.close()

    def accept(self) -> tuple[socket.socket, int] | None:
        """A peer of this user and its process, where one has come."""
        assert self.socket is not None
        try:
            peer, _ = self.socket.accept()
        except OSError:
            time.sleep(0.05)  # out of descriptors, most likely: others may close some
            return None
        pid, uid = peer_of(peer)
        if uid == os.getuid():
            return peer, pid
        peer.close()
        return None

    def unlink(self) -> None:
        """Removes the socket from the folder."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Closes this process's copy, which says nothing to the selector."""
        if self.socket is not None:
            self.socket.close()
