"""Names as they change, told to who watches: new versions, names taken back, owners that end."""

import queue

import cenote
import pyarrow as pa
import pytest
from cenote._watch import Watching
from test_exchange import remote  # noqa: F401

PATIENCE = 30


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
