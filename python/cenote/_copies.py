"""What was copied on the way to or from another library: `cenote.copies()` tells of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ._html import html_table
from ._shared import format_bytes

#: Kinds of copies that are remembered; the oldest are forgotten first.
REMEMBERED = 1000


class Taken(NamedTuple):
    """One column that a conversion copied, or a part of it."""

    column: str
    bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Copied:
    """Columns that `get` or `put` had to copy for a library. `bytes` is the sum of all `times`."""

    call: Literal["get", "put"]
    name: str
    library: str
    columns: tuple[str, ...]
    bytes: int
    why: str
    times: int

    def __str__(self) -> str:
        """One line."""
        often = f", {self.times} times" if self.times > 1 else ""
        return (
            f"{self.call} {self.name!r}, {self.library}: {', '.join(self.columns)} "
            f"({format_bytes(self.bytes)}{often}): {self.why}"
        )


class Copies(list[Copied]):
    """What `copies()` gives: a list that a notebook shows as a table."""

    def __repr__(self) -> str:
        """One line a kind of copy."""
        return "\n".join(map(str, self)) or "(nothing was copied)"

    def _repr_html_(self) -> str:
        if not self:
            return "<em>Nothing was copied.</em>"
        rows = (
            (c.call, c.name, c.library, ", ".join(c.columns), format_bytes(c.bytes), c.times, c.why)
            for c in self
        )
        return html_table(("Call", "Name", "Library", "Columns", "Size", "Times", "Why"), rows)


class CopyLog:
    """The copies of this process. Its methods may be called from any thread."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._lock = threading.Lock()
        self._seen: dict[tuple[Literal["get", "put"], str, str, tuple[str, ...], str], Copied] = {}

    def note(
        self, call: Literal["get", "put"], name: str, library: str, taken: Iterable[Taken]
    ) -> None:
        """Notes what one call has copied."""
        reasons: dict[str, list[Taken]] = {}
        for one in taken:
            if one.bytes:
                reasons.setdefault(one.why, []).append(one)
        if not reasons:
            return
        with self._lock:
            for why, parts in reasons.items():
                columns = tuple(part.column for part in parts)
                key = (call, name, library, columns, why)
                before = self._seen.pop(key, None)
                size = sum(part.bytes for part in parts) + (before.bytes if before else 0)
                times = 1 + (before.times if before else 0)
                self._seen[key] = Copied(call, name, library, columns, size, why, times)
            while len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]

    def listing(self) -> Copies:
        """All kinds of copies, the latest last."""
        with self._lock:
            return Copies(self._seen.values())
