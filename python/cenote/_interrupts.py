"""Holds interrupts back while this process talks with its peers.

A KeyboardInterrupt between a peer's reply and the table that holds its lease would leave the lease
behind for as long as this process lives; one within a reply would end the connection, and with it
the only way to release what was leased on it.
"""

from __future__ import annotations

# Not `signal`: its enumerations take ten times as long.
import _signal  # type: ignore[import-not-found]
import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class InterruptsHeld:
    """In the main thread SIGINT is dealt with at the end of the block. No other thread gets it."""

    __slots__ = ("_caught", "_handler")

    def __enter__(self) -> None:
        """From now on interrupts are only noted."""
        self._handler: Any = None
        self._caught: tuple[int, FrameType | None] | None = None
        if threading.get_ident() != threading.main_thread().ident:
            return
        handler = _signal.getsignal(signal.SIGINT)
        # Else it does not interrupt Python: it is ignored, or ends the process.
        if callable(handler):
            self._handler = handler
            _signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._caught = (number, frame)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Does what the interrupt would have done."""
        if self._handler is None:
            return
        _signal.signal(signal.SIGINT, self._handler)
        if self._caught is not None:
            self._handler(*self._caught)
