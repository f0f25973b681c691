"""The errors for a name that `get` has not found."""

from __future__ import annotations

import difflib

from ._errors import CenoteError, UnknownNameError
from ._peer import SilentError
from ._process import process_start

#: Names that an error lists.
NAMES_SHOWN = 20


def unanswered(name: str, silent: list[str]) -> CenoteError:
    """Somebody who may share it has not answered. `silent`: who."""
    return SilentError(
        f"nobody who answered shares {name!r}; no answer came from {', '.join(silent)}",
        "It may be holding its interpreter. Try again, or wait longer: wait=30.",
    )


def unknown_name(name: str, names: list[str], seen: tuple[str, int] | None) -> CenoteError:
    """Nobody shares it. `names`: what is shared; `seen`: language and pid of who last did."""
    text = f"no process shares anything as {name!r}"
    language, pid = seen or ("", 0)
    if pid and process_start(pid) is None:
        text = f"{name!r} was shared by {language} process {pid}, which has ended"
    if not names:
        mend = f"Nothing is shared now. cenote.put({name!r}, table) shares."
        return UnknownNameError(text, mend)
    near = difflib.get_close_matches(name, names, 1)
    shown = ", ".join(map(repr, names[:NAMES_SHOWN])) + (" …" if len(names) > NAMES_SHOWN else "")
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(text, f"Shared now: {shown}.{hint}")
