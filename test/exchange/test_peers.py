"""Many processes and many leases at once: no silence hides others, and all memory comes back."""

import os
import resource
import signal
import socket
import subprocess
import sys
import textwrap
import time

import cenote
import numpy as np
import pyarrow as pa
import pytest
from cenote._exchange import exchange
from cenote._folder import runtime_folder
from cenote._frames import LONG_REPLY, Decoder, encode
from cenote._peer import Peer
from cenote._process import process_start
from test_exchange import Remote, leases, remote, until  # noqa: F401

ONE = pa.table({"a": [1]})


def fresh(code: str) -> str:
    """What a new process prints, which knows no peer yet."""
    done = subprocess.run(
        [sys.executable, "-c", "import cenote\n" + textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(cenote.__file__))},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_stopped_process_hides_nothing_of_the_others():
    stopped, alive = [Remote() for _ in range(3)], Remote()
    for number, one in enumerate(stopped):
        one.run(f"cenote.put('stopped{number}', pa.table({{'a': [1]}}))")
    alive.run("cenote.put('alive', pa.table({'a': [2]}))")
    for one in stopped:
        os.kill(one.process.pid, signal.SIGSTOP)
    try:
        shown = fresh("""
            print(cenote.get('alive')['a'].to_pylist())
            print([table.name for table in cenote.list()])
            cenote.delete('alive')
            for ask in (cenote.get, cenote.delete):
                try:
                    ask('alive')
                except cenote.PeerGoneError as error:
                    print(error.code, str(error).count('process'))
        """)
    finally:
        for one in stopped:
            os.kill(one.process.pid, signal.SIGCONT)
        for one in [*stopped, alive]:
            one.end()
    assert shown.splitlines() == ["[2]", "['alive']", "PEER_SILENT 3", "PEER_SILENT 3"]


def test_many_leases_that_end_at_once_all_reach_their_owner(remote):  # noqa: F811
    names = [f"t{k}" for k in range(8_000)]
    for name in names:
        cenote.put(name, ONE)
    remote.run("held = [cenote.get(f't{k}') for k in range(8_000)]")
    until("all leases are known", lambda: leases() == 8_000)
    remote.run("held.clear()")
    until("all leases have ended", lambda: leases() == 0)
    assert not exchange().service._retired  # the connection is still the same
    for name in names:
        exchange().owner.remove(name)


def test_an_event_before_a_reply_does_not_take_its_descriptor(tmp_path):
    """An owner that drops one arena while it passes another: both may be received together."""
    path = str(tmp_path / "1-0.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        peer = Peer(path)
        owner, _ = listener.accept()
    number = peer.ask({"op": "arena", "arena": 2})
    fd = os.memfd_create("one")
    owner.send(encode({"cenote": 1, "pid": 1, "language": "x"}) + encode({"dropped": [1]}))
    socket.send_fds(owner, [encode({"id": number, "bytes": 1})], [fd])
    assert peer.answer(number, time.monotonic() + 30)["bytes"] == 1
    passed = peer.take_descriptor()
    assert passed is not None and os.path.sameopenfile(passed, fd)
    assert peer.dropped == [1]
    for one in (passed, fd):
        os.close(one)
    peer.close()
    owner.close()


def test_memory_is_given_back_when_a_large_table_is_deleted(remote):  # noqa: F811
    large = pa.table({"a": np.full(300 << 20, 7, "int8")})
    before = cenote.stats()["arena_bytes"]
    cenote.put("large", large)
    remote.run("t = cenote.get('large')")
    cenote.put("large", large)
    remote.run("t = None")
    until("all leases have ended", lambda: leases() == 0)
    # Kept for the next version: writing to fresh pages is slow.
    assert cenote.stats()["arena_bytes"] - before > 2 * large.nbytes
    cenote.delete("large")
    # A lease that was taken from the board may come to be known later than its end was looked for.
    until("it is given back", lambda: cenote.stats()["arena_bytes"] - before <= 256 << 20)
    until(
        "the reader has let go", lambda: remote.run("answer = cenote.stats()")["mapped_arenas"] < 2
    )


def test_who_can_not_be_looked_at_is_not_dead():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        assert process_start(os.getpid()) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert process_start(os.getpid()) > 0


def test_a_relative_runtime_folder_outlives_a_change_of_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CENOTE_RUNTIME_DIR", "rt")
    assert runtime_folder() == tmp_path / "rt"
    monkeypatch.chdir("/")
    assert runtime_folder() == tmp_path / "rt"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_users_process_is_no_peer(tmp_path, monkeypatch):
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and parent != parent.parent and parent.name != "tmp":
            parent.chmod(parent.stat().st_mode | 0o711)
    tmp_path.chmod(0o711)
    monkeypatch.setenv("CENOTE_RUNTIME_DIR", str(folder))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            cenote.put("theirs", ONE)
            os.write(write, b"1")
            signal.pause()
        finally:
            os._exit(1)
    os.close(write)
    try:
        assert os.read(read, 1) == b"1"
        assert "theirs" not in {table.name for table in cenote.list()}
        with pytest.raises(cenote.UnknownNameError):
            cenote.get("theirs")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(read)


@pytest.mark.parametrize("wait", ["5", -1, float("nan")])
def test_a_wait_that_is_no_time(wait):
    with pytest.raises(cenote.BadWaitError, match="wanted seconds from 0"):
        cenote.get("nobody", wait=wait)


def test_put_says_what_to_do_with_lazy_frames_and_classes():
    import pandas as pd
    import polars as pl

    with pytest.raises(cenote.NotArrowError, match=r"obj\.collect\(\)"):
        cenote.put("t", pl.LazyFrame({"a": [1]}))
    with pytest.raises(cenote.NotArrowError, match="found the class pandas.DataFrame"):
        cenote.put("t", pd.DataFrame)


STEP = LONG_REPLY // 4


def test_a_long_reply_is_seen_to_come():
    decoder = Decoder(1 << 24)
    frame = encode({"objects": "x" * 4 * LONG_REPLY})
    told = 0
    for at in range(0, len(frame), STEP):
        assert decoder.next() is None
        decoder.feed(frame[at : at + STEP])
        told += decoder.is_coming()
    assert told == len(frame) // LONG_REPLY
    assert decoder.next() is not None
    decoder.feed(encode({"objects": "x" * LONG_REPLY})[:100])
    assert not decoder.is_coming()
