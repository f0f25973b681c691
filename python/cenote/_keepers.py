"""Asks the keepers (_keeper.py) to hold a name."""

from __future__ import annotations

import time

from ._errors import NoKeeperError
from ._peer import SilentError
from ._peers import Peers

#: Seconds that a keeper has for an answer, and to take hold of what it is to keep.
PATIENCE, HOLD_PATIENCE = 1.0, 10.0
#: Seconds between questions whether it has.
PAUSE = 0.01


def ask_keepers(name: str, wanted: bool, created_us: int) -> None:
    """Returns when a keeper holds the version that was put then, or a newer one; or lets go of it.

    Raises NoKeeperError, SilentError.
    """
    peers = Peers()
    deadline = time.monotonic() + HOLD_PATIENCE
    question = {"op": "keep", "name": name, "keep": wanted}
    try:
        peers.refresh(None)
        while True:
            replies, silent = peers.ask_all(question, PATIENCE)
            kept = [reply["kept"] for _, reply in replies if "kept" in reply]
            late = time.monotonic() > deadline
            # Who did not answer in time may be the keeper.
            if not kept and (late or not silent):
                raise NoKeeperError(
                    f"{name!r}: wanted a process that keeps names, found none",
                    "Start one: python -m cenote keep; or enable it in JupyterLab: "
                    "jupyter server extension enable cenote_server.",
                )
            if kept and not wanted:
                return
            if any(type(one) is int and one >= created_us for one in kept):
                return
            if late:
                raise SilentError(
                    f"{name!r} is not held by the keeper after {HOLD_PATIENCE:.0f} s",
                    "Its owner does not answer the keeper, or there is no room. Try again.",
                )
            time.sleep(PAUSE)
    finally:
        peers.close()
