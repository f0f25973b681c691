"""Arenas are refused before a control group that is short would kill."""

import pytest
from cenote._arena import Arenas, Newer
from cenote._host_memory import HostMemoryError, memory_room

MB = 10**6
MEMINFO = "MemTotal:       2000000 kB\nMemAvailable:    1000000 kB\n"


def room_of(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return memory_room(root)


def test_the_machines_memory_counts_where_there_is_no_group(tmp_path):
    assert room_of(tmp_path, {}) == float("inf")
    assert room_of(tmp_path, {"proc/meminfo": MEMINFO}) == 1024 * MB


def test_of_nested_groups_the_shortest_counts(tmp_path):
    group = "sys/fs/cgroup/a/"
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "0::/a/b\n",
        group + "b/memory.max": "max\n",
        group + "b/memory.current": "5\n",
        group + "memory.max": f"{300 * MB}\n",
        group + "memory.current": f"{290 * MB}\n",
        group + "memory.stat": f"anon 1\ninactive_file {20 * MB}\n",
    }
    assert room_of(tmp_path, files) == 30 * MB


def test_version_1_seen_from_within_a_container(tmp_path):
    group = "sys/fs/cgroup/memory/"
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/123\n0::/\n",
        group + "memory.limit_in_bytes": f"{100 * MB}\n",
        group + "memory.usage_in_bytes": f"{60 * MB}\n",
        group + "memory.stat": f"total_inactive_file {MB}\n",
    }
    assert room_of(tmp_path, files) == 41 * MB


def test_an_arena_for_which_there_is_no_room_is_refused():
    room = 100 * MB
    arenas = Arenas(lambda: room)
    arenas.take(4096)
    room = 1000
    arenas.take(4096)  # in the arena that there is
    with pytest.raises(HostMemoryError, match=r"wanted 200,003,584 bytes .*, found room for 1,000"):
        arenas.take(200 * MB)
    assert arenas.count == 1
    arenas.close()


def test_what_a_newer_version_left_is_kept_for_the_next_one():
    dropped = []
    arenas = Arenas(dropped=dropped.extend)
    first, at = arenas.take(500 * MB)
    second, _ = arenas.take(500 * MB)
    arenas.give_back(first, at, 500 * MB, Newer("t", 400 * MB))
    small, there = arenas.take(4096)
    assert small not in (first, second)  # what is small does not spoil it
    arenas.give_back(small, there, 4096, Newer("s", 4096))
    assert arenas.take(400 * MB)[0] is first
    arenas.give_back(first, 0, 400 * MB, Newer("t", 400 * MB))
    arenas.give_back(second, 0, 500 * MB, Newer("t", 400 * MB))  # one is enough
    assert dropped == [first.id]
    arenas.forget_spare("t")
    assert dropped == [first.id, second.id]
    third, at = arenas.take(500 * MB)
    arenas.give_back(third, at, 500 * MB, Newer("t", 4096))  # the next may be as small
    assert dropped == [first.id, second.id, third.id]
    arenas.close()


def test_spares_go_before_an_arena_is_refused():
    dropped = []
    arenas = Arenas(lambda: 0 if arenas.count else 1000 * MB, dropped.extend)
    first, at = arenas.take(500 * MB)
    arenas.give_back(first, at, 500 * MB, Newer("t", 400 * MB))
    assert arenas.take(600 * MB)[0] is not first
    assert dropped == [first.id]
    arenas.close()
