"""What owners post on their boards, and the leases that readers take from there."""

from zlib import crc32

import cenote
import pytest
from cenote._board import PeerBoard
from cenote._exchange import exchange
from cenote._folder import runtime_folder
from plain import Client, frame, socket_of
from remotes import Node, Remote
from test_exchange import until

PUT = {
    Remote: "import pyarrow as pa\nfor n, v in {items}: cenote.put(n, pa.table({{'x': [v]}}))",
    Node: "for (const [n, v] of {items}) await cenote.put(n, {{ x: Int32Array.of(v) }})",
}


@pytest.fixture(params=[Remote, Node])
def owner(request):
    process = request.param()
    yield process
    process.end()


def put(owner, items: dict[str, int]) -> None:
    pairs = [list(pair) for pair in items.items()]
    owner.run(PUT[type(owner)].format(items=pairs))


def value(name: str) -> int:
    return cenote.get(name)["x"][0].as_py()


def peer_of(owner):
    return next(p for p in exchange()._peers.all() if p.pid == owner.process.pid)


def wait_for_board(owner) -> None:
    until("its board is mapped", lambda: cenote.list() and peer_of(owner).count("b") is not None)


def test_new_versions_take_no_question(owner):
    put(owner, {"b": 0})
    assert value("b") == 0
    wait_for_board(owner)
    put(owner, {"b": 1})
    assert value("b") == 1  # asks for a sheet
    asked = peer_of(owner)._last
    for k in range(2, 30):
        put(owner, {"b": k})
        assert value("b") == k
    assert peer_of(owner)._last == asked


def test_names_without_an_entry_are_asked_for(owner):
    bucket = crc32(b"b") % 2048
    crowd = [n for n in (f"n{k}" for k in range(60_000)) if crc32(n.encode()) % 2048 == bucket]
    items = {name: k for k, name in enumerate([*crowd[:12], "long" * 60])}
    put(owner, {"b": 1, **items})
    assert value("b") == 1
    wait_for_board(owner)
    assert {name: value(name) for name in items} == items
    in_use = {name: cenote.get(name) for name in items}
    put(owner, {name: k + 100 for name, k in items.items()})
    assert {name: value(name) - 100 for name in in_use} == items
    cenote.delete(crowd[11])
    cenote.delete(crowd[0])
    for name in (crowd[11], crowd[0]):
        with pytest.raises(cenote.UnknownNameError):
            cenote.get(name)
    put(owner, {crowd[11]: 77})  # where there was none, there is an entry now
    assert value(crowd[11]) == 77


def test_a_lease_in_time_holds_and_a_late_one_is_void(owner):
    put(owner, {"b": 1})
    client = Client(socket_of(runtime_folder(), owner.process.pid))
    client.ask({"op": "board", "id": 1})
    board = PeerBoard(client.descriptors.pop())
    told, entry = board.find("b")
    assert told and entry is not None
    version = entry.facts[0]

    def held() -> list[tuple[int, bool]]:
        reply = client.ask({"op": "leases", "id": 2})
        mine = [one for one in reply["leases"] if one["object"]["name"] == "b"]
        return [(one["object"]["version"], one["current"]) for one in mine]

    client.say(frame({"op": "lease", "version": version, "lease": -1}))
    put(owner, {"b": 2})
    assert held() == [(version, False)]
    assert not entry.stands()
    client.say(frame({"op": "release", "lease": -1}))
    assert held() == []

    def is_void() -> bool:
        client.say(frame({"op": "lease", "version": version, "lease": -2}))
        found = held()
        client.say(frame({"op": "release", "lease": -2}))
        return found == []

    until("its range is free", is_void)
    assert value("b") == 2
    client.close()


def test_a_name_taken_back_by_a_peer_is_gone_from_a_busy_owners_board(owner):
    put(owner, {"b": 1})
    assert value("b") == 1
    wait_for_board(owner)
    cenote.delete("b")
    with pytest.raises(cenote.UnknownNameError):
        cenote.get("b")
    put(owner, {"b": 2})
    assert value("b") == 2


@pytest.mark.parametrize("lease", [0, 7, "x", None])
def test_a_lease_by_a_wrong_number_is_an_error(owner, lease):
    put(owner, {"b": 1})
    client = Client(socket_of(runtime_folder(), owner.process.pid))
    client.hear()
    client.say(frame({"op": "lease", "version": 1, "lease": lease}))
    assert client.hear()["error"]["code"] == "PROTOCOL"
    assert client.hear() is None
    client.close()
