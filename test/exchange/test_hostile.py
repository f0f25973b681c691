"""An owner that lies: whoever asks it gets an error or a table, and reads what others share."""

import fcntl
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from cenote._folder import runtime_folder
from plain import Owner, frame, raw_frame
from survivors import node_survivor, python_survivor
from test_exchange import until

ROUNDS = int(os.environ.get("CENOTE_FUZZ", "300")) // 3
SHRINK = fcntl.F_SEAL_SHRINK
ARENA = 8192
TABLE = pa.table({"v": pa.array(range(100)), "s": pa.array([f"text {i}" for i in range(100)])})

#: Gives how many rows the name has, or the code of the error, which must be one of ours.
GET = {
    "python": """
try:
    answer = cenote.get({name!r}).num_rows
except cenote.CenoteError as error:
    answer = error.code
""",
    "node": """
try {{
  const table = await cenote.get({name!r});
  const {{ numRows }} = table;
  await cenote.release(table);
  return numRows;
}} catch (error) {{
  if (error.name !== "CenoteError") throw error;
  return error.code;
}}
""",
}
CODES = {"PROTOCOL", "PEER_GONE", "PEER_SILENT", "TOO_LARGE", "UNKNOWN_NAME", "BAD_NAME"}
CODES |= {"UNREADABLE", "UNSUPPORTED_TYPE"}


def stream() -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return sink.getvalue().to_pybytes()


STREAM = stream()


def memfd(content: bytes = STREAM, size: int = ARENA, seals: int = SHRINK) -> int:
    fd = os.memfd_create("lies", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.ftruncate(fd, size)
    os.pwrite(fd, content[:size], 0)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


def description(**other) -> dict:
    return {
        **{"name": "lie", "version": 1, "created": 2**52, "kind": "arrow.stream"},
        **{"rows": 100, "bytes": len(STREAM), "columns": [["v", "int64"], ["s", "utf8"]]},
        **{"columnCount": 2, "offset": 0, "arena": {"id": 1, "bytes": ARENA}},
        **other,
    }


class Liar:
    """Answers as it should, but for what is set on it."""

    def __init__(self) -> None:
        self.object = description()
        self.lease: object = {"object": description(), "current": True, "pid": 1, "count": 1}
        self.arena = memfd
        self.reply = lambda request, good: good  # bytes for bytes

    def __call__(self, request: dict) -> tuple[bytes, list[int]]:
        fds: list[int] = []
        number = request.get("id")
        if request["op"] == "get":
            mine = request["name"] == "lie"
            good = {"id": number, "object": self.object if mine else None}
            if mine:
                good["lease"] = 1
        elif request["op"] == "arena":
            fds = [self.arena()]
            good = {"id": number, "bytes": ARENA}
        elif request["op"] == "list":
            good = {"id": number, "objects": [self.object]}
        elif request["op"] == "leases":
            good = {"id": number, "leases": [self.lease]}
        elif request["op"] == "release":
            return b"", []
        else:
            good = {"id": number, "error": {"code": "UNKNOWN_OP", "message": "op: unknown"}}
        return self.reply(request, frame(good)), fds


class Reader:
    """One side, which is lied to; `honest` is another process, which shares "safe"."""

    def __init__(self, language: str) -> None:
        start = python_survivor if language == "python" else node_survivor
        self.process = start(["own"])
        self.honest = python_survivor(["other"])
        self.honest.put_bytes("safe", 1000)
        self.language = language

    def get(self, name: str) -> int | str:
        return self.process.run(GET[self.language].format(name=name))

    def end(self) -> None:
        self.process.end()
        self.honest.end()


@contextmanager
def reading(language: str, folder: Path) -> Iterator[Reader]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CENOTE_RUNTIME_DIR", str(folder / "rt"))
        one = Reader(language)
        yield one
        one.end()


@pytest.fixture(scope="module", params=["python", "node"])
def reader(request, tmp_path_factory):
    """One process for all lies, after each of which it still reads what is safe."""
    with reading(request.param, tmp_path_factory.mktemp("lies")) as one:
        yield one


@pytest.fixture(params=["python", "node"])
def new_reader(request, tmp_path):
    """For tests that compare what it holds before and after."""
    with reading(request.param, tmp_path) as one:
        yield one


def test_what_is_true_is_read(reader):
    """Else the lies below would prove nothing."""
    owner = Owner(runtime_folder(), Liar())
    assert reader.get("lie") == 100
    owner.close()


def at_rest(reader: Reader) -> Counter[str]:
    """What the reader holds once it has read something honest and mapped its owner's board."""
    assert reader.get("safe") == 1000
    until("the board is mapped", lambda: any(map(is_board_of_another, reader.process.holds())))
    return reader.process.holds()


def is_board_of_another(what: str) -> bool:
    return what.startswith("mappings: /memfd:cenote-board") and not what.endswith("rw-s")


def holds_more(reader: Reader, before: Counter[str]) -> bool:
    """Whether it holds more than before; but for the honest owner's sheet, which may come later."""
    return any("cenote-sheet" not in what for what in reader.process.holds() - before)


ANYTHING = [None, True, -1, 0, 1, 99, 4095, 8191, 8193, 2**31, 2**32, 2**52, 2**53, 2**64, 1.5]
ANYTHING += [
    "",
    "lie",
    "x" * 5000,
    [],
    {},
    [[]],
    [["v"]],
    [[1, 2]],
    {"id": 1},
    {"id": 1, "bytes": 1},
]


def test_wrong_descriptions(new_reader):
    liar = Liar()
    owner = Owner(runtime_folder(), liar)
    before = at_rest(new_reader)
    rng = random.Random(7)
    for _ in range(ROUNDS):
        wrong = {
            rng.choice([*description()]): rng.choice(ANYTHING) for _ in range(rng.choice([1, 2]))
        }
        liar.object = description(**wrong)
        found = new_reader.get("lie")
        # Versions, times and the columns' names are the owner's to choose; the rest must be true.
        assert found in CODES or found == 100, wrong
        assert new_reader.get("safe") == 1000, wrong
    liar.object = None
    owner.close()
    until("what it had passed is let go of", lambda: not holds_more(new_reader, before))


ARENAS = {
    "smaller than said": lambda: memfd(size=4096),
    "empty": lambda: memfd(size=0),
    "not sealed": lambda: memfd(seals=0),
    "sealed, but not against shrinking": lambda: memfd(seals=fcntl.F_SEAL_GROW),
    "a pipe": lambda: os.pipe()[0],
    "a folder": lambda: os.open("/proc", os.O_RDONLY),
    "a device": lambda: os.open("/dev/zero", os.O_RDWR),
    "a terminal's twin": lambda: os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY),
    "only for its path": lambda: os.open("/proc/self/exe", os.O_PATH),
    "full of nothing": lambda: memfd(b""),
    "full of 0xff": lambda: memfd(b"\xff" * ARENA),
}


@pytest.mark.parametrize("what", ARENAS)
def test_arenas_that_are_none(what, reader):
    liar = Liar()
    liar.arena = ARENAS[what]
    owner = Owner(runtime_folder(), liar)
    assert reader.get("lie") in CODES
    assert reader.get("safe") == 1000
    owner.close()


def replies(good: bytes) -> dict[str, bytes]:
    body = good[4:]
    return {
        "nothing that is JSON": raw_frame(b"{" + body),
        "too long a frame": b"\xff\xff\xff\xff" + body,
        "a list": raw_frame(b"[" + body + b"]"),
        "text that is not UTF-8": raw_frame(b'{"\xff": 1}'),
        "deep nesting": raw_frame(b"[" * 200_000),
        "another id first": frame({"id": 10**9, "object": None}) + good,
        "events that nobody knows": frame({"dance": [1]}) + frame({"dropped": "x"}) + good,
        "dropped arenas that never were": frame({"dropped": [-1, 2**60, None, "1"]}) + good,
        "changes of nothing": frame({"changed": 7}) + frame({"changed": "x", "object": 3}) + good,
        "the reply twice": good + good,
        "an error without words": frame({"id": json.loads(body).get("id"), "error": None}),
        "an error that is a number": frame({"id": json.loads(body).get("id"), "error": 7}),
    }


REPLIES = list(replies(frame({})))


def test_replies_that_are_none(reader):
    liar = Liar()
    owner = Owner(runtime_folder(), liar)
    for op in ("get", "arena"):
        for what in REPLIES:
            liar.reply = lambda request, good, op=op, what=what: (
                replies(good)[what] if request["op"] == op else good
            )
            found = reader.get("lie")
            assert found in CODES or found == 100, (op, what)
            assert reader.get("safe") == 1000, (op, what)
    owner.close()


GREETINGS = {
    "nothing that is JSON": raw_frame(b"hello"),
    "another version": frame({"cenote": 2, "pid": 1, "language": "x"}),
    "wrong types": frame({"cenote": 1, "pid": "x", "language": {"a": 1}}),
    "a board that there is not": frame({"cenote": 1, "pid": 1, "language": "x", "board": 4096}),
    "a board of the wrong type": frame({"cenote": 1, "pid": 1, "language": "x", "board": []}),
    "any bytes": random.Random(3).randbytes(4096),
    "a megabyte of zeros": bytes(1 << 20),
}


@pytest.mark.parametrize("what", GREETINGS)
def test_greetings_that_are_none(what, reader):
    owner = Owner(runtime_folder(), Liar(), GREETINGS[what])
    found = reader.get("lie")
    assert found in CODES or found == 100
    assert reader.get("safe") == 1000
    owner.close()


def test_descriptors_that_nobody_asked_for(new_reader):
    liar = Liar()
    before = at_rest(new_reader)
    owner = Owner(runtime_folder(), liar)
    flood = [0]

    def answer(request: dict) -> tuple[bytes, list[int]]:
        data, fds = liar(request)
        if request["op"] == "get":
            flood[0] += 1
            fds += [memfd() for _ in range(200)]
        return data, fds

    owner._answer = answer
    for _ in range(10):
        found = new_reader.get("lie")
        assert found in CODES or found == 100
        assert new_reader.get("safe") == 1000
    assert flood[0] > 0
    owner.close()
    until("they are closed", lambda: not holds_more(new_reader, before))


@pytest.mark.parametrize("reader", ["python"], indirect=True)
def test_streams_with_bytes_that_are_others(reader):
    """In Python alone: apache-arrow believes every count that it reads, and fills the heap."""
    liar = Liar()
    owner = Owner(runtime_folder(), liar)
    rng = random.Random(11)
    for number in range(ROUNDS):
        wrong = bytearray(STREAM)
        for _ in range(rng.choice([1, 1, 2, 8])):
            wrong[rng.randrange(len(wrong))] = rng.randrange(256)
        arena = {"id": number + 1, "bytes": ARENA}  # each is another: arenas are mapped once
        liar.object = description(arena=arena, version=number)
        liar.arena = lambda wrong=bytes(wrong): memfd(wrong)
        found = reader.get("lie")
        assert found in CODES or found == 100, bytes(wrong)
    assert reader.get("safe") == 1000
    owner.close()
