"""A third client, of fifty lines, written from docs/exchange.md."""

import json
import mmap
import os
import socket
import struct
import time

import cenote
import pyarrow as pa
from cenote._exchange import exchange


def plain_client(path: str, name: str) -> tuple[list[str], bytes]:
    """A third client, written from docs/exchange.md: plain sockets, no code of Cenote's."""
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    pending, descriptors = b"", []

    def say(message: dict) -> None:
        body = json.dumps(message).encode()
        peer.sendall(struct.pack("<I", len(body)) + body)

    def hear() -> dict:
        nonlocal pending
        while len(pending) < 4 or len(pending) < 4 + struct.unpack_from("<I", pending)[0]:
            data, fds, _, _ = socket.recv_fds(peer, 65536, 1)
            assert data, "the owner has hung up"
            pending += data
            descriptors.extend(fds)
        size = struct.unpack_from("<I", pending)[0]
        body, pending = pending[4 : 4 + size], pending[4 + size :]
        return json.loads(body)

    greeting = hear()
    assert greeting["cenote"] == 1
    say({"op": "list", "id": 1})
    names = [item["name"] for item in hear()["objects"]]
    say({"op": "get", "id": 2, "name": name})
    reply = hear()
    found = reply["object"]
    say({"op": "arena", "id": 3, "arena": found["arena"]["id"]})
    assert hear()["bytes"] == found["arena"]["bytes"]
    fd = descriptors.pop()
    arena = mmap.mmap(fd, found["arena"]["bytes"], mmap.MAP_PRIVATE, mmap.PROT_READ)
    stream = arena[found["offset"] : found["offset"] + found["bytes"]]
    say({"op": "fetch", "id": 4, "lease": reply["lease"]})
    size = hear()["bytes"]
    fetched = pending
    while len(fetched) < size:
        fetched += peer.recv(65536)
    assert fetched == stream
    say({"op": "release", "lease": reply["lease"]})
    say({"op": "get", "id": 5, "name": "nobody"})
    pending = b""
    assert hear() == {"id": 5, "object": None}
    arena.close()
    os.close(fd)
    peer.close()
    return names, stream


def test_a_client_of_plain_sockets():
    table = pa.table({"a": [1, 2, 3], "s": ["x", "y", None]})
    cenote.put("t", table)
    names, stream = plain_client(str(exchange().service.path), "t")
    assert "t" in names
    assert pa.ipc.open_stream(stream).read_all().equals(table)
    deadline = time.monotonic() + 30
    while any(shared.leases for shared in exchange().owner.objects()):
        assert time.monotonic() < deadline, "its lease does not end"
        time.sleep(0.01)
    cenote.delete("t")
