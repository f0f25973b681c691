"""Names as they change, told to who watches: new versions, names taken back, owners that end."""

import asyncio
import gc
import os
import queue
import signal
import threading

import cenote
import pyarrow as pa
import pytest
from cenote._exchange import exchange
from cenote._watch import Watching
from test_exchange import remote, until  # noqa: F401

PATIENCE = 120


class Told:
    """What a watcher was told, as it comes: (name, rows), rows None for a name that is gone."""

    def __init__(self, watching, name=None):
        self.queue = queue.Queue()
        self.stop = watching.watch(name, self.tell)

    def tell(self, name, table):
        if name in ("w", "v", "again"):  # other tests may share something too
            self.queue.put((name, table and table.rows))

    def next(self):
        return self.queue.get(timeout=PATIENCE)


@pytest.fixture
def watching():
    return Watching()


def test_a_thread_lets_go_of_its_connections_before_another_can_begin(watching, monkeypatch):
    closed = queue.Queue()
    close = watching._peers.close

    def note_and_close():
        closed.put(watching._lock.locked() and watching._thread is threading.current_thread())
        close()

    monkeypatch.setattr(watching._peers, "close", note_and_close)
    watching.watch("w", lambda name, table: None)()
    assert closed.get(timeout=PATIENCE)


def test_a_name_of_another_process(watching, remote):  # noqa: F811
    remote.run('cenote.put("w", pa.table({"x": [0]}))')
    one, every = Told(watching, "w"), Told(watching)
    assert one.next() == every.next() == ("w", 1)
    remote.run('cenote.put("w", pa.table({"x": [0, 0]}))')
    assert one.next() == every.next() == ("w", 2)
    remote.process.kill()
    assert one.next() == every.next() == ("w", None)
    one.stop()
    every.stop()
    assert one.queue.empty()


def test_names_of_this_process_and_an_error_in_a_callback(watching, caplog):
    def fail(name, table):
        raise RuntimeError("on purpose")

    stop = watching.watch("v", fail)
    told = Told(watching, "v")
    cenote.put("v", pa.table({"x": [1]}))
    assert told.next() == ("v", 1)
    cenote.delete("v")
    assert told.next() == ("v", None)
    stop()
    told.stop()
    assert "on purpose" in caplog.text


def test_watching_can_be_taken_up_again(watching):
    cenote.put("again", pa.table({"x": [1]}))
    for _ in range(3):
        told = Told(watching, "again")
        assert told.next() == ("again", 1)
        told.stop()
    cenote.delete("again")


def test_a_loop_hears_of_versions_and_of_the_owners_end(remote):  # noqa: F811
    put = 'cenote.put("loop", pa.table({"x": [0] * %d}))'
    remote.run(put % 1)
    heard = []
    for name, table in cenote.watch("loop"):
        assert name == "loop"
        heard.append(table and table.rows)
        if table is None:
            break
        if table.rows == 3:
            remote.process.kill()
        else:
            remote.run(put % (table.rows + 1))
    assert heard == [1, 2, 3, None]


def test_a_busy_loop_hears_of_the_last_version_and_readers_keep_theirs():
    cenote.put("busy", pa.table({"x": [1]}))
    with cenote.watch("busy") as changes:
        assert next(changes).table.rows == 1
        old, heard = cenote.get("busy"), queue.Queue()
        stop = cenote.watch("busy", lambda name, table: heard.put(table and table.rows))
        assert heard.get(timeout=PATIENCE) == 1
        for count in (2, 3):
            cenote.put("busy", pa.table({"x": [0] * count}))
        while heard.get(timeout=PATIENCE) != 3:
            pass
        assert next(changes).table.rows == 3
        assert changes.next(0) is None
        assert old["x"].to_pylist() == [1]
        stop()
    assert list(changes) == []
    cenote.delete("busy")


def test_coroutines_loop_without_holding_each_other_up():
    async def listen(changes):
        return [table and table.rows async for _, table in changes]

    async def both():
        with cenote.watch("co") as changes:
            hearing = asyncio.create_task(anext(changes))
            await asyncio.sleep(0)
            cenote.put("co", pa.table({"x": [1]}))
            assert (await asyncio.wait_for(hearing, PATIENCE)).table.rows == 1
            rest = asyncio.create_task(listen(changes))
            await asyncio.sleep(0)
            changes.stop()
            return await asyncio.wait_for(rest, PATIENCE)

    assert asyncio.run(both()) == []
    cenote.delete("co")


def test_who_watches_no_more_is_forgotten():
    watching = exchange().watching
    changes = cenote.watch("nothing")
    assert len(watching._listeners) == 1
    del changes
    gc.collect()
    until("the listener is gone", lambda: not watching._listeners and watching._thread is None)


def test_an_interrupt_ends_the_wait():
    main = threading.main_thread().ident
    with cenote.watch("nothing") as changes:
        threading.Timer(0.2, signal.pthread_kill, [main, signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            next(changes)


def test_a_forked_child_hears_nothing_of_its_parents_watch():
    with cenote.watch("nothing") as changes:
        child = os.fork()
        if child == 0:
            os._exit(0 if list(changes) == [] else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_watch_wants_a_name():
    with pytest.raises(cenote.BadNameError):
        cenote.watch("")
