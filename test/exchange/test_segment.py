"""Each kind of shared memory by itself: who may write, whom it refuses, what it leaves behind."""

import mmap
import os
from pathlib import Path

import pytest
from cenote import ProtocolError
from cenote._segment import _Memfd, _Shm

SIZE = 64 << 10


@pytest.fixture(params=[_Memfd(), _Shm()], ids=["memfd", "shm"])
def kind(request):
    return request.param


@pytest.fixture
def made(kind):
    descriptor, memory = kind.make("test", SIZE)
    yield descriptor, memory
    os.close(descriptor)


def left_behind():
    return [path for path in Path("/dev/shm").glob(f"cenote-{os.getpid()}-*")]


def test_a_reader_sees_what_is_written_later(kind, made):
    descriptor, memory = made
    seen = kind.map(descriptor, SIZE)
    memory[4096:4100] = b"flow"
    assert seen[4096:4100] == b"flow"
    assert not os.get_inheritable(descriptor)
    assert left_behind() == []


def test_who_gets_the_descriptor_can_not_write(kind, made):
    descriptor, _ = made
    with pytest.raises(PermissionError):
        mmap.mmap(descriptor, SIZE)
    with pytest.raises(OSError):
        os.ftruncate(descriptor, 4096)
    with pytest.raises(OSError):
        os.write(descriptor, b"x")


def test_what_is_made_to_be_written_to(kind):
    descriptor, memory = kind.make("test", SIZE, peer_writes=True)
    kind.map_to_write(descriptor, SIZE)[:4] = b"flow"
    assert memory[:4] == b"flow"
    os.close(descriptor)


def test_what_is_too_small_is_refused(kind, made):
    with pytest.raises(ProtocolError, match=f"wanted shared memory of {SIZE + 1} bytes"):
        kind.map(made[0], SIZE + 1)
    with pytest.raises(ProtocolError):
        kind.map(made[0], 0)
    with pytest.raises(ProtocolError):
        kind.map_to_write(made[0], SIZE + 1)


def test_a_failure_leaves_nothing_open(kind):
    before = os.listdir("/proc/self/fd")
    with pytest.raises((OSError, OverflowError)):
        kind.make("test", 1 << 62)
    assert len(os.listdir("/proc/self/fd")) == len(before)
    assert left_behind() == []
