"""An hour's traffic in minutes: memory, descriptors and files stay what they were.

CENOTE_SOAK says how many steps each process does: 1,500 unless told, 100,000 for the hour.
"""

import os

import pytest
from cenote._folder import runtime_folder
from survivors import node_survivor, python_survivor
from test_exchange import until

STEPS = int(os.environ.get("CENOTE_SOAK", "1500"))
PARTS = 5
#: By how much a process may differ between rests: heaps of V8 and malloc breathe.
BREATH = 64 << 20


@pytest.fixture
def processes(tmp_path, monkeypatch):
    monkeypatch.setenv("CENOTE_RUNTIME_DIR", str(tmp_path / "rt"))
    made = [
        python_survivor(["of python"]),
        node_survivor(["of node"]),
        node_survivor(["of another"]),
    ]
    yield made
    for one in made:
        one.process.kill() if one.failed else one.end()


def part(processes, steps: int) -> None:
    """All at once do so many steps, and let go of everything."""
    goals = [one.done + steps for one in processes]
    for one in processes:
        one.go()
    for one, goal in zip(processes, goals, strict=True):
        while one.done < goal and one.failed is None:
            one._stop.wait(0.01)
    for one in processes:
        one.rest()


def test_memory_descriptors_and_files_stay_flat(processes):
    part(processes, STEPS // PARTS)  # warm: arenas, connections, compiled code
    part(processes, STEPS // PARTS)
    own = [one.private_bytes() for one in processes]
    shared = [one.shared_bytes() for one in processes]
    held = [one.holds() for one in processes]
    files = set(runtime_folder().iterdir())
    for _ in range(PARTS - 2):
        part(processes, STEPS // PARTS)
    for one, before, shown, things in zip(processes, own, shared, held, strict=True):
        until("no descriptor or mapping is left", lambda o=one, t=things: not o.holds() - t)
        assert one.private_bytes() - before <= BREATH
        assert one.shared_bytes() - shown <= 64 << 20, "arenas are used again"
    assert set(runtime_folder().iterdir()) == files
