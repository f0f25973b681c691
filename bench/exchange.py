"""How long a handoff takes, by size and against others: npm run bench -- exchange

A handoff is `get`, a look at the first and the last value, and letting go, between two processes.
"asked" is the first `get` of a version that the reader does not have in use: it is found on the
owner's board and leased, and the table is made anew. "new version" is the same, just after its
owner has put it. "again" is a `get` of one in use. "warm" are new versions too, made in place, one
after the other without a pause; below them stands what one byte there and back takes on a bare
socket between two processes. Rounds alternate between all sizes, directions
and peers; the peers hand over the same Arrow stream, Python to Python. `--large` adds 4 GB, which
takes 10 GB of memory.
"""

import argparse
import contextlib
import json
import mmap
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "bench/exchange")]
SIZES = {"1 KB": 1 << 10, "1 MB": 1 << 20, "64 MB": 64 << 20, "1 GB": 1 << 30}
#: Too large to be put anew each round: pages that nobody writes take no memory.
LARGE = {"4 GB": 4 << 30}
#: The largest that goes to peers which copy.
COPIED = {name: size for name, size in SIZES.items() if size <= 64 << 20}
AGAIN = 25
SMALL_OBJECTS = 10_000
#: Seconds after which a table that was let go of is not in use any more.
FORGOTTEN = 0.4


class Node:
    """bench/exchange/reader.ts in a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", str(ROOT / "bench/exchange/reader.ts")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.process.stdout.readline()

    def ask(self, **request: object) -> list[float]:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def microseconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1e6


def show(what: str, times: list[float]) -> None:
    times = sorted(times)
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    print(f"  {what:36} p50 {p50:11,.0f} µs   p99 {p99:11,.0f} µs   n {len(times)}")


def ratio(what: str, top: list[float], bottom: list[float]) -> None:
    print(f"  {what:36} {statistics.median(top) / statistics.median(bottom):10,.1f} ×")


def the_one_copy(rounds: int) -> None:
    """`put` of a gigabyte, warm, against memcpy between warm pages, by turns."""
    import cenote
    from others import table_of

    table = table_of(SIZES["1 GB"])
    size = SIZES["1 GB"]
    source, target = memoryview(mmap.mmap(-1, size)), memoryview(mmap.mmap(-1, size))
    source[:: mmap.PAGESIZE] = bytes(size // mmap.PAGESIZE)  # no page of zeros that all share
    puts, copies = [], []
    for turn in range(rounds + 2):

        def copy() -> None:
            target[:] = source

        put = microseconds(lambda: cenote.put("large", table))
        plain = microseconds(copy)
        if turn >= 2:  # both versions' arenas, and the target, are warm by now
            puts.append(put)
            copies.append(plain)
    cenote.delete("large")
    print("the one copy, 1 GB, warm")
    show("put of a pyarrow table", puts)
    show("memcpy between warm pages", copies)
    ratio("memcpy ÷ put (goal 0.9)", copies, puts)


def small_objects(node: Node) -> None:
    """Each put, got by another process, and released."""
    import cenote
    from others import table_of

    table = table_of(1024)
    names = [f"small {number}" for number in range(SMALL_OBJECTS)]
    before = cenote.stats()["arena_bytes"]
    in_process = microseconds(lambda: [(cenote.put("s", table), cenote.get("s")) for _ in names])
    cenote.delete("s")
    put = microseconds(lambda: [cenote.put(name, table) for name in names])
    got = microseconds(lambda: node.ask(get=names))
    for name in names:
        cenote.delete(name)
    grown = cenote.stats()["arena_bytes"] - before
    per_second = SMALL_OBJECTS * 1e6
    print(f"{SMALL_OBJECTS:,} objects of 1 KB, each put, got and released (goal 10,000 a second)")
    print(f"  {'one name, in one Python process':36} {per_second / in_process:10,.0f} a second")
    print(f"  {'put by Python, all names':36} {per_second / put:10,.0f} a second")
    print(f"  {'got and released by TypeScript':36} {per_second / got:10,.0f} a second")
    print(f"  {'put, got and released':36} {per_second / (put + got):10,.0f} a second")
    print(f"  {'arenas grown by':36} {grown / 2**20:10,.0f} MiB")


def handoffs(rounds: int, node: Node, large: bool) -> None:
    """All sizes, directions and peers by turns."""
    import cenote
    from others import PEERS, Other, look, missing, table_of

    tables = {name: table_of(size) for name, size in SIZES.items()}
    for name, table in tables.items():
        cenote.put(name, table)
    for name, size in LARGE.items() if large else ():
        cenote.put(name, cenote.empty(size // 8))
    names = [*SIZES, *(LARGE if large else ())]
    for name in names:
        node.ask(put=name, **{"as": f"{name} from ts"}, times=1)
    others = {name: Other(name, COPIED) for name in PEERS}
    times: dict[tuple[str, str], list[float]] = defaultdict(list)

    def from_typescript(name: str) -> float:
        return microseconds(lambda: look(cenote.get(f"{name} from ts")))

    node.ask(get=list(SIZES) * 50)  # warms the compiler up
    for turn in range(rounds + 1):
        taken = times if turn else defaultdict(list)  # the first round warms everything up
        time.sleep(FORGOTTEN)
        for name in names:
            asked, *again = node.ask(get=[name] * (1 + AGAIN))
            taken["Python to TypeScript, asked", name].append(asked)
            taken["Python to TypeScript, again", name] += again
            taken["TypeScript to Python, asked", name].append(from_typescript(name))
            again = [from_typescript(name) for _ in range(AGAIN)]
            taken["TypeScript to Python, again", name] += again
        for name, table in tables.items():
            cenote.put(name, table)
            taken["Python to TypeScript, new version", name] += node.ask(get=[name])
            node.ask(put=name, **{"as": f"{name} from ts"}, times=1)
            taken["TypeScript to Python, new version", name].append(from_typescript(name))
        for name in COPIED:
            for peer, other in others.items():
                taken[peer, name].append(microseconds(lambda o=other, n=name: o.handoff(n)))
    for way in dict.fromkeys(way for way, _ in times):
        print(way)
        sizes = [name for name in names if (way, name) in times]
        for name in sizes:
            show(name, times[way, name])
        ratio("largest ÷ smallest", times[way, sizes[-1]], times[way, sizes[0]])
    print("others ÷ TypeScript to Python, 64 MB")
    for peer in others:
        for kind in ("asked", "new version", "again"):
            ours = times[f"TypeScript to Python, {kind}", "64 MB"]
            ratio(f"{peer} ÷ ours, {kind}", times[peer, "64 MB"], ours)
    for line in missing():
        print(f"  {line}")
    for other in others.values():
        other.end()


ECHO = """
import socket, sys
with socket.socket(fileno=int(sys.argv[1])) as peer:
    while data := peer.recv(1):
        peer.send(data)
"""


def warm(rounds: int, node: Node) -> None:
    """New versions of all sizes, made in place, by turns with a byte on a bare socket."""
    import cenote
    from others import look

    ours, theirs = socket.socketpair()
    echo = subprocess.Popen(
        [sys.executable, "-c", ECHO, str(theirs.fileno())], pass_fds=[theirs.fileno()]
    )
    theirs.close()

    def ping() -> None:
        ours.send(b"x")
        ours.recv(1)

    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    warm_up = 20 * rounds  # the compiler's
    for turn in range(warm_up + 20 * rounds):
        taken = times if turn >= warm_up else defaultdict(list)
        for name, size in {**SIZES, **LARGE}.items():
            cenote.put(f"warm {name}", cenote.empty(size // 8))
            taken["Python to TypeScript", name] += node.ask(get=[f"warm {name}"])
            node.ask(make=f"warm {name} from ts", elements=size // 8)
            taken["TypeScript to Python", name].append(
                microseconds(lambda n=name: look(cenote.get(f"warm {n} from ts")))
            )
        taken["a byte there and back on a bare socket", ""].append(microseconds(ping))
    ours.close()
    echo.wait()
    print("new versions, warm (goal: p50 60 µs, p99 300 µs, largest ÷ smallest 1.5)")
    for (way, name), values in sorted(times.items()):
        show(f"{way} {name}", values)
    for way in ("Python to TypeScript", "TypeScript to Python"):
        ratio(f"{way}, 4 GB ÷ 1 KB", times[way, "4 GB"], times[way, "1 KB"])


FIRST = """
import sys, time, cenote, pyarrow
from others import look
begun = time.perf_counter()
look(cenote.get("first"))
print((time.perf_counter() - begun) * 1e6)
"""


OWNER = """
import sys, cenote
from others import table_of
cenote.put(sys.argv[1], table_of(1 << 20))
print(flush=True)
sys.stdin.read()
"""
#: Seconds after which a reader has seen that a process has begun to share.
NOTICED = 1.0


def python_with_bench() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:2])}


def first_handoffs(rounds: int, node: Node) -> None:
    """Between two processes that have not met; libraries are loaded, the owner serves already.

    The reader has just started; or it has read from others, and the owner is new: it is asked at
    once, or a second later.
    """
    import cenote
    from others import look, table_of

    cenote.put("first", table_of(SIZES["1 MB"]))
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        fresh = Node()
        times["to TypeScript, just started"] += fresh.ask(get=["first"])
        fresh.end()
        python = subprocess.run(
            [sys.executable, "-c", FIRST],
            env=python_with_bench(),
            capture_output=True,
            text=True,
            check=True,
        )
        times["to Python, just started"].append(float(python.stdout))
        for when, pause in ("at once", 0.0), ("a second later", NOTICED):
            with new_owner("met"):
                time.sleep(pause)
                times[f"to TypeScript, {when}"] += node.ask(get=["met"])
            with new_owner("met"):
                time.sleep(pause)
                times[f"to Python, {when}"].append(microseconds(lambda: look(cenote.get("met"))))
    print("first handoff between two processes, from Python (goal 2,000 µs)")
    for reader, taken in times.items():
        show(reader, taken)


@contextlib.contextmanager
def new_owner(name: str) -> Iterator[None]:
    """A process that shares a table of 1 MB."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, name],
        env=python_with_bench(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        owner.stdout.readline()
        yield
        owner.stdin.close()


def from_gpu(rounds: int) -> None:
    """A table of 64 MB on the GPU to a Python array: what is moved on the way."""
    import cenote

    cenote.put("own", {"values": [1]})
    cenote.get("own", as_="numpy")  # loads what turns tables into arrays
    puts, gets, moved = [], [], []
    for _ in range(rounds):
        with subprocess.Popen(
            ["node", str(ROOT / "bench/exchange/gpu.ts"), "gpu", str(SIZES["64 MB"])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as owner:
            said = json.loads(owner.stdout.readline())
            before, noted = cenote.stats(), len(cenote.copies())
            gets.append(microseconds(lambda: cenote.get("gpu", as_="numpy")[-1]))
            after = cenote.stats()
            owner.stdin.close()
        puts.append(said["microseconds"])
        here = after["copies"] - before["copies"] + len(cenote.copies()) - noted
        moved.append((said["readBacks"], said["bytes"], said["copies"], here))
    print("a GPU table of 64 MB to a Python array (goal: one read-back, one copy)")
    show("put: read back into the arena", puts)
    show("get as a numpy array", gets)
    for read_backs, size, there, here in sorted(set(moved)):
        print(f"  read-backs {read_backs}, bytes written to the arena {size:,}")
        print(f"  further copies: TypeScript {there}, Python {here}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--large", action="store_true", help="4 GB, too")
    options = parser.parse_args()
    rounds: int = options.rounds
    import cenote

    node = Node()
    handoffs(rounds, node, options.large)
    warm(rounds, node)
    first_handoffs(max(3, rounds // 3), node)
    from_gpu(max(3, rounds // 6))
    the_one_copy(max(3, rounds // 3))
    small_objects(node)
    node.end()
    moved = cenote.stats()
    print(f"tables that crossed by a further copy: {moved['copies']}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="cx-") as folder:
        os.environ["CENOTE_RUNTIME_DIR"] = folder
        main()
