"""Random traffic of the exchange, for the tests that kill processes and for the soak.

Every table has one column of one value, so that whoever reads it can tell memory that was reused
under it. traffic.ts is its twin.
"""

from __future__ import annotations

import gc
import random

import cenote
import numpy as np
import pyarrow as pa

#: What traffic among processes that come and go may meet.
EXPECTED = {"UNKNOWN_NAME", "PEER_GONE", "PEER_SILENT"}
ROWS = (1, 1000, 20_000)
MOST_HELD = 8


class Traffic:
    """Puts, gets, holds, releases and deletes at random; `names` are its own."""

    def __init__(self, names: list[str], seed: int) -> None:
        self.names = names
        self.held: list[pa.Table] = []
        self.random = random.Random(seed)
        self.steps_done = 0

    def steps(self, count: int) -> int:
        """Does `count` things; tells how many it has done so far."""
        for _ in range(count):
            try:
                self._step()
            except cenote.CenoteError as error:
                if error.code not in EXPECTED:
                    raise
            self.steps_done += 1
        return self.steps_done

    def _step(self) -> None:
        what = self.random.random()
        if what < 0.35:
            value, rows = self.random.randrange(1 << 30), self.random.choice(ROWS)
            cenote.put(self.random.choice(self.names), pa.table({"v": np.full(rows, value)}))
        elif what < 0.85:
            names = sorted({table.name for table in cenote.list()})
            if names:
                table = cenote.get(self.random.choice(names))
                check(table)
                self.held.append(table)
            if len(self.held) > MOST_HELD:
                check(self.held.pop(self.random.randrange(len(self.held))))
        elif what < 0.95:
            for table in self.held:
                check(table)
            self.held.clear()
        else:
            cenote.delete(self.random.choice(self.names))

    def rest(self) -> None:
        """Lets go of everything and takes the names back."""
        for table in self.held:
            check(table)
        self.held.clear()
        gc.collect()
        own = {table.name for table in cenote.list()} & set(self.names)
        for name in own:
            cenote.delete(name)


def check(table: pa.Table) -> None:
    """The table is one that `Traffic` has put, whole."""
    values = table["v"].to_numpy()
    assert values.size in ROWS and np.all(values == values[0]), "memory was reused under a lease"
