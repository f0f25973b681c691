"""The protocol of docs/exchange.md on plain sockets, without a line of Cenote's: asks owners, says
anything to them, and plays the owner."""

from __future__ import annotations

import json
import os
import secrets
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Message = dict[str, Any]
#: Seconds after which a silent process fails the test.
PATIENCE = 120


def frame(message: object) -> bytes:
    return raw_frame(json.dumps(message).encode())


def raw_frame(body: bytes) -> bytes:
    return struct.pack("<I", len(body)) + body


def socket_of(folder: Path, pid: int) -> str:
    """Where that process listens."""
    return str(next(folder.glob(f"{pid}-*.sock")))


class Client:
    """A connection that says what it is told to."""

    def __init__(self, path: str) -> None:
        self._pending = b""
        self.descriptors: list[int] = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)  # waits while the owner's queue is full
        self.socket.settimeout(PATIENCE)

    def say(self, data: bytes, descriptors: tuple[int, ...] = ()) -> None:
        """Sends all of it; an owner that has hung up meanwhile is no error."""
        try:
            if descriptors:
                sent = socket.send_fds(self.socket, [data], descriptors)
                data = data[sent:]
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def hear(self) -> Message | None:
        """The next message; None when the owner has hung up."""
        while len(self._pending) < 4 or len(self._pending) < 4 + self._size():
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, 65536, 8)
            except ConnectionResetError:
                return None
            self.descriptors += fds
            if not data:
                return None
            self._pending += data
        body, self._pending = self._pending[4 : 4 + self._size()], self._pending[4 + self._size() :]
        return json.loads(body)

    def _size(self) -> int:
        return struct.unpack_from("<I", self._pending)[0]

    def ask(self, message: Message) -> Message:
        """A request and its reply; passes over events and the greeting."""
        self.say(frame(message))
        while (reply := self.hear()) is not None:
            if reply.get("id") == message["id"]:
                return reply
        raise AssertionError("the owner has hung up")

    def close(self) -> None:
        self.socket.close()
        for fd in self.descriptors:
            os.close(fd)


class Owner:
    """A process's worth of owner: `answer(request)` gives the reply's bytes and descriptors."""

    def __init__(
        self,
        folder: Path,
        answer: Callable[[Message], tuple[bytes, list[int]]],
        greeting: bytes | None = None,
    ) -> None:
        self._answer = answer
        hello = {"cenote": 1, "pid": os.getpid(), "language": "plain"}
        self._greeting = frame(hello) if greeting is None else greeting
        self._connections: list[socket.socket] = []
        self.path = folder / f"{os.getpid()}-{secrets.token_hex(4)}.sock"
        self._listener = socket.socket(socket.AF_UNIX)
        hidden = self.path.with_suffix(".new")
        self._listener.bind(str(hidden))
        self._listener.listen()
        hidden.rename(self.path)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return  # closed
            self._connections.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            connection.sendall(self._greeting)
            pending = b""
            while data := connection.recv(65536):
                pending += data
                while (
                    len(pending) >= 4 and len(pending) >= 4 + struct.unpack_from("<I", pending)[0]
                ):
                    size = struct.unpack_from("<I", pending)[0]
                    request, pending = json.loads(pending[4 : 4 + size]), pending[4 + size :]
                    data, fds = self._answer(request)
                    if fds:
                        data = data[socket.send_fds(connection, [data], fds) :]
                        for fd in fds:
                            os.close(fd)
                    connection.sendall(data)
        except OSError:
            pass  # the reader has hung up
        finally:
            connection.close()

    def close(self) -> None:
        self.path.unlink(missing_ok=True)
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # over already
