"""How long a handoff takes, by the table's size: python bench/exchange.py [--rounds N]

A handoff is `get`, a look at the first and the last value, and letting go. Each way is measured
with 3,000 and 3,000,000 rows of flights-3m.parquet (npm vega-datasets, 33 chunks), warm, in rounds
that alternate between the sizes, and against the same table copied over the same socket (the
fallback).
"""

import argparse
import json
import mmap
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "python"))
FLIGHTS = ROOT / "node_modules/vega-datasets/data/flights-3m.parquet"


class Node:
    """bench/exchange-reader.ts in a process of its own."""

    def __init__(self, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            ["node", str(ROOT / "bench/exchange-reader.ts")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (env or {}),
        )

    def ask(self, **request: object) -> list[float]:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def show(what: str, times: list[float]) -> None:
    times = sorted(times)
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    print(f"  {what:44} p50 {p50:10,.0f} µs   p99 {p99:10,.0f} µs   n {len(times)}")


def memcpy_microseconds(size: int) -> float:
    """The best of five copies between warm pages."""
    source, target = memoryview(mmap.mmap(-1, size)), memoryview(mmap.mmap(-1, size))
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        target[:] = source
        times.append((time.perf_counter() - begun) * 1e6)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="of 25 handoffs each")
    rounds = parser.parse_args().rounds

    import cenote
    import pyarrow.parquet as pq

    flights = pq.read_table(FLIGHTS)
    tables = {"3k": flights.slice(0, 3000), "3M": flights}
    node, copying = Node(), Node({"CENOTE_NO_NATIVE": "1"})

    puts: list[float] = []
    for _ in range(8):
        begun = time.perf_counter()
        shared = cenote.put("3M", flights)
        puts.append((time.perf_counter() - begun) * 1e6)
    cenote.put("3k", tables["3k"])
    memcpy = memcpy_microseconds(shared.bytes)
    first = node.ask(get="3M", times=1)[0]
    node_puts = node.ask(put="3M", **{"as": "3M from ts"}, times=8)
    node.ask(put="3k", **{"as": "3k from ts"})

    def from_typescript(name: str) -> float:
        begun = time.perf_counter()
        column = cenote.get(f"{name} from ts").column(1)
        column[0], column[-1]
        return (time.perf_counter() - begun) * 1e6

    ways: dict[str, dict[str, list[float]]] = {
        way: {name: [] for name in tables} for way in ("to ts", "to python", "copied")
    }
    node.ask(get="3k", times=100)  # warm the compiler up
    for _ in range(rounds):
        for name in tables:
            ways["to ts"][name] += node.ask(get=name, times=25)
            ways["to python"][name] += [from_typescript(name) for _ in range(25)]
            ways["copied"][name] += copying.ask(get=name, times=1)

    print(f"the one copy: put of {flights.num_rows:,} rows, {shared.bytes / 1e6:.0f} MB, 33 chunks")
    show("Python, warm", puts[3:])
    show("TypeScript, warm", node_puts[3:])
    print(f"  {'memcpy of as many bytes between warm pages':44} {memcpy:14,.0f} µs")
    print("handoff")
    print(f"  {'the first between two processes, 3M rows':44} {first:14,.0f} µs")
    titles = {"to ts": "Python to TypeScript", "to python": "TypeScript to Python"}
    for way, title in titles.items():
        for name in tables:
            show(f"{title}, {name} rows", ways[way][name])
        few, many = (statistics.median(ways[way][name]) for name in tables)
        print(f"  {'':44} 3M ÷ 3k rows: {many / few:.2f}")
    for name in tables:
        show(f"copied over the socket, {name} rows", ways["copied"][name])
    copied, mapped = (statistics.median(ways[way]["3M"]) for way in ("copied", "to ts"))
    print(f"  {'':44} copied ÷ mapped, 3M rows: {copied / mapped:.0f}")
    moved = cenote.stats()
    theirs = len(ways["copied"]["3M"]) + len(ways["copied"]["3k"])
    print(
        f"tables copied: {moved['copies']}, all of them ({theirs}) for the reader without the addon"
    )
    node.end()
    copying.end()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="cx-") as folder:
        os.environ["CENOTE_RUNTIME_DIR"] = folder
        main()
