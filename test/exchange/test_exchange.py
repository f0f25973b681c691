"""The Python side: with another Python process, across a fork, with a client of plain sockets."""

import gc
import json
import os
import signal
import time

import cenote
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from cenote._arena import PAGE, Ranges
from cenote._exchange import exchange
from remotes import Remote


@pytest.fixture
def remote():
    other = Remote()
    yield other
    other.end()


def until(what: str, condition) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.01)


def leases() -> int:
    service = exchange().service
    written = [one.written() for one in [*service._connections, *service._retired]]
    told = [shared.leases for shared in exchange().owner.objects()]
    return sum(map(len, written)) + sum(told)


def test_put_takes_whatever_speaks_arrow(remote):
    import duckdb

    frame = pa.table({"a": [1, 2], "s": ["x", None]})
    for obj in [
        frame,
        frame.to_batches()[0],
        frame.to_reader(),
        pl.from_arrow(frame),
        frame.to_pandas(),
        duckdb.sql("select * from frame"),
    ]:
        cenote.put("t", obj)
        assert remote.run("answer = cenote.get('t').to_pylist()") == [
            {"a": 1, "s": "x"},
            {"a": 2, "s": None},
        ]
    for obj in [
        frame["a"],
        frame["a"].chunk(0),
        pl.Series([1, 2]),
        pd.Series([1, 2]),
    ]:
        cenote.put("t", obj)
        assert remote.run("answer = cenote.get('t').to_pydict()") == {"values": [1, 2]}
    struct_array = pa.array([{"a": 1}, {"a": 2}])
    cenote.put("t", struct_array)
    assert cenote.get("t").num_rows == 2
    cenote.delete("t")


def test_get_as_polars_and_pandas():
    cenote.put("t", pa.table({"a": pa.array([1, None, 3]), "s": ["x", "y", "z"]}))
    frame = cenote.get("t", as_="polars")
    assert isinstance(frame, pl.DataFrame)
    assert frame["a"].to_list() == [1, None, 3]
    frame = cenote.get("t", as_="pandas")
    assert isinstance(frame, pd.DataFrame)
    assert frame["a"].dtype == pd.ArrowDtype(pa.int64())
    assert frame["s"].tolist() == ["x", "y", "z"]
    cenote.delete("t")


def test_polars_and_pandas_read_the_same_pages():
    values = pa.array(range(10_000))
    cenote.put("t", pa.table({"a": values}))
    lease = exchange().owner.objects()[0]
    for as_ in ("polars", "pandas"):
        frame = cenote.get("t", as_=as_)
        column = frame["a"]
        before = column.sum()
        memory = lease.arena.memory
        at = memory.find((9_999).to_bytes(8, "little"), lease.offset)
        memory[at : at + 8] = (19_999).to_bytes(8, "little")
        try:
            assert column.sum() == before + 10_000
        finally:
            memory[at : at + 8] = (9_999).to_bytes(8, "little")
        del frame, column
    cenote.delete("t")


def test_a_lease_ends_with_the_last_thing_made_from_the_table():
    cenote.put("t", pa.table({"a": [1, 2, 3]}))
    table = cenote.get("t")
    part = table["a"].chunk(0).slice(1, 1)
    until("the lease is known", lambda: leases() == 1)
    del table
    gc.collect()
    time.sleep(0.1)  # longer than a release takes: it must not come
    until("the lease is known", lambda: leases() == 1)
    assert part.to_pylist() == [2]
    del part
    gc.collect()
    until("the lease has ended", lambda: leases() == 0)
    cenote.delete("t")


def test_another_process_ends_its_lease_without_a_further_call(remote):
    cenote.put("t", pa.table({"a": [1, 2, 3]}))
    remote.run("t = cenote.get('t')")
    until("the lease is known", lambda: leases() == 1)
    remote.run("t = None")
    until("the lease has ended", lambda: leases() == 0)
    cenote.delete("t")


def test_a_holder_that_vanished_keeps_its_range_until_it_is_dead(remote):
    cenote.put("t", pa.table({"a": [1, 2, 3]}))
    remote.run(
        "t = cenote.get('t')\nfrom cenote._exchange import exchange\nexchange()._peers.close()"
    )
    service = exchange().service
    until("the connection is known to be over", lambda: service._retired)
    until("the lease is known", lambda: leases() == 1)
    assert remote.run("answer = t['a'].to_pylist()") == [1, 2, 3]
    remote.process.kill()
    until("the lease has ended", lambda: leases() == 0)
    cenote.delete("t")
    remote.process.wait()


def test_a_forked_child_neither_holds_nor_releases_nor_serves():
    cenote.put("t", pa.table({"a": [1, 2, 3]}))
    table = cenote.get("t")
    service = exchange().service
    parents = {os.readlink(f"/proc/self/fd/{fd}") for fd in _descriptors_of(service)}
    assert len(parents) >= 3
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            kept = parents & {_target(fd) for fd in os.listdir("/proc/self/fd")}
            shown = table["a"].to_pylist()
            del table
            gc.collect()
            again = cenote.get("t")["a"].to_pylist()
            cenote.put("from child", pa.table({"b": [len(shown)]}))
            os.write(write, json.dumps([shown, again, sorted(kept)]).encode())
            signal.pause()  # the parent looks at what the child shares, and kills it
        finally:
            os._exit(1)
    os.close(write)
    try:
        assert json.loads(os.read(read, 1000)) == [[1, 2, 3], [1, 2, 3], []]
        assert table["a"].to_pylist() == [1, 2, 3]
        assert cenote.get("from child", wait=5)["b"].to_pylist() == [3]
        assert service.path.exists()
        assert {item.name for item in cenote.list()} == {"t", "from child"}
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(read)
    assert {item.name for item in cenote.list()} == {"t"}
    until("only the parent's lease is left", lambda: leases() == 1)
    del table
    until("its lease has ended", lambda: leases() == 0)
    cenote.delete("t")


def _descriptors_of(service) -> list[int]:
    sockets = [service._listening.socket, service._waker, service._wake_target]
    sockets += [connection.socket for connection in service._connections]
    return [one.fileno() for one in sockets]


def _target(fd: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""  # the one that listed the folder


def test_delete_and_list(remote):
    remote.run("cenote.put('theirs', pa.table({'a': [1], 'b': ['x']}))")
    cenote.put("<ours>", pa.table({f"c{i}": [i] for i in range(100)}))
    listing = cenote.list()
    assert [item.name for item in listing] == ["<ours>", "theirs"]
    ours, theirs = listing
    assert (ours.rows, ours.column_count, len(ours.columns)) == (1, 100, 64)
    assert theirs.columns == (("a", "int64"), ("b", "string"))
    assert theirs.owner_pid == remote.process.pid
    html = listing._repr_html_()
    assert "&lt;ours&gt;" in html and "<ours>" not in html and "(100 in all)" in html
    assert "theirs: 1 rows" in repr(listing)
    cenote.delete("theirs")
    cenote.delete("<ours>")
    assert cenote.list() == []
    assert cenote.list()._repr_html_() == "<em>Nothing is shared.</em>"


def test_errors_are_what_their_kind_suggests():
    with pytest.raises(KeyError):
        cenote.get("nobody")
    with pytest.raises(TypeError):
        cenote.put("x", 1)
    with pytest.raises(ValueError):
        cenote.put("", pa.table({}))
    assert issubclass(cenote.PeerGoneError, ConnectionError)


def test_stats_count_the_one_copy():
    before = cenote.stats()
    shared = cenote.put("t", pa.table({"a": range(1000)}))
    cenote.get("t")
    after = cenote.stats()
    assert after["bytes_put"] - before["bytes_put"] == shared.bytes
    assert after["handoffs"] - before["handoffs"] == 1
    assert [after[key] - before[key] for key in ("copies", "bytes_copied")] == [0, 0]
    cenote.delete("t")


def test_stats_count_what_pyarrow_unpacks():
    table = pa.table({"a": range(10_000), "s": ["text"] * 10_000})
    cenote.put("t", table)
    shared = exchange().owner.find("t")
    assert shared is not None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(
        sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")
    ) as w:
        w.write_table(table)
    packed = sink.getvalue()
    assert packed.size < shared.table.bytes
    shared.arena.writable(shared.offset, packed.size)[:] = packed.to_pybytes()
    before = cenote.stats()
    assert cenote.get("t").equals(table)
    after = cenote.stats()
    assert after["copies"] - before["copies"] == 1
    assert after["bytes_copied"] - before["bytes_copied"] >= table.nbytes
    cenote.delete("t")


def test_ranges_join_again():
    ranges = Ranges(8 * PAGE)
    taken = [ranges.take(PAGE) for _ in range(8)]
    assert taken == [i * PAGE for i in range(8)]
    assert ranges.take(PAGE) is None
    for offset in [taken[i] for i in (1, 3, 5, 7, 0, 2, 6, 4)]:
        ranges.give_back(offset, PAGE)
    assert ranges.free_bytes == ranges.size
    assert ranges.take(8 * PAGE) == 0
