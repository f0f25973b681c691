"""The keeper: kept names outlive who put them; with a Jupyter server and its kernels too."""

import json
import os
import queue
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import cenote
import pyarrow as pa
import pytest
from jupyter_client import BlockingKernelClient
from remotes import Node, Remote
from test_exchange import until

PATIENCE = 120
PYTHON = str(Path(cenote.__file__).parents[1])


@contextmanager
def keeping():
    """A keeper of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cenote", "keep"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": PYTHON},
    )
    assert process.stdout.readline() == b"ready\n"
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@pytest.fixture
def keeper():
    with keeping() as process:
        yield process


def names() -> set[str]:
    return {table.name for table in cenote.list()}


def owners(name: str) -> set[int]:
    return {table.owner_pid for table in cenote.list() if table.name == name}


PUT = {
    Remote: ('cenote.put("kept", {{"n": [{0}]}})', 'cenote.keep("kept")'),
    Node: (
        'await cenote.put("kept", {{ n: BigInt64Array.of({0}n) }});',
        'await cenote.keep("kept");',
    ),
}


@pytest.mark.parametrize("start", [Remote, Node])
def test_a_kept_name_outlives_its_owner_and_is_replaced_by_who_puts_it_anew(keeper, start):
    put, keep = PUT[start]
    first = start()
    first.run(put.format(1))
    first.run(keep)
    first.run(put.format(2))  # newer versions are kept like the first
    first.run(keep)
    first.run(put.format(0).replace("kept", "lost"))
    reader = cenote.get("kept")
    created = cenote.list()[0].created_us
    first.process.send_signal(signal.SIGKILL)
    until("the keeper shares it", lambda: owners("kept") == {keeper.pid})
    assert names() == {"kept"}
    kept = cenote.get("kept")
    assert kept["n"].to_pylist() == reader["n"].to_pylist() == [2]
    kept_table = cenote.list()[0]
    assert kept_table.created_us == created
    assert kept_table.columns == (("n", "int64"),)
    first.end()

    second = start()
    second.run(put.format(3))
    until("the keeper has let go", lambda: owners("kept") == {second.process.pid})
    assert kept["n"].to_pylist() == [2]
    second.run(keep)
    second.process.kill()
    until("the keeper shares the newer one", lambda: owners("kept") == {keeper.pid})
    assert cenote.get("kept")["n"].to_pylist() == [3]
    second.end()
    cenote.delete("kept")
    assert names() == set()


def arenas_of(pid: int, size: int) -> set[str]:
    """Inodes of the arenas of that size that a process has open."""
    found = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if "cenote-arena" in os.readlink(path) and (info := path.stat()).st_size == size:
                found.add(info.st_ino)
    return found


BIG, SMALL = 100 << 20, 64 << 20
PUT_BIG = {
    Remote: 'import numpy as np; cenote.put("big", {{"n": np.full({0}, {1}, "int64")}})',
    Node: 'await cenote.put("big", {{ n: new BigInt64Array({0}).fill({1}n) }});',
}


@pytest.mark.parametrize("start", [Remote, Node])
def test_a_large_table_is_kept_where_it_lies_a_small_one_of_many_is_copied(keeper, start):
    put, keep = PUT[start]
    owner = start()
    owner.run(PUT_BIG[start].format(BIG // 8, 5))
    owner.run(keep.replace("kept", "big"))
    owner.run(put.format(1))
    owner.run(PUT_BIG[start].format(SMALL // 16, 6).replace("big", "other"))
    owner.run(keep)
    pid = owner.process.pid
    arena = cenote.list()[0].bytes
    size = -(-arena // 4096) * 4096
    (large,), (small,) = arenas_of(pid, size), arenas_of(pid, SMALL)
    owner.process.kill()
    owner.end()
    until("the keeper shares both", lambda: names() == {"big", "kept"})
    assert owners("big") == owners("kept") == {keeper.pid}
    assert arenas_of(keeper.pid, size) == {large}, "it lies where it lay"
    until("the others' memory is free", lambda: small not in arenas_of(keeper.pid, SMALL))

    table = cenote.get("big")
    assert table["n"][0].as_py() == table["n"][-1].as_py() == 5
    assert cenote.get("kept")["n"].to_pylist() == [1]
    node = Node()
    assert node.run('return Number((await cenote.get("big")).getChild("n").at(-1))') == 5
    cenote.delete("big")
    assert table["n"][-1].as_py() == 5
    node.end()
    del table
    until("its memory is free", lambda: not arenas_of(keeper.pid, size))
    cenote.delete("kept")


def test_two_tables_that_are_kept_where_they_lie_in_one_arena_go_one_by_one(keeper):
    owner = Remote()
    for name in ("one", "two"):
        owner.run(PUT_BIG[Remote].format(SMALL // 32, 7).replace("big", name))
        owner.run(PUT[Remote][1].replace("kept", name))
    (arena,) = arenas_of(owner.process.pid, SMALL)
    owner.process.kill()
    owner.end()
    until("the keeper shares both", lambda: owners("one") == owners("two") == {keeper.pid})
    assert arenas_of(keeper.pid, SMALL) == {arena}
    other = Remote()
    other.run('cenote.put("third", {"n": [1]}); cenote.keep("third")')  # it forgets the dead one
    cenote.delete("one")
    until("the first is gone", lambda: names() == {"two", "third"})
    assert cenote.get("two")["n"][-1].as_py() == 7
    copier = subprocess.run(
        [sys.executable, "-c", 'import cenote; print(cenote.get("two", wait=60)["n"][-1])'],
        env={**os.environ, "PYTHONPATH": PYTHON, "CENOTE_NO_NATIVE": "1"},
        capture_output=True,
        text=True,
    )
    assert copier.stdout == "7\n", copier.stderr
    cenote.delete("two")
    until("its memory is free", lambda: arena not in arenas_of(keeper.pid, SMALL))
    other.end()


def test_what_is_taken_back_or_not_kept_any_more_vanishes(keeper):
    owner = Remote()
    for name in ("back", "free", "adopted"):
        owner.run(f'cenote.put("{name}", {{"n": [1]}}); cenote.keep("{name}")')
    cenote.delete("back")
    cenote.keep("free", False)
    owner.process.kill()
    until("the keeper shares what is left", lambda: owners("adopted") == {keeper.pid})
    assert names() == {"adopted"}
    cenote.keep("adopted", False)
    assert names() == set()
    owner.end()


def test_without_a_keeper_or_a_name():
    cenote.put("alone", pa.table({"n": [1]}))
    with pytest.raises(cenote.NoKeeperError, match="python -m cenote keep"):
        cenote.keep("alone")
    with pytest.raises(cenote.UnknownNameError):
        cenote.keep("nobody's")
    with pytest.raises(cenote.BadNameError):
        cenote.keep("")
    cenote.delete("alone")
    usage = subprocess.run(
        [sys.executable, "-m", "cenote", "what"],
        env={**os.environ, "PYTHONPATH": PYTHON},
        capture_output=True,
        check=False,
    )
    assert usage.returncode == 2 and b"python -m cenote keep" in usage.stderr


class Server:
    """A Jupyter server with the extension, and a kernel."""

    def __init__(self, folder: Path) -> None:
        runtime = folder / "runtime"
        env = {**os.environ, "PYTHONPATH": PYTHON, "JUPYTER_RUNTIME_DIR": str(runtime)}
        env |= {"JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTER_NO_CONFIG": "1"}
        self.log = (folder / "log").open("wb")
        options = ["--ServerApp.jpserver_extensions={'cenote_server': True}", "--port=0"]
        options += ["--IdentityProvider.token=secret", "--allow-root", "--no-browser"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options, f"--ServerApp.root_dir={folder}"],
            env=env,
            stdout=self.log,
            stderr=self.log,
        )
        told = runtime / f"jpserver-{self.process.pid}.json"
        until("the server listens", lambda: told.exists() and told.stat().st_size > 0)
        self._url = json.loads(told.read_text())["url"]
        until("it answers", self._answers)
        self.kernel = self.ask("api/kernels", {"name": "python3"})["id"]
        connection = runtime / f"kernel-{self.kernel}.json"
        self._client = BlockingKernelClient(connection_file=str(connection))
        self._client.load_connection_file()
        self._client.start_channels()
        # wait_for_ready takes a heart that is slow to begin for a kernel that has died.
        until("the kernel answers", self._kernel_answers)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self._url + "api", timeout=PATIENCE):
                return True
        except urllib.error.URLError:
            return False

    def _kernel_answers(self) -> bool:
        self._client.kernel_info()
        try:
            self._client.get_shell_msg(timeout=1)
            self._client.get_iopub_msg(timeout=1)
        except queue.Empty:
            return False
        return True

    def ask(self, path: str, body: object = None) -> dict:
        headers = {"Authorization": "token secret", "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method="POST")
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            return json.load(reply)

    def run(self, code: str) -> None:
        reply = self._client.execute_interactive(code, timeout=PATIENCE)["content"]
        assert reply["status"] == "ok", reply

    def end(self) -> None:
        self._client.stop_channels()
        self.process.terminate()
        self.process.wait()
        self.log.close()


#: The server's keeper may still be starting.
KEEP = f"""
import time
for _ in range({10 * PATIENCE}):
    try:
        cenote.keep("kept")
        break
    except cenote.NoKeeperError:
        time.sleep(0.1)
else:
    raise TimeoutError("no keeper came")
"""


def test_a_kernel_of_a_jupyter_server_is_restarted(tmp_path):
    server = Server(tmp_path)
    try:
        until("a keeper runs", lambda: children(server.process.pid, "keep"))
        (keeper,) = children(server.process.pid, "keep")
        server.run(
            'import cenote\ncenote.put("kept", {"n": [1, 2]})\ncenote.put("lost", {"n": [3]})'
        )
        server.run(KEEP)
        server.ask(f"api/kernels/{server.kernel}/restart")
        until("the keeper shares it", lambda: owners("kept") == {keeper})
        until("the other is gone", lambda: names() == {"kept"})
        assert cenote.get("kept")["n"].to_pylist() == [1, 2]
    finally:
        server.end()
    until("the keeper has ended with the server", lambda: names() == set())


def children(parent: int, word: str) -> list[int]:
    """Processes of that parent which have this word among their arguments."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            arguments = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has just ended
        if int(fields[1]) == parent and word.encode() in arguments:
            found.append(int(stat.parent.name))
    return found
