"""What else hands a table to a Python process.

ZeroMQ, a Jupyter comm, Arrow Flight, multiprocessing.shared_memory; and, where it is installed,
iceoryx2 and Ray (optional.py).

Each peer serves the same Arrow stream from a process of its own, and is asked as its documents show
it. All of them end with a pyarrow table of which the first and the last value are read.
"""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing import resource_tracker, shared_memory

import pyarrow as pa
import pyarrow.flight as flight
import zmq
from jupyter_client.session import Session
from optional import OPTIONAL

KEY = b"bench"
Handoff = Callable[[str], None]


def look(table: pa.Table) -> None:
    """Reads the first and the last value."""
    column = table.column(0)
    _ = column[0], column[-1]


def table_of(size: int) -> pa.Table:
    """A column of int64 of so many bytes."""
    return pa.table({"v": pa.array(memoryview(bytearray(size)).cast("q"), pa.int64())})


def stream_of(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def serve_zmq(tables: dict[str, pa.Table]) -> None:
    """As a Jupyter message does, but without its JSON: one frame of bytes over a socket."""
    streams = {name: stream_of(table) for name, table in tables.items()}
    with tempfile.TemporaryDirectory(prefix="cx-") as folder:
        address = f"ipc://{folder}/zmq"
        server = zmq.Context().socket(zmq.REP)
        server.bind(address)
        print(address, flush=True)
        poller = zmq.Poller()
        poller.register(server, zmq.POLLIN)
        poller.register(sys.stdin.fileno(), zmq.POLLIN)
        while sys.stdin.fileno() not in dict(poller.poll()):  # until the bench ends
            server.send(streams[server.recv_string()], copy=False)


def zmq_handoff(address: str) -> Handoff:
    client = zmq.Context.instance().socket(zmq.REQ)
    client.connect(address)

    def handoff(name: str) -> None:
        client.send_string(name)
        look(pa.ipc.open_stream(pa.py_buffer(client.recv(copy=False).buffer)).read_all())

    return handoff


def serve_comm(tables: dict[str, pa.Table]) -> None:
    """As a kernel does to a page: a signed comm_msg, whose buffer has the stream."""
    session = Session(key=KEY)
    streams = {name: stream_of(table) for name, table in tables.items()}
    with tempfile.TemporaryDirectory(prefix="cx-") as folder:
        address = f"ipc://{folder}/comm"
        server = zmq.Context().socket(zmq.ROUTER)
        server.bind(address)
        print(address, flush=True)
        poller = zmq.Poller()
        poller.register(server, zmq.POLLIN)
        poller.register(sys.stdin.fileno(), zmq.POLLIN)
        while sys.stdin.fileno() not in dict(poller.poll()):  # until the bench ends
            who, asked = session.recv(server)
            stream = streams[asked["content"]["data"]["name"]]
            content = {"comm_id": "bench", "data": {}}
            session.send(server, "comm_msg", content, ident=who, buffers=[memoryview(stream)])


def comm_handoff(address: str) -> Handoff:
    session = Session(key=KEY)
    client = zmq.Context.instance().socket(zmq.DEALER)
    client.connect(address)

    def handoff(name: str) -> None:
        session.send(client, "comm_msg", {"comm_id": "bench", "data": {"name": name}})
        _, message = session.recv(client, mode=0)
        look(pa.ipc.open_stream(pa.py_buffer(message["buffers"][0])).read_all())

    return handoff


class FlightServer(flight.FlightServerBase):
    """Gives each table by its name."""

    def __init__(self, tables: dict[str, pa.Table]) -> None:
        super().__init__("grpc://127.0.0.1:0")
        self._tables = tables

    def do_get(self, context, ticket):
        return flight.RecordBatchStream(self._tables[ticket.ticket.decode()])


def serve_flight(tables: dict[str, pa.Table]) -> None:
    server = FlightServer(tables)
    print(f"grpc://127.0.0.1:{server.port}", flush=True)
    sys.stdin.read()
    server.shutdown()


def flight_handoff(address: str) -> Handoff:
    client = flight.connect(address)

    def handoff(name: str) -> None:
        look(client.do_get(flight.Ticket(name.encode())).read_all())

    return handoff


def serve_shared_memory(tables: dict[str, pa.Table]) -> None:
    blocks = {}
    for name, table in tables.items():
        stream = stream_of(table)
        block = blocks[name] = shared_memory.SharedMemory(create=True, size=stream.size)
        block.buf[: stream.size] = memoryview(stream).cast("B")
    print(",".join(f"{name}={block.name}" for name, block in blocks.items()), flush=True)
    sys.stdin.read()
    for block in blocks.values():
        block.close()
        block.unlink()


def shared_memory_handoff(address: str) -> Handoff:
    blocks = dict(pair.split("=") for pair in address.split(","))

    def handoff(name: str) -> None:
        block = shared_memory.SharedMemory(blocks[name])
        resource_tracker.unregister(f"/{block.name}", "shared_memory")  # it is the server's
        table = pa.ipc.open_stream(pa.py_buffer(block.buf)).read_all()
        look(table)
        del table
        block.close()

    return handoff


PEERS = {
    "ZeroMQ": (serve_zmq, zmq_handoff),
    "Jupyter comm": (serve_comm, comm_handoff),
    "Arrow Flight": (serve_flight, flight_handoff),
    "shared_memory": (serve_shared_memory, shared_memory_handoff),
}

for _name, (_package, _serve, _handoff) in OPTIONAL.items():
    if importlib.util.find_spec(_package):
        PEERS[_name] = (_serve, functools.partial(_handoff, look=look))


def missing() -> list[str]:
    """The peers that are not installed, with what installs them."""
    return [
        f"{name} is not installed: pip install {package}"
        for name, (package, *_) in OPTIONAL.items()
        if name not in PEERS
    ]


class Other:
    """One peer, served from a process of its own."""

    def __init__(self, name: str, sizes: dict[str, int]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, name, *(f"{key}={size}" for key, size in sizes.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.handoff = PEERS[name][1](self._process.stdout.readline().strip())

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()


if __name__ == "__main__":
    pairs = (argument.split("=") for argument in sys.argv[2:])
    PEERS[sys.argv[1]][0]({key: table_of(int(size)) for key, size in pairs})
