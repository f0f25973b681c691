"""The other processes: connections to their sockets, and questions to all of them at once."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable

from ._errors import PeerGoneError, ProtocolError
from ._folder import socket_paths
from ._frames import PROTOCOL, REPLY_LIMIT, Decoder, Message, encode

#: Seconds that the others get to answer once one peer's answer would do.
GRACE = 0.1


class SilentError(PeerGoneError):
    """The process lives but has not answered in time."""

    code = "PEER_SILENT"


class Peer:
    """A connection to another process. Not locked: one thread talks at a time (see Peers)."""

    def __init__(self, path: str, deadline: float) -> None:
        """Connects and reads the greeting. Raises OSError, PeerGoneError or ProtocolError."""
        self.path = path
        self.pid = 0
        self.language = "?"
        self.owner = path
        self.dropped: list[int] = []
        self._decoder = Decoder(REPLY_LIMIT)
        self._descriptors: list[int] = []
        self._last = 0
        self._unsent = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            self._socket.connect(path)
            self._socket.settimeout(None)
            greeting = self._next(deadline)
        except TimeoutError as error:
            self.close()
            raise SilentError(f"{path} does not accept a connection") from error
        except BaseException:
            self.close()
            raise
        if greeting.get("cenote") != PROTOCOL:
            self.close()
            raise ProtocolError(
                f"{path} speaks version {greeting.get('cenote')!r:.20} of the protocol, "
                f"this process version {PROTOCOL}",
                "Install the same version of Cenote for both.",
            )
        self.pid = int(greeting["pid"]) if type(greeting.get("pid")) is int else 0
        self.language = str(greeting.get("language"))[:32]
        self.owner = f"{self.language} process {self.pid}"

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    @property
    def closed(self) -> bool:
        """Whether the connection is over."""
        return self._socket.fileno() < 0

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()
        while self._descriptors:
            os.close(self._descriptors.pop())

    def ask(self, message: Message) -> int:
        """Sends a request; `answer` gives its reply."""
        self._last += 1
        self._send(encode({**message, "id": self._last}))
        return self._last

    def release(self, lease: int) -> None:
        """Tells the owner that a lease has ended, with the next request or `flush`."""
        self._unsent += encode({"op": "release", "lease": lease})

    def flush(self) -> None:
        """Sends the releases that wait."""
        if self._unsent and not self.closed:
            with contextlib.suppress(PeerGoneError):
                self._send(b"")

    def _send(self, frame: bytes) -> None:
        """Never waits: a peer that lets requests pile up until the socket is full is given up."""
        frame, self._unsent = self._unsent + frame, b""
        try:
            if self._socket.send(frame, socket.MSG_DONTWAIT) == len(frame):
                return
        except OSError as error:
            self.close()
            raise PeerGoneError(f"{self.owner} has ended") from error
        self.close()
        raise PeerGoneError(f"{self.owner} takes no more requests")

    def answer(self, number: int, deadline: float) -> Message:
        """The reply to a request. Raises SilentError, PeerGoneError or ProtocolError."""
        try:
            while (reply := self._take(number)) is None:
                self._wait(deadline)
                self._receive()
            return reply
        except SilentError:
            raise
        except BaseException:
            self.close()  # the conversation can't be taken up again
            raise

    def answer_now(self, number: int) -> Message | None:
        """The reply, if it is here once what the socket holds is read. Raises as `answer` does."""
        try:
            self._receive()
            return self._take(number)
        except BaseException:
            self.close()
            raise

    def _take(self, number: int) -> Message | None:
        while (message := self._decoder.next()) is not None:
            if message.get("id") == number:
                return message
            self._stray(message)
        return None

    def call(self, message: Message, deadline: float) -> Message:
        """A request and its reply; an error in the reply raises ProtocolError."""
        reply = self.answer(self.ask(message), deadline)
        if "error" in reply:
            raise ProtocolError(f"{self.owner}: {reply['error']!r:.200}")
        return reply

    def fetch(self, lease: int, target: memoryview, deadline: Callable[[], float]) -> None:
        """Copies an object's bytes over the socket. `deadline()` is asked anew as bytes arrive."""
        reply = self.call({"op": "fetch", "lease": lease}, deadline())
        if reply.get("bytes") != len(target):
            self.close()
            raise ProtocolError(f"{self.owner}: wanted {len(target)} bytes, found {reply!r:.60}")
        try:
            early = self._decoder.take_raw(len(target))
            target[: len(early)] = early
            at = len(early)
            while at < len(target):
                self._wait(deadline())
                got = self._socket.recv_into(target[at:])
                if not got:
                    raise PeerGoneError(f"{self.owner} has ended")
                at += got
        except BaseException:
            self.close()
            raise

    def take_descriptor(self) -> int | None:
        """The descriptor that came last, now the caller's."""
        return self._descriptors.pop() if self._descriptors else None

    def drain(self) -> None:
        """Reads what the peer has said unasked; closes the connection when the peer has ended."""
        try:
            while not self.closed and select.select([self._socket], [], [], 0)[0]:
                self._stray(self._next(time.monotonic() + 1))
        except (OSError, SilentError):
            self.close()

    def _stray(self, message: Message) -> None:
        """An event, or the reply to a question that we gave up."""
        if isinstance(message.get("lease"), int):
            self.release(message["lease"])
        while self._descriptors:
            os.close(self._descriptors.pop())
        dropped = message.get("dropped")
        if isinstance(dropped, list):
            self.dropped += [arena for arena in dropped if type(arena) is int]

    def _next(self, deadline: float) -> Message:
        while (message := self._decoder.next()) is None:
            self._wait(deadline)
            self._receive()
        return message

    def _receive(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(
                self._socket, 65536, 4, getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            )
        except OSError as error:
            raise PeerGoneError(f"{self.owner} has ended") from error
        self._descriptors += fds
        if not data:
            raise PeerGoneError(f"{self.owner} has ended")
        self._decoder.feed(data)

    def _wait(self, deadline: float) -> None:
        left = max(0.0, deadline - time.monotonic())
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        if not poller.poll(left * 1000):
            raise SilentError(
                f"{self.owner} lives, but has not answered in time",
                "It is stopped, or holds its interpreter. Try again, or let `get` wait: wait=30.",
            )


class Peers:
    """Connections to every process that shares something. One thread may use it at a time."""

    def __init__(self) -> None:
        """No connections yet."""
        self._peers: dict[str, Peer] = {}

    def refresh(self, deadline: float, own: str | None) -> list[str]:
        """Connects to new sockets, forgets ended ones, and removes those that dead processes left.

        `own`: this process's socket. Returns those whose process lives but does not answer.
        """
        for path, peer in list(self._peers.items()):
            peer.drain()
            if peer.closed:
                del self._peers[path]
        silent: list[str] = []
        for path in sorted(set(socket_paths()) - self._peers.keys() - {own}):
            try:
                self._peers[path] = Peer(path, deadline)
            except ConnectionRefusedError:
                with contextlib.suppress(OSError):
                    os.unlink(path)  # nobody listens: its process was killed
            except SilentError:
                silent.append(_process_of(path))
            except (OSError, ProtocolError):
                continue  # it has just gone, or speaks another version
        return silent

    def ask_all(
        self,
        message: Message,
        patience: float,
        enough: Callable[[Message], bool] = lambda reply: False,
    ) -> tuple[list[tuple[Peer, Message]], list[str]]:
        """Asks all at once. Returns the replies, and who lives but did not answer.

        When someone has given what is `enough`, the others get only a short grace. Should one of
        them grant a lease later, that is returned.
        """
        waiting: dict[int, tuple[Peer, int]] = {}
        poller = select.poll()
        for peer in self._peers.values():
            with contextlib.suppress(PeerGoneError):
                number = peer.ask(message)
                waiting[peer.fileno()] = (peer, number)
                poller.register(peer.fileno(), select.POLLIN)
        replies: list[tuple[Peer, Message]] = []
        deadline = time.monotonic() + patience
        while waiting and (ready := poller.poll(max(0.0, deadline - time.monotonic()) * 1000)):
            for fd, _ in ready:
                peer, number = waiting[fd]
                try:
                    reply = peer.answer_now(number)
                except (PeerGoneError, ProtocolError):
                    reply = {}
                if reply is None:
                    continue
                del waiting[fd]
                poller.unregister(fd)
                if reply:
                    replies.append((peer, reply))
                    if enough(reply):
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


def _process_of(path: str) -> str:
    return f"process {os.path.basename(path).split('-')[0]}"
