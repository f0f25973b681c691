"""The processes that live through kills and soaks, of Python and of Node, and what they hold."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from pathlib import Path

from remotes import Process

HERE = Path(__file__).parent


class Survivor(Process):
    """A process of traffic."""

    def __init__(
        self, command: list[str], begin: str, steps: str, rest: str, put: str, remove: str
    ) -> None:
        self._steps, self._rest, self._put, self._remove = steps, rest, put, remove
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failed: str | None = None
        self.done = 0
        super().__init__(command)
        self.run(begin)

    def steps(self, count: int) -> None:
        """Does so many steps there."""
        self.done = self.run(self._steps % count)

    def go(self) -> None:
        """Traffic, in the background, until `rest`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._go)
        self._thread.start()

    def _go(self) -> None:
        try:
            while not self._stop.is_set():
                self.steps(20)
        except Exception as error:
            self.failed = repr(error)

    def rest(self) -> None:
        """Ends the traffic; the process lets go of everything."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        assert self.failed is None, self.failed
        self.run(self._rest)

    def put_bytes(self, name: str, size: int) -> None:
        """Shares a table of that size."""
        self.run(self._put % (name, size))

    def remove(self, name: str) -> None:
        """Takes the name back."""
        self.run(self._remove % name)

    def holds(self) -> Counter[str]:
        """How many descriptors and mappings of memfds it has, by what they are of."""
        found: Counter[str] = Counter()
        folder = f"/proc/{self.process.pid}/fd"
        for fd in os.listdir(folder):
            try:
                target = os.readlink(f"{folder}/{fd}")
            except FileNotFoundError:
                continue
            kind = "socket" if target.startswith("socket:") else "other"
            found[f"descriptors: {target if target.startswith('/memfd') else kind}"] += 1
        for line in Path(f"/proc/{self.process.pid}/maps").read_text().splitlines():
            if "/memfd:cenote" in line:
                found[f"mappings: {line[line.index('/memfd') :]} {line.split()[1]}"] += 1
        return found

    def private_bytes(self) -> int:
        """Memory of its own, without what it shares: RssAnon of proc(5)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no RssAnon")

    def shared_bytes(self) -> int:
        """Shared memory that it has mapped and touched: RssShmem of proc(5)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("RssShmem:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no RssShmem")


def python_survivor(names: list[str]) -> Survivor:
    return Survivor(
        [sys.executable, str(HERE / "peer.py")],
        f"from traffic import Traffic\ntraffic = Traffic({names!r}, 1)",
        "answer = traffic.steps(%d)",
        "traffic.rest()",
        "cenote.put('%s', pa.table({'v': pa.nulls(%d, pa.int8()).fill_null(1)}))",
        "cenote.delete('%s')",
    )


def node_survivor(names: list[str]) -> Survivor:
    module = (HERE / "traffic.ts").as_uri()
    return Survivor(
        ["node", "--expose-gc", str(HERE / "peer.ts")],
        f"const {{ Traffic }} = await import({json.dumps(module)});"
        f"scope.traffic = new Traffic({json.dumps(names)}, 1)",
        "return scope.traffic.steps(%d)",
        "return scope.traffic.rest()",
        "return cenote.put('%s', { v: new Int8Array(%d) })",
        "return cenote.remove('%s')",
    )
