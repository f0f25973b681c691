"""The background thread: answers peers, ends the leases of those that died, sends our own releases.

It never runs user code, so that a busy cell still serves: Python hands it the interpreter every few
milliseconds. Protocol: docs/exchange.md.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from ._board import BOARD_BYTES
from ._connection import Connection
from ._errors import CenoteError
from ._frames import PROTOCOL, Message, encode
from ._listening import LOOK_EVERY, Listening
from ._owner import Owner
from ._process import process_start
from ._requests import Requests, error_message
from ._sheet import SHEET_BYTES

#: Seconds between looks at what only time tells: whether a vanished holder is dead by now.
TICK = 0.25
#: Seconds between looks whether leases in sheets have ended, while they keep what is not current.
LOOK_AT_HELD = 0.05
#: Seconds from being woken to the chores: many leases that end together cost one wake-up.
LINGER = 0.01
#: Pieces of 64 KiB that a peer may have sent ahead.
MOST_READS = 1024


class Service:
    """The thread and its sockets."""

    def __init__(self, chores: Callable[[], float | None]) -> None:
        """`chores` is run soon after `wake`; it gives the seconds until its next run, or None."""
        self.owner: Owner = Owner(
            self._announce_dropped, self._announce_change, self.settle, self._written, self._hold
        )
        self.requests = Requests(
            self.owner, self._reply, lambda: [*self._connections, *self._retired]
        )
        self._chores = chores
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._waker, self._wake_target = socket.socketpair()
        self._waker.setblocking(False)
        self._wake_target.setblocking(False)
        self._listening = Listening(self._selector)
        self._connections: set[Connection] = set()
        #: Held while peers' requests are answered, by whichever thread.
        self._serving = threading.Lock()
        self._retired: list[Connection] = []
        #: What is to be told unasked: arenas that were dropped, names that have changed.
        self._news: deque[list[int] | str] = deque()
        self.started = False
        #: Whether the thread will look after what is held, without being woken.
        self._looks = False

    def start(self) -> None:
        """Starts the thread, if it does not run yet."""
        with self._lock:
            if not self.started:
                self._selector.register(self._wake_target, selectors.EVENT_READ, None)
                self.started = True
                # A threading.Thread would be waited for, which takes longer than a handoff.
                _thread.start_new_thread(self._run, ())

    def listen(self) -> None:
        """Opens this process's socket in the runtime folder, if it is not open yet."""
        self.start()
        if self._listening.open():
            self.wake()  # from now on it looks after the socket

    @property
    def path(self) -> Path | None:
        """Where this process's socket is, once it is open."""
        return self._listening.path

    def wake(self) -> None:
        """Makes the thread look at its chores. Safe anywhere, in finalizers too."""
        with contextlib.suppress(OSError):  # full: it is about to wake; closed: it is over
            self._waker.send(b"\0")

    def unlink(self) -> None:
        """Removes the socket from the folder."""
        self._listening.unlink()

    def abandon(self) -> None:
        """For a forked child: closes the child's copies and tells nobody.

        The selector is closed without unregistering anything: it is shared with the parent.
        """
        self._selector.close()
        for connection in [*self._connections, *self._retired]:
            connection.socket.close()
            connection.forget_sheet()
        self._listening.close()
        self._waker.close()
        self._wake_target.close()
        self.owner.close()

    def _announce_dropped(self, arenas: list[int]) -> None:
        self._news.append(arenas)
        self.wake()

    def _announce_change(self, name: str) -> None:
        if self.requests.watched:
            self._news.append(name)
            self.wake()

    def _run(self) -> None:
        threading.current_thread().name = "cenote"
        due: float | None = None  # when the chores are to be done
        while True:
            waits = [] if self.path is None else [LOOK_EVERY]
            if due is not None:
                waits.append(max(0.0, due - time.monotonic()))
            if self._retired:
                waits.append(TICK)
            self._looks = False  # before the question: what is held from now on wakes it
            if self.owner.is_holding:
                self._looks = True
                waits.append(LOOK_AT_HELD)
            for key, events in self._selector.select(min(waits, default=None)):
                if key.data is None:
                    with contextlib.suppress(OSError):
                        self._wake_target.recv(4096)
                    soon = time.monotonic() + LINGER
                    due = soon if due is None else min(due, soon)
                    continue
                with self._serving:
                    if key.data is self._listening:
                        self._accept()
                    else:
                        self._serve(key.data, events)
            if due is not None and time.monotonic() >= due:
                again = self._chores()
                due = None if again is None else time.monotonic() + again
            with self._serving:
                self._tell_news()
                self._look_after_retired()
            if self.owner.is_holding:
                self.owner.look_after_held()
            self.settle()
            self._listening.look_after()

    def settle(self) -> None:
        """Takes in what peers have sent by now: leases on what was replaced are known then.

        In any thread. While peers are served already, that is done afterwards, by the service's.
        """
        if not self._serving.acquire(blocking=False):
            self.wake()
            return
        try:
            while waiting := self.owner.unsettled():
                for connection in list(self._connections):
                    reads = 0
                    while self._serve(connection, selectors.EVENT_READ):
                        reads += 1
                        if reads == MOST_READS:
                            self._end(connection)  # it says more than can be answered
                for shared in waiting:
                    self.owner.settled(shared)
        finally:
            self._serving.release()

    def _written(self) -> set[int]:
        """The versions that peers have written down. In any thread."""
        holders = [*self._connections, *self._retired]
        return {version for holder in holders for version in holder.written()}

    def _hold(self) -> None:
        if not self._looks:
            self._looks = True
            self.wake()

    def _tell_news(self) -> None:
        while self._news:
            news = self._news.popleft()
            if isinstance(news, str):
                # What it is by now: of versions that follow each other closely the last counts.
                shared = self.owner.find(news)
                event: Message = {
                    "changed": news,
                    "object": None if shared is None else shared.describe(),
                }
            else:
                event = {"dropped": news}
            for connection in list(self._connections):
                if not isinstance(news, str) or connection.watches(news):
                    self._reply(connection, event)

    def _accept(self) -> None:
        accepted = self._listening.accept()
        if accepted is None:
            return
        peer, pid = accepted
        peer.setblocking(False)
        connection = Connection(peer, pid, process_start(pid))
        self._connections.add(connection)
        self._selector.register(peer, selectors.EVENT_READ, connection)
        greeting = {"cenote": PROTOCOL, "pid": os.getpid(), "language": "python"}
        if self.owner.board.fd is not None:
            greeting |= {"board": BOARD_BYTES, "sheet": SHEET_BYTES}
        self._reply(connection, greeting)

    def _serve(self, connection: Connection, events: int) -> bool:
        """Sends and receives. Whether there may be more to receive."""
        try:
            if events & selectors.EVENT_WRITE:
                self._send(connection)
            if not events & selectors.EVENT_READ or connection not in self._connections:
                return False
            data = connection.socket.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._end(connection)
            return False
        try:
            self._answer(connection, data)
        except Exception:  # one peer's nonsense must not end the service of the others
            self._end(connection)
        return connection in self._connections

    def _answer(self, connection: Connection, data: bytes) -> None:
        connection.decoder.feed(data)
        try:
            # A reply that can't be sent ends the connection: what it asked further is void.
            while connection in self._connections and not connection.closing:
                if (message := connection.decoder.next()) is None:
                    return
                self.requests.handle(connection, message)
        except CenoteError as error:
            connection.closing = True
            self._reply(connection, {"error": error_message(error.code, str(error))})

    def _reply(
        self,
        connection: Connection,
        message: Message,
        fd: int | None = None,
        after: memoryview | None = None,
    ) -> None:
        """Says it: with a descriptor, that is closed here, or with bytes after it."""
        connection.pending.append((memoryview(encode(message)), fd))
        if after is not None:
            connection.pending.append((after, None))
        self._send(connection)

    def _send(self, connection: Connection) -> None:
        """Sends what the socket takes, and asks to be told when it takes more."""
        pending = connection.pending
        try:
            while pending:
                data, fd = pending[0]
                if fd is None:
                    sent = connection.socket.send(data[: 1 << 20])
                else:
                    sent = socket.send_fds(connection.socket, [data], [fd])
                    os.close(fd)
                pending.popleft()
                if sent < len(data):
                    pending.appendleft((data[sent:], None))
        except BlockingIOError:
            pass
        except OSError:
            self._end(connection)
            return
        if not pending and connection.closing:
            self._end(connection)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if pending else 0)
        if self._selector.get_key(connection.socket).events != events:
            self._selector.modify(connection.socket, events, connection)

    def _end(self, connection: Connection) -> None:
        """Ends a connection. Leases end with it only if their holder is known to be dead."""
        if connection not in self._connections:
            return
        self._retired.append(connection)  # first: another thread may ask what is written
        self._connections.remove(connection)
        self._selector.unregister(connection.socket)
        connection.socket.close()
        for _, fd in connection.pending:
            if fd is not None:
                os.close(fd)
        connection.pending.clear()
        # Once it is closed: who leases looks afterwards whether it is connected still.
        if not connection.leases and not connection.written():
            self._retired.remove(connection)
            connection.forget_sheet()

    def _look_after_retired(self) -> None:
        for connection in list(self._retired):
            if not connection.is_dead():
                continue
            self._retired.remove(connection)
            connection.forget_sheet()
            for shared in connection.leases.values():
                self.owner.end_lease(shared)
            connection.leases.clear()
