"""The Jupyter server extension: runs a keeper beside the server (`cenote.keep`).

It is a package of its own because the server should not load what the keeper needs. It is enabled
by `jupyter server extension enable cenote_server`; `c.Keeper.enabled = False` turns the keeper off.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from tornado.ioloop import PeriodicCallback
from traitlets import Bool
from traitlets.config import LoggingConfigurable

#: Milliseconds until the keeper starts, so that the server's own start comes first, and between
#: looks whether it still runs.
LOOK_MS = 2000
#: Starts after which it is given up.
MOST_STARTS = 5


class Keeper(LoggingConfigurable):
    """Holds names, so that they outlive the kernels that have put them."""

    enabled = Bool(True, help="Whether a keeper runs beside the server.").tag(config=True)

    def __init__(self, **options: Any) -> None:
        """Starts nothing yet."""
        super().__init__(**options)
        self.process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def look(self) -> None:
        """Starts it where it does not run. It ends with its standard input, as the server does."""
        if self.process is not None and self.process.poll() is None:
            return
        if self._starts == MOST_STARTS:
            return
        self._starts += 1
        if self.process is not None:
            self.log.warning("cenote: the keeper has ended (%s)", self.process.returncode)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cenote", "keep"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "cenote_server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    keeper = Keeper(parent=server)
    if keeper.enabled:
        look = PeriodicCallback(keeper.look, LOOK_MS)
        look.start()
        server.log.info("cenote: names that kernels keep outlive them")
