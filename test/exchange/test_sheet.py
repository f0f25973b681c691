"""Leases that a reader writes down in its sheet: without a message, and whatever else it writes."""

import fcntl
import mmap
import os
import select
import struct

import cenote
import pytest
from cenote._board import PeerBoard
from cenote._folder import runtime_folder
from plain import Client, frame, socket_of
from test_board import owner, peer_of, put, value, wait_for_board  # noqa: F401
from test_exchange import until

SHEET_BYTES = 16384


def client_of(process) -> Client:
    client = Client(socket_of(runtime_folder(), process.process.pid))
    assert client.hear()["sheet"] == SHEET_BYTES
    return client


def sheet_of(client: Client) -> tuple[int, memoryview]:
    reply = client.ask({"op": "sheet", "id": 1})
    fd = client.descriptors.pop()
    assert (reply["bytes"], os.fstat(fd).st_size) == (SHEET_BYTES, SHEET_BYTES)
    with pytest.raises(OSError):
        os.ftruncate(fd, 0)
    assert fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_GROW
    words = memoryview(mmap.mmap(fd, SHEET_BYTES)).cast("Q")
    os.close(fd)
    return reply["sheet"], words


def version_of_b(client: Client) -> int:
    return next(o["version"] for o in client.ask({"op": "list", "id": 2})["objects"])


def held(client: Client) -> list[tuple[int, bool, int]]:
    entries = client.ask({"op": "leases", "id": 3})["leases"]
    return [(one["object"]["version"], one["current"], one["count"]) for one in entries]


def test_what_is_written_down_is_leased_until_it_is_struck_out(owner):  # noqa: F811
    put(owner, {"b": 1})
    client = client_of(owner)
    number, words = sheet_of(client)
    version = version_of_b(client)
    words[0], words[2], words[3] = 3, version, version
    assert held(client) == [(version, True, 2)]
    put(owner, {"b": 2})
    words[3] = 0
    assert held(client) == [(version, False, 1)]
    words[2] = 0

    def is_void() -> bool:
        client.say(frame({"op": "lease", "version": version, "lease": -9999}))
        found = held(client)
        client.say(frame({"op": "release", "lease": -9999}))
        return found == []

    until("its range is free, and nobody leases it any more", is_void)

    other = client_of(owner)  # the same sheet by another connection
    assert other.ask({"op": "sheet", "id": 4, "sheet": number})["sheet"] == number
    again = mmap.mmap(other.descriptors[0], SHEET_BYTES)
    words[1] = 7
    assert struct.unpack_from("Q", again, 8) == (7,)
    os.close(other.descriptors.pop())
    client.ask({"op": "board", "id": 5})
    assert PeerBoard(client.descriptors.pop()).find("b")[1] is not None
    for one in (client, other):
        one.close()


def test_anything_may_stand_in_a_sheet(owner):  # noqa: F811
    put(owner, {"b": 1})
    client = client_of(owner)
    _, words = sheet_of(client)
    for garbage in (2**64 - 1, 2**53, 1):
        words[:] = memoryview(struct.pack("2048Q", *[garbage] * 2048)).cast("Q")
        for k in range(2, 5):
            put(owner, {"b": k})
            assert value("b") == k
        assert held(client) is not None
    client.say(frame({"op": "sheet", "id": 6, "sheet": 999}))
    assert client.hear()["error"]["code"] == "UNKNOWN_SHEET"
    assert client.hear() is None
    client.close()
    assert value("b") == 4


def test_a_lease_from_an_owner_that_has_just_hung_up_is_void(owner):  # noqa: F811
    put(owner, {"b": 1})
    assert value("b") == 1
    wait_for_board(owner)
    put(owner, {"b": 2})
    assert value("b") == 2  # asks for a sheet
    peer = peer_of(owner)
    until("there is a sheet", lambda: cenote.list() and peer._sheet is not None)
    client = client_of(owner)
    until("nothing stands in it", lambda: held(client) == [])
    put(owner, {"b": 3})
    lease = peer.lease

    def late(version: int) -> int | None:
        peer._send(frame({"op": "lease", "version": version, "lease": 0}))  # an error
        poller = select.poll()
        poller.register(peer, select.POLLRDHUP)
        assert poller.poll(10_000)
        return lease(version)

    peer.lease = late
    table = cenote.get("b", wait=10)
    assert peer.closed
    assert table["x"][0].as_py() == 3
    version = version_of_b(client)
    put(owner, {"b": 4})
    assert (version, False, 1) in held(client)
    client.close()


def test_who_hangs_up_and_lives_keeps_what_it_has_written_down(owner):  # noqa: F811
    put(owner, {"b": 1})
    client, other = client_of(owner), client_of(owner)
    _, words = sheet_of(client)
    version = version_of_b(client)
    words[0], words[1] = 1, version
    client.close()
    put(owner, {"b": 2})
    assert held(other) == [(version, False, 1)]
    words[1] = 0
    until("it has ended", lambda: held(other) == [])
    other.close()
