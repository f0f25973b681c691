"""The other processes: finds their sockets, and asks all of them at once."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable, Iterable

from ._errors import PeerGoneError, ProtocolError
from ._folder import socket_paths
from ._frames import Message
from ._peer import Peer

#: Seconds that the others get to answer once one peer's answer would do.
GRACE = 0.1


class Peers:
    """Connections to every process that shares something. One thread may use it at a time."""

    def __init__(self) -> None:
        """No connections yet."""
        self._peers: dict[str, Peer] = {}
        #: What `socket_paths` gave when there was a peer for each.
        self._complete: list[str] | None = None

    def refresh(self, own: str | None) -> list[str]:
        """Connects to new sockets, forgets ended ones, and removes those that dead processes left.

        `own`: this process's socket. Waits for nobody. Returns those that accept no connection.
        """
        for peer in self.all():
            peer.drain()
            if peer.closed:
                del self._peers[peer.path]
                self._complete = None
        paths = socket_paths()
        if paths is self._complete:
            return []
        silent: list[str] = []
        failed = False
        for path in sorted(set(paths) - self._peers.keys() - {own}):
            try:
                self._peers[path] = Peer(path)
                continue
            except ConnectionRefusedError:
                with contextlib.suppress(OSError):
                    os.unlink(path)  # nobody listens: its process was killed
            except BlockingIOError:
                silent.append(f"process {os.path.basename(path).split('-')[0]}")
            except OSError:
                pass  # it has just gone, or is another user's
            failed = True
        self._complete = None if failed else paths
        return silent

    def ask_all(
        self,
        message: Message,
        patience: float,
        enough: Callable[[Message], bool] = lambda reply: False,
        whom: Iterable[Peer] | None = None,
    ) -> tuple[list[tuple[Peer, Message]], list[str]]:
        """Asks all at once, or `whom`. Returns the replies, and who lives but did not answer.

        Patience begins anew while a long reply comes. When someone has given what is `enough`, the
        others get only a short grace. Should one of them grant a lease later, that is returned.
        """
        waiting: dict[int, tuple[Peer, int]] = {}
        poller = select.poll()
        for peer in self._peers.values() if whom is None else whom:
            with contextlib.suppress(PeerGoneError):
                number = peer.ask(message)
                waiting[peer.fileno()] = (peer, number)
                poller.register(peer.fileno(), _events(peer))
        replies: list[tuple[Peer, Message]] = []
        is_enough = False
        deadline = time.monotonic() + patience
        while waiting and (ready := poller.poll(max(0.0, deadline - time.monotonic()) * 1000)):
            for fd, events in ready:
                peer, number = waiting[fd]
                if events & select.POLLOUT:
                    peer.flush()
                    poller.modify(fd, _events(peer))
                if not events & ~select.POLLOUT:
                    continue
                try:
                    reply = peer.answer_now(number)
                except (PeerGoneError, ProtocolError):
                    reply = {}
                if reply is None:
                    if not is_enough and peer.is_answering():
                        deadline = time.monotonic() + patience
                    continue
                del waiting[fd]
                poller.unregister(fd)
                if reply:
                    replies.append((peer, reply))
                    if not is_enough and enough(reply):
                        is_enough = True
                        deadline = min(deadline, time.monotonic() + GRACE)
        return replies, [peer.owner for peer, _ in waiting.values()]

    def all(self) -> list[Peer]:
        """The peers that are connected."""
        return list(self._peers.values())

    def close(self) -> None:
        """Ends all connections."""
        for peer in self._peers.values():
            peer.close()
        self._peers.clear()


def _events(peer: Peer) -> int:
    return select.POLLIN | (select.POLLOUT if peer.unsent else 0)
