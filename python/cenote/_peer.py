"""A connection to another process: questions, their replies, and what it says unasked."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable

from ._board import BOARD_BYTES, Entry, PeerBoard
from ._errors import PeerGoneError, ProtocolError
from ._frames import PROTOCOL, REPLY_LIMIT, Decoder, Message, encode
from ._process import peer_of
from ._segment import shared_kind
from ._sheet import LAST_IN_SHEET, SHEET_BYTES, PeerSheet

#: Bytes that may wait for a peer that takes no requests; beyond, it is given up.
UNSENT_LIMIT = 16 * 1024 * 1024
#: Descriptors that may have come and not been taken.
_MOST_DESCRIPTORS = 8


class SilentError(PeerGoneError):
    """The process lives but has not answered in time."""

    code = "PEER_SILENT"


class Peer:
    """A connection to another process. Not locked: one thread talks at a time (see Peers)."""

    def __init__(self, path: str) -> None:
        """Connects, and waits for nothing: the greeting is read with the first reply.

        Raises BlockingIOError where nobody accepts in time, ConnectionRefusedError where nobody
        listens, other OSErrors, and ProtocolError where it is another user's.
        """
        self.path = path
        self.pid = 0
        self.language = "?"
        self.owner = f"process {os.path.basename(path).split('-')[0]}"
        self.dropped: list[int] = []
        #: Called with what is said unasked, and with replies that nobody awaits.
        self.heard: Callable[[Message], None] = lambda message: None
        self._board: PeerBoard | None = None
        self._board_request = 0
        self._sheet: PeerSheet | None = None
        #: 0 before it is asked for, None where there is none.
        self._sheet_request: int | None = None
        self._greeted = False
        self._decoder = Decoder(REPLY_LIMIT)
        self._descriptors: list[int] = []
        self._last = 0
        self._last_lease = LAST_IN_SHEET
        self._unsent = bytearray()
        self.closed = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)
        try:
            self._socket.setblocking(False)
            self._socket.connect(path)
            self._socket.setblocking(True)
            self._check_user()
        except BaseException:
            self.close()
            raise

    def _check_user(self) -> None:
        _, uid = peer_of(self._socket)
        if uid != os.getuid():
            raise ProtocolError(f"{self.path} belongs to user {uid}")

    def _greet(self, greeting: Message) -> None:
        if greeting.get("cenote") != PROTOCOL:
            raise ProtocolError(
                f"{self.path} speaks version {greeting.get('cenote')!r:.20} of the protocol, "
                f"this process version {PROTOCOL}",
                "Install the same version of Cenote for both.",
            )
        self._greeted = True
        self.pid = int(greeting["pid"]) if type(greeting.get("pid")) is int else 0
        self.language = str(greeting.get("language"))[:32]
        self.owner = f"{self.language} process {self.pid}"
        if shared_kind() is not None and greeting.get("board") == BOARD_BYTES:
            self._board_request = self.ask({"op": "board"})
            if greeting.get("sheet") == SHEET_BYTES:
                self._sheet_request = 0

    def count(self, name: str) -> int | None:
        """How often the name has changed there so far; None where it takes a question to know."""
        return None if self._board is None or self.closed else self._board.count(name)

    def look(self, name: str) -> tuple[bool, Entry | None]:
        """Whether the peer's board can tell what it shares under the name, and what that is."""
        return (False, None) if self._board is None or self.closed else self._board.find(name)

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Ends the connection."""
        self.closed = True
        self._socket.close()
        while self._descriptors:
            os.close(self._descriptors.pop())

    def ask(self, message: Message) -> int:
        """Sends a request; `answer` gives its reply."""
        self._last += 1
        self._send(encode({**message, "id": self._last}))
        return self._last

    def lease(self, version: int) -> int | None:
        """Leases a version without waiting: it has one if its board still says so afterwards.

        None where the word could not be sent at once.
        """
        written = None if self._sheet is None or self.closed else self._sheet.lease(version)
        if written is not None:
            return written
        self._last_lease -= 1
        lease = self._last_lease
        try:
            self._send(encode({"op": "lease", "version": version, "lease": lease}))
            if self._unsent:
                self.release(lease)
                return None
            if self._sheet_request == 0:
                # Until it has come each lease is told. Who only looks on needs none.
                self._sheet_request = self.ask({"op": "sheet"})
        except PeerGoneError:
            return None
        return lease

    def release(self, lease: int) -> None:
        """Ends a lease; the owner is told with the next request or `flush`, or looks by itself."""
        if not PeerSheet.has(lease):
            self._unsent += encode({"op": "release", "lease": lease})
        elif self._sheet is not None and not self.closed:
            self._sheet.release(lease)

    @property
    def unsent(self) -> bool:
        """Whether requests or releases wait to be sent."""
        return bool(self._unsent) and not self.closed

    def flush(self) -> None:
        """Sends what waits, as far as the socket takes it."""
        if self.unsent:
            with contextlib.suppress(PeerGoneError):
                self._send(b"")

    def _send(self, frame: bytes) -> None:
        """Never waits: what the socket does not take now goes with the next `flush`."""
        self._unsent += frame
        try:
            del self._unsent[: self._socket.send(self._unsent, socket.MSG_DONTWAIT)]
        except BlockingIOError:
            pass
        except OSError as error:
            self.close()
            raise PeerGoneError(f"{self.owner} has ended") from error
        if len(self._unsent) > UNSENT_LIMIT:
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

    def is_answering(self) -> bool:
        """Whether much more of a long reply has come since it was last so."""
        return self._decoder.is_coming()

    def _take(self, number: int) -> Message | None:
        while (message := self._next()) is not None:
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
        """The descriptor that came with the last reply to `arena`, now the caller's."""
        return self._descriptors.pop(0) if self._descriptors else None

    def drain(self) -> None:
        """Reads what the peer has said unasked; closes the connection when the peer has ended."""
        try:
            while not self.closed and self._readable.poll(0):
                self._receive()
                while (message := self._next()) is not None:
                    self._stray(message)
        except OSError:
            self.close()

    def _stray(self, message: Message) -> None:
        """An event, or the reply to a question that we gave up."""
        if isinstance(message.get("lease"), int):
            self.release(message["lease"])
        if "id" in message and "bytes" in message and self._descriptors:
            descriptor = self._descriptors.pop(0)
            number = message["id"]  # 0 and null are no request's
            if number and number == self._board_request:
                self._board = PeerBoard(descriptor)
            elif number and number == self._sheet_request:
                self._sheet = PeerSheet(descriptor)
            else:
                os.close(descriptor)
        dropped = message.get("dropped")
        if isinstance(dropped, list):
            self.dropped += [arena for arena in dropped if type(arena) is int]
        self.heard(message)

    def _next(self) -> Message | None:
        """The next message that has come whole, after the greeting."""
        message = self._decoder.next()
        if message is None or self._greeted:
            return message
        self._greet(message)
        return self._decoder.next()

    def _receive(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(
                self._socket, 65536, 4, getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            )
        except OSError as error:
            raise PeerGoneError(f"{self.owner} has ended") from error
        self._descriptors += fds
        if len(self._descriptors) > _MOST_DESCRIPTORS:
            raise ProtocolError(f"{self.owner} has sent descriptors that nobody asked for")
        if not data:
            raise PeerGoneError(f"{self.owner} has ended")
        self._decoder.feed(data)

    def _wait(self, deadline: float) -> None:
        """Until there is something to read; sends what is unsent meanwhile."""
        while True:
            wanted = select.POLLIN | (select.POLLOUT if self.unsent else 0)
            poller = select.poll()
            poller.register(self._socket, wanted)
            found = poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if found and found[0][1] & ~select.POLLOUT:
                return
            if not found:
                raise SilentError(
                    f"{self.owner} lives, but has not answered in time",
                    "It is stopped, or holds its interpreter. Try again, or let get wait: wait=30.",
                )
            self.flush()
