"""Nonsense at the socket of each side: what is wrong gets an error, and nobody else notices.

CENOTE_FUZZ says how many connections each side gets: 300 unless told.
"""

import json
import os
import random
import struct

import pytest
from cenote._folder import runtime_folder
from plain import Client, frame, raw_frame, socket_of
from survivors import node_survivor, python_survivor
from test_exchange import until

CONNECTIONS = int(os.environ.get("CENOTE_FUZZ", "300"))
REQUEST_LIMIT = 64 * 1024
REQUESTS = [
    {"op": "get", "id": 1, "name": "other"},
    {"op": "arena", "id": 2, "arena": 99},
    {"op": "fetch", "id": 3, "lease": 99},
    {"op": "release", "lease": 99},
    {"op": "list", "id": 4},
    {"op": "remove", "id": 5, "name": "other"},
    {"op": "watch", "id": 6, "name": "other"},
]
VALUES = [
    None,
    True,
    -1,
    0,
    1.5,
    2**31,
    2**53,
    2**64,
    10**400,
    "",
    "\0",
    "\ud800",
    "x" * 300,
    "é" * 200,
    [],
    {},
    [[[]]],
    {"op": "get"},
]
BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"7",
    b'"get"',
    b"\xff\xfe\xfd",
    b'{"op": "get", "id": 1e999, "name": "x"}',
    b'{"op": NaN, "id": NaN}',
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b'{"__proto__": {"op": "list"}, "id": 1}',
]


@pytest.fixture(scope="module", params=[python_survivor, node_survivor], ids=["python", "node"])
def owner(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CENOTE_RUNTIME_DIR", str(tmp_path_factory.mktemp("nonsense") / "rt"))
        process = request.param(["other"])
        process.put_bytes("safe", 1000)
        yield process
        process.end()


def nonsense(rng: random.Random) -> tuple[bytes, bool]:
    """What to send, and whether it must be called an error."""
    kind = rng.randrange(6)
    if kind == 0:  # a request with a field that is wrong, or missing, or that nobody knows
        request = dict(rng.choice(REQUESTS))
        key = rng.choice([*request, "more"])
        if rng.random() < 0.2:
            request.pop(key, None)
        else:
            request[key] = rng.choice(VALUES)
        return frame(request), False
    if kind == 1:
        return raw_frame(rng.choice(BODIES)), True
    if kind == 2:  # longer than any request may be
        return struct.pack("<I", rng.choice([REQUEST_LIMIT + 1, 2**31, 2**32 - 1])), True
    if kind == 3:  # any bytes, of which the first say that little follows
        body = rng.randbytes(rng.randrange(1, 200))
        return struct.pack("<I", len(body)) + body, True
    if kind == 4:  # a good frame, cut short or with one byte that is another
        data = bytearray(frame(rng.choice(REQUESTS)))
        if rng.random() < 0.5:
            return bytes(data[: rng.randrange(len(data))]), False
        data[rng.randrange(4, len(data))] = rng.randrange(256)
        return bytes(data), False
    return b"".join(nonsense(rng)[0] for _ in range(rng.randrange(2, 6))), False


def replies_to(path: str, data: bytes, descriptors: tuple[int, ...]) -> list[dict]:
    """All that the owner says until it hangs up, which it does when nothing more comes."""
    client = Client(path)
    client.say(data, descriptors)
    try:
        client.socket.shutdown(1)
    except OSError:
        pass  # it has hung up
    replies = []
    while (reply := client.hear()) is not None:
        replies.append(reply)
    client.close()
    assert not client.descriptors
    return replies


def test_nonsense_is_answered_by_errors(owner):
    path = socket_of(runtime_folder(), owner.process.pid)
    innocent = Client(path)
    assert innocent.hear()["cenote"] == 1
    before = owner.holds()
    rng = random.Random(20260101)
    for number in range(CONNECTIONS):
        data, wrong = nonsense(rng)
        unasked = tuple(os.memfd_create("unasked") for _ in range(rng.choice([0, 0, 1, 8])))
        replies = replies_to(path, data, unasked)
        for fd in unasked:
            os.close(fd)
        told = f"{data[:100]!r}: {json.dumps(replies)[:300]}"
        # An owner that hangs up on unread nonsense resets the connection: what it said may be lost.
        errors = [reply["error"] for reply in replies if "error" in reply]
        for error in errors:
            assert error["code"].isupper() and len(error["message"]) > 3, told
            assert error["code"] not in ("FAILED", "INTERNAL"), told
        assert errors or not wrong or not replies, told
        asked = innocent.ask({"op": "list", "id": 1000 + number})
        assert [item["name"] for item in asked["objects"]] == ["safe"], told
    until("what came unasked is closed", lambda: not owner.holds() - before)
    innocent.close()


def test_who_reads_no_replies_or_sends_without_end_holds_nobody_up(owner):
    path = socket_of(runtime_folder(), owner.process.pid)
    deaf = [Client(path) for _ in range(4)]
    for client in deaf:
        client.socket.setblocking(False)
        asking = frame({"op": "list", "id": 1}) * 1000
        for _ in range(200):
            try:
                client.socket.send(asking)
            except BlockingIOError:
                break
            except (BrokenPipeError, ConnectionResetError):
                break
    innocent = Client(path)
    for number in range(100):
        assert innocent.ask({"op": "get", "id": number, "name": "safe"})["object"]["rows"] == 1000
    for client in [*deaf, innocent]:
        client.close()


def test_who_asks_for_descriptors_and_hangs_up_leaves_none(owner):
    path = socket_of(runtime_folder(), owner.process.pid)
    innocent = Client(path)
    arena = innocent.ask({"op": "get", "id": 1, "name": "safe"})["object"]["arena"]["id"]
    before = owner.holds()
    asking = frame({"op": "board", "id": 1}) + frame({"op": "arena", "id": 2, "arena": arena})
    for number in range(20):
        client = Client(path)
        client.say(asking * 200)
        client.close()
        assert innocent.ask({"op": "list", "id": number})["objects"]
    until("no descriptor is left", lambda: not owner.holds() - before)
    innocent.close()


def test_hundreds_of_connections_that_say_nothing(owner):
    path = socket_of(runtime_folder(), owner.process.pid)
    before = owner.holds()
    silent = []
    for _ in range(400):
        silent.append(Client(path))
    innocent = Client(path)
    assert innocent.ask({"op": "list", "id": 1})["objects"]
    for client in [*silent, innocent]:
        client.close()
    until("their descriptors are closed", lambda: not owner.holds() - before)
