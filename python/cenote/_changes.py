"""Changes of names as a loop sees them, in plain code and in coroutines."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from ._shared import SharedTable

if TYPE_CHECKING:
    import asyncio

    from ._watch import Tell

#: Seconds that a wait lasts at most before Python looks for an interrupt. Where the system wakes a
#: waiting thread for signals, as Linux does, nobody waits that long for it.
GLANCE = 1.0


class Change(NamedTuple):
    """A name's newest version has changed; `table` is None when nobody shares it any more."""

    name: str
    table: SharedTable | None


class _Heard:
    """What was heard and not asked for yet: of each name the latest, in the order of arrival."""

    def __init__(self) -> None:
        self.came = threading.Condition()
        self.stopped = False
        self._waiting: dict[str, Change] = {}
        self._awaited: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def tell(self, name: str, table: SharedTable | None) -> None:
        """In the watchers' thread."""
        with self.came:
            self._waiting.pop(name, None)
            self._waiting[name] = Change(name, table)
            self._wake()

    def stop(self) -> None:
        with self.came:
            self.stopped = True
            self._waiting.clear()
            self._wake()

    def _wake(self) -> None:
        self.came.notify_all()
        for loop, future in self._awaited:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody awaits it
                loop.call_soon_threadsafe(_settle, future)
        self._awaited.clear()

    def pop(self) -> Change | None:
        """The first that waits. Its user holds `came`."""
        name = next(iter(self._waiting), None)
        return None if name is None else self._waiting.pop(name)

    def awaited(self) -> asyncio.Future[None]:
        """Done at the next change, or at the end. Its user holds `came`."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._awaited.append((loop, future))
        return future


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Watch:
    """Changes, to be looped over with `for` or `async for`. `watch` in this package makes it.

    A loop that is busy hears of each name only the last change when it comes back. The watching
    ends with `stop()`, with the end of a `with` block, or when this object is gone; and in a child
    made by `fork`, where the loop ends at once.
    """

    def __init__(
        self,
        listen: Callable[[Tell], Callable[[], None]],
        when_ended: Callable[[Callable[[], None]], None],
    ) -> None:
        """`listen` begins and gives what ends it; `when_ended` has that done from a finalizer."""
        self._heard, self._pid = _Heard(), os.getpid()
        self._end = listen(self._heard.tell)
        self._gone = weakref.finalize(self, when_ended, self._end)
        self._gone.atexit = False

    def next(self, timeout: float | None = None) -> Change | None:
        """The next change; None after `timeout` seconds without one, and after the end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._heard.came:
            while not self._over():
                if (change := self._heard.pop()) is not None:
                    return change
                left = GLANCE if deadline is None else min(GLANCE, deadline - time.monotonic())
                if left <= 0:
                    return None
                self._heard.came.wait(left)
        return None

    def stop(self) -> None:
        """Ends the loop. What was heard and not asked for is forgotten."""
        if self._over():
            return
        self._gone.detach()
        self._end()
        self._heard.stop()

    def _over(self) -> bool:
        return self._heard.stopped or os.getpid() != self._pid

    def __iter__(self) -> Watch:
        """Itself."""
        return self

    def __next__(self) -> Change:
        """Waits for the next change; an interrupt ends the wait."""
        change = self.next()
        if change is None:
            raise StopIteration
        return change

    def __aiter__(self) -> Watch:
        """Itself."""
        return self

    async def __anext__(self) -> Change:
        """Waits for the next change without holding up the event loop."""
        while True:
            with self._heard.came:
                if self._over():
                    raise StopAsyncIteration
                if (change := self._heard.pop()) is not None:
                    return change
                awaited = self._heard.awaited()
            await awaited

    def __enter__(self) -> Watch:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops."""
        self.stop()
