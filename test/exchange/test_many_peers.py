"""Several peers at once, of both languages: each reads what others share, releases it, and lives on
when one dies. The same among processes of which some, or all, can't map memory."""

import os

import pytest
from remotes import Node, Remote
from test_exchange import until

PUT = {
    Remote: 'cenote.put("{0}", {{"n": [{1}] * 1000}})',
    Node: 'await cenote.put("{0}", {{ n: new Int32Array(1000).fill({1}) }});',
}
#: Reads every name, and gives the sum of each.
READ = {
    Remote: """
import pyarrow.compute as pc
held = {{name: cenote.get(name, wait=10) for name in {0}}}
answer = [pc.sum(table["n"]).as_py() for table in held.values()]
""",
    Node: """
scope.held = await Promise.all({0}.map((name) => cenote.get(name, {{ wait: 10 }})));
return scope.held.map((table) => table.getChild("n").toArray().reduce((a, b) => a + Number(b), 0));
""",
}
AGAIN = {
    Remote: 'answer = [pc.sum(table["n"]).as_py() for table in held.values()]',
    Node: """
return scope.held.map((table) => table.getChild("n").toArray().reduce((a, b) => a + Number(b), 0));
""",
}
LET_GO = {
    Remote: "held.clear()",
    Node: "for (const table of scope.held) await cenote.release(table); scope.held = [];",
}
NAMES = {
    Remote: "answer = sorted(table.name for table in cenote.list())",
    Node: "return (await cenote.list()).map(({ name }) => name).sort();",
}
ARENAS = {
    Remote: 'answer = cenote.stats()["arena_bytes"]',
    Node: "return (await cenote.exchangeStats()).segmentBytes;",
}
DELETE = {
    Remote: 'cenote.delete("{0}")',
    Node: 'await cenote.remove("{0}");',
}
COPIES = {
    Remote: 'answer = cenote.stats()["copies"]',
    Node: "return (await cenote.exchangeStats()).copies;",
}
#: Who there is, and who of them can't map memory.
CASES = {
    "all map memory": ([Node, Node, Remote, Node, Remote], ()),
    "some copy": ([Node, Node, Remote], (1,)),
    "all copy": ([Node, Remote, Node], (0, 1, 2)),
}


def do(peer, what, *values):
    code = what[type(peer)]
    return peer.run(code.format(*values) if values else code)


@pytest.fixture(params=CASES)
def peers(request, tmp_path, monkeypatch):
    monkeypatch.setenv("CENOTE_RUNTIME_DIR", str(tmp_path / "rt"))
    kinds, bare = CASES[request.param]
    made = []
    for number, kind in enumerate(kinds):
        monkeypatch.setenv("CENOTE_NO_NATIVE", "1" if number in bare else "")
        made.append(kind())
    yield made, bool(bare)
    for one in made:
        one.end()


def test_each_reads_all_and_lives_on_when_one_dies(peers):
    peers, some_copy = peers
    for value in range(20):
        do(peers[0], PUT, "turning", value)
        for peer in peers[1:]:
            assert do(peer, READ, ["turning"]) == [value * 1000]
            do(peer, LET_GO)
    assert do(peers[0], ARENAS) == 64 << 20, "what all have released is used again"
    peers[1].run(DELETE[type(peers[1])].format("turning"))

    names = [f"of {number}" for number in range(len(peers))]
    for round_number in (1, 2):  # the second puts new versions while the first is held
        for number, peer in enumerate(peers):
            do(peer, PUT, names[number], number + round_number)
        sums = [1000 * (number + round_number) for number in range(len(peers))]
        for peer in peers:
            assert do(peer, READ, names) == sums
            assert do(peer, NAMES) == names
    copied = [do(peer, COPIES) for peer in peers]
    assert any(copied) == some_copy, copied

    dead = peers.pop(0)
    dead.process.kill()
    dead.process.wait()
    for peer in peers:
        until("the dead one's name is gone", lambda peer=peer: do(peer, NAMES) == names[1:])
        assert do(peer, AGAIN) == sums, "what was read stays"
    do(peers[0], PUT, names[0], 7)
    for peer in peers:
        do(peer, LET_GO)
        assert do(peer, READ, [names[0], names[-1]]) == [7000, sums[-1]]
        do(peer, LET_GO)


def test_a_writer_and_watch_work_without_shared_memory(tmp_path, monkeypatch):
    monkeypatch.setenv("CENOTE_RUNTIME_DIR", str(tmp_path / "rt"))
    monkeypatch.setenv("CENOTE_NO_NATIVE", "1")
    python, node = Remote(), Node()
    python.run('changes = cenote.watch("w")')
    node.run("""
using out = await cenote.writer("w", { n: "int8" });
out.write({ n: Int8Array.of(1, 2) });
out.close();""")
    assert python.run("answer = next(changes).table.rows") == 2
    python.run("""
with cenote.writer("w", {"n": pa.int8()}) as out:
    out.write({"n": pa.array([3], pa.int8())})
    out.write({"n": pa.array([4, 5], pa.int8())})""")
    assert node.run('return [...(await cenote.get("w")).getChild("n")]') == [3, 4, 5]
    python.run('block = cenote.empty(4, "int16"); block[:] = 9; cenote.put("e", block)')
    assert node.run('return [...(await cenote.get("e")).getChild("values")]') == [9] * 4
    node.run('const a = await cenote.allocate(2, "int16"); a.fill(8); await cenote.put("a", a);')
    assert python.run('answer = cenote.get("a", as_="numpy").tolist()') == [8, 8]
    assert os.listdir(tmp_path / "rt") != []
    python.end()
    node.end()
    assert os.listdir(tmp_path / "rt") == []
