"""Processes are killed at random moments of the protocol: nothing is left of them.

CENOTE_KILLS says how many: 96 unless told, 1000 for the whole.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cenote._folder import runtime_folder
from plain import Client, frame, socket_of
from survivors import HERE, Survivor, node_survivor, python_survivor
from test_exchange import Remote, until

KILLS = int(os.environ.get("CENOTE_KILLS", "96"))


@pytest.fixture
def survivors(tmp_path, monkeypatch):
    monkeypatch.setenv("CENOTE_RUNTIME_DIR", str(tmp_path / "rt"))
    both = [python_survivor(["of python"]), node_survivor(["of node"])]
    yield both
    for one in both:
        one.process.kill() if one.failed else one.end()


def files() -> list[Path]:
    return list(runtime_folder().iterdir())


def settled(survivors: list[Survivor], most: list, why: str) -> None:
    """Waits until nobody holds more than that, of any kind."""
    for one, limit in zip(survivors, most, strict=True):
        try:
            until(why, lambda one=one, limit=limit: not one.holds() - limit)
        except AssertionError as error:
            raise AssertionError(f"{error}: {one.holds()} is more than {limit}") from error


def arena_of_a_large_table(survivor: Survivor) -> int:
    """Which arena a table goes to that takes most of one: the first that is free."""
    survivor.put_bytes("large", 63 << 20)
    client = Client(socket_of(runtime_folder(), survivor.process.pid))
    reply = client.ask({"op": "get", "id": 1, "name": "large"})
    client.say(frame({"op": "release", "lease": reply["lease"]}))
    client.close()
    survivor.remove("large")
    return reply["object"]["arena"]["id"]


def test_whoever_is_killed_leaves_nothing(survivors):
    for one in survivors:
        one.go()
    while min(one.done for one in survivors) < 200:
        assert not any(one.failed for one in survivors), [one.failed for one in survivors]
        survivors[0]._stop.wait(0.01)
    for one in survivors:
        one.rest()
    before = [one.holds() for one in survivors]
    arenas = [arena_of_a_large_table(one) for one in survivors]

    for one in survivors:
        one.go()
    command = [sys.executable, str(HERE / "victims.py"), str(KILLS), "1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(done.stdout) == {"killed": KILLS, "wrong": []}
    for one in survivors:
        one.rest()

    settled(survivors, before, "what the dead had shared and leased is gone")
    for one, arena in zip(survivors, arenas, strict=True):
        until(
            "their ranges are free",
            lambda one=one, arena=arena: arena_of_a_large_table(one) == arena,
        )
    names = "[table.name for table in cenote.list()]"
    assert survivors[0].run(f"answer = {names}") == []
    # The next process to open its socket tidies up what was killed before it could listen.
    for path in files():
        if path.suffix == ".new":
            os.utime(path, (0, 0))
    fresh = Remote()
    fresh.run("cenote.put('fresh', pa.table({'v': [1]}))")
    until("the sockets of the dead are gone", lambda: len(files()) == 3)
    assert {path.suffix for path in files()} == {".sock"}
    fresh.end()
    assert len(files()) == 2

    # Both go on, with each other.
    survivors[0].run("cenote.put('x', pa.table({'v': [5]}))")
    assert survivors[1].run("return Number((await cenote.get('x')).getChild('v').get(0))") == 5
    survivors[1].run("await cenote.put('y', { v: Int32Array.of(6) })")
    assert survivors[0].run("answer = cenote.get('y')['v'].to_pylist()") == [6]


@pytest.mark.parametrize("survivor", [python_survivor, node_survivor], ids=["python", "node"])
def test_sockets_that_never_listened_are_removed(survivor, tmp_path, monkeypatch):
    monkeypatch.setenv("CENOTE_RUNTIME_DIR", str(tmp_path))
    dead = subprocess.Popen(["true"])
    dead.wait()
    left, just_now = tmp_path / f"{dead.pid}-0.new", tmp_path / f"{dead.pid}-1.new"
    alive, other = tmp_path / f"{os.getpid()}-0.new", tmp_path / "x.new"
    for path in (left, just_now, alive, other):
        path.touch()
    for path in (left, alive, other):
        os.utime(path, (0, 0))
    os.utime(just_now, (2**32, 2**32))  # however long it takes until somebody looks
    one = survivor(["own"])
    one.put_bytes("own", 8)
    found = set(tmp_path.iterdir())
    one.end()
    assert left not in found
    assert {just_now, alive, other} <= found
