"""Another user gets nothing: by the folder's modes, and where they were opened, from who serves."""

import json
import os
import socket  # noqa: F401 - for the other user, who may load no modules
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from plain import socket_of
from remotes import Node, Remote

NOBODY = 65534
pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


def as_nobody(code: str, *arguments: str) -> object:
    """What that code answers in a process of another user. The modules it needs are loaded here."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.dup2(write, 1)
            sys.argv[1:] = arguments
            sys.stdout = os.fdopen(1, "w", closefd=False)
            exec(code, {})
            sys.stdout.flush()
            os._exit(0)
        finally:
            os._exit(1)
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            return json.load(answer)
    finally:
        assert os.waitpid(child, 0)[1] == 0


LOOK = """
import json, os, socket, sys
folder, path = sys.argv[1:]
found = {}
for name, do in {
    "list": lambda: os.listdir(folder),
    "connect": lambda: socket.socket(socket.AF_UNIX).connect(path),
    "make": lambda: os.mkdir(folder + "/mine"),
    "remove": lambda: os.unlink(path),
}.items():
    try:
        found[name] = repr(do())
    except OSError as error:
        found[name] = type(error).__name__
print(json.dumps(found))
"""

ASK = """
import json, socket, struct, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
body = json.dumps({"op": "list", "id": 1}).encode()
heard = b""
try:
    peer.sendall(struct.pack("<I", len(body)) + body)
    while data := peer.recv(65536):
        heard += data
except (BrokenPipeError, ConnectionResetError):
    pass
print(json.dumps(len(heard)))
"""


@pytest.fixture
def owners(monkeypatch):
    """A folder that another user may reach but for its mode, and sockets of both languages."""
    with tempfile.TemporaryDirectory(prefix="cx-users-") as parent:
        os.chmod(parent, 0o755)
        folder = Path(parent, "rt")
        monkeypatch.setenv("CENOTE_RUNTIME_DIR", str(folder))
        python, node = Remote(), Node()
        python.run('cenote.put("secret", {"n": [1]})')
        node.run('await cenote.put("secret too", new Int8Array(1))')
        yield folder, [socket_of(folder, one.process.pid) for one in (python, node)]
        python.end()
        node.end()


def test_the_folder_and_the_sockets_let_nobody_else_in(owners):
    folder, paths = owners
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in paths:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        found = as_nobody(LOOK, str(folder), path)
        assert found == dict.fromkeys(["list", "connect", "make", "remove"], "PermissionError")


def test_who_serves_looks_who_asks(owners):
    folder, paths = owners
    folder.chmod(0o755)
    for path in paths:
        os.chmod(path, 0o666)
        assert as_nobody(ASK, path) == 0, "not even a greeting"


def test_a_folder_of_another_user_is_refused(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="cx-users-") as parent:
        folder = Path(parent, "theirs")
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
        monkeypatch.setenv("CENOTE_RUNTIME_DIR", str(folder))
        python, node = Remote(), Node()
        with pytest.raises(AssertionError, match="found one of user 65534"):
            python.run('cenote.put("mine", {"n": [1]})')
        with pytest.raises(AssertionError, match="found one of user 65534"):
            node.run('await cenote.put("mine", new Int8Array(1))')
        python.end()
        node.end()
