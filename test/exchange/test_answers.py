"""What peers have answered is believed only as long as it is true."""

import gc

import cenote
import pyarrow as pa
import pytest
from cenote._exchange import exchange
from test_exchange import leases, remote, until  # noqa: F401


def test_each_get_sees_what_was_put_last(remote):  # noqa: F811
    for k in range(20):
        remote.run(f'cenote.put("answers", pa.table({{"x": [{k}]}}))')
        for _ in range(3):
            assert cenote.get("answers")["x"].to_pylist() == [k]
    cenote.put("answers", pa.table({"x": [99]}))
    assert cenote.get("answers")["x"].to_pylist() == [99]
    cenote.delete("answers")
    with pytest.raises(cenote.UnknownNameError):
        cenote.get("answers")
    remote.run('cenote.put("answers", pa.table({"x": [1]}))')
    assert cenote.get("answers")["x"].to_pylist() == [1]
    remote.run('cenote.delete("answers")')
    with pytest.raises(cenote.UnknownNameError):
        cenote.get("answers")


def test_a_killed_process_is_noticed_by_the_next_get(remote):  # noqa: F811
    remote.run('cenote.put("answers", pa.table({"x": [1]}))')
    held = [cenote.get("answers") for _ in range(50)]
    remote.process.kill()
    remote.process.wait()
    with pytest.raises(cenote.UnknownNameError):
        cenote.get("answers")
    assert {table["x"][0].as_py() for table in held} == {1}


def test_a_version_in_use_has_one_lease_and_takes_no_message(remote):  # noqa: F811
    cenote.put("answers", pa.table({"x": [1]}))
    remote.run('held = [cenote.get("answers") for _ in range(50)]')
    asked = remote.run("answer = [peer._last for peer in cenote._exchange.exchange()._peers.all()]")
    remote.run('held += [cenote.get("answers") for _ in range(50)]')
    again = remote.run("answer = [peer._last for peer in cenote._exchange.exchange()._peers.all()]")
    assert asked == again
    until("one lease is left", lambda: leases() == 1)
    remote.run("held.clear()")
    until("the lease has ended", lambda: leases() == 0)
    cenote.delete("answers")


def test_an_older_version_is_let_go_of_by_the_next_get():
    owner = exchange().owner
    cenote.put("answers", pa.table({"x": [1]}))
    cenote.get("answers")
    old = owner.find("answers")
    cenote.put("answers", pa.table({"x": [2]}))
    cenote.get("answers")
    gc.collect()
    until("its lease has ended", lambda: old.leases == 0)
    cenote.delete("answers")
