"""KeyboardInterrupt at any line of a call leaves no lease; a failing chore ends no thread."""

import gc
import signal
import sys
import threading

import cenote
import pyarrow as pa
import pytest
from cenote._exchange import exchange
from cenote._interrupts import InterruptsHeld
from remotes import Remote
from test_exchange import until

TAKEN = """
from cenote._exchange import exchange
arenas = exchange().owner._arenas._arenas
answer = sum(arena.size - arena.ranges.free_bytes for arena in arenas)
"""


@pytest.fixture
def owner():
    other = Remote()
    yield other
    other.end()


class InterruptAt:
    """Sends this process SIGINT at the n-th line of Cenote's that runs in the block."""

    def __init__(self, line: int) -> None:
        self.left = line

    def _trace(self, frame, event, arg):
        if "/cenote/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)
        return self._trace

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *error):
        sys.settrace(self.before)


def test_an_interrupt_at_any_line_of_get_leaves_no_lease(owner):
    cenote.put("t", pa.table({"older": [1]}))
    line = interrupted = 0
    while True:
        line += 1
        # A new version each time: what is in use here is not asked for again.
        owner.run(f"cenote.put('t', pa.table({{'a': [{line}]}}))")
        at = InterruptAt(line)
        try:
            with at:
                table = cenote.get("t")
        except KeyboardInterrupt:
            interrupted += 1
        else:
            assert table["a"].to_pylist() == [line]
        table = None
        if at.left > 0:
            break  # it was over before that line
    assert line > 100 and interrupted > 100
    gc.collect()
    cenote.delete("t")
    until("the owner has all its room again", lambda: owner.run(TAKEN) == 0)
    assert [peer.closed for peer in exchange()._peers.all()] == [False]
    exec(TAKEN, ours := {})
    until("and so have we", lambda: exec(TAKEN, ours) or ours["answer"] == 0)


def test_an_interrupt_at_any_line_of_put_leaves_no_room():
    line = 0
    while True:
        line += 1
        at = InterruptAt(line)
        try:
            with at:
                cenote.put("mine", pa.table({"a": [line]}))
        except KeyboardInterrupt:
            pass
        if at.left > 0:
            break
    assert line > 50
    cenote.delete("mine")
    ours = {}
    until("we have all our room again", lambda: exec(TAKEN, ours) or ours["answer"] == 0)


def test_an_interrupt_that_was_held_comes_at_the_end():
    steps = []
    with pytest.raises(KeyboardInterrupt), InterruptsHeld():
        with InterruptsHeld():
            signal.raise_signal(signal.SIGINT)
            steps.append("inner")
        steps.append("outer")
    assert steps == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_leaves_other_threads_and_other_handlers_alone():
    def elsewhere():
        with InterruptsHeld():
            seen.append(signal.getsignal(signal.SIGINT))

    seen = []
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with InterruptsHeld():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_chore_that_fails_is_logged_and_the_thread_goes_on(owner, caplog, monkeypatch):
    cenote.put("t", pa.table({"a": [1]}))
    exchange().when_ended(lambda: 1 / 0)
    until("it was logged", lambda: "a lease could not be ended" in caplog.text)
    failed = []

    def fail():
        failed.append(True)
        raise RuntimeError("of a test")

    monkeypatch.setattr(exchange(), "_look_around", fail)
    exchange().when_ended(lambda: None)
    until("it has failed", lambda: failed)
    until("it was logged", lambda: "a chore of the background thread has failed" in caplog.text)
    monkeypatch.undo()
    assert "cenote" in [thread.name for thread in threading.enumerate()]
    assert owner.run("answer = cenote.get('t')['a'].to_pylist()") == [1]
    cenote.delete("t")
