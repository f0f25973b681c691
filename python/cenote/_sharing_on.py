"""Shares on what another process has shared that has ended, as a keeper does."""

from __future__ import annotations

import os
from dataclasses import replace

import pyarrow as pa

from ._arena import page_align
from ._host_memory import memory_room
from ._owner import Owner, Room, columns_of
from ._reading import Held

#: Bytes of the blocks that fstat counts.
_BLOCK = 512


def share_on(owner: Owner, held: Held) -> None:
    """Shares the version under its name, as old as it is. Raises HostMemoryError.

    Its arena is adopted, without a copy, unless more than half of what that has in memory is other
    than the version: nobody but its owner could have freed that. Then the version is copied, if
    there is room.
    """
    room = _adopt(owner, held)
    if room is None:
        room = owner.take(held.table.bytes)
        room.writable()[: held.table.bytes] = memoryview(held.stream).cast("B")
    owner.share_as(replace(held.table, columns=_columns(held)), room)


def _columns(held: Held) -> tuple[tuple[str, str], ...]:
    """Boards don't name them, which is where versions are mostly found."""
    try:
        return columns_of(pa.ipc.open_stream(held.stream).schema)
    except (pa.ArrowException, OSError):
        return held.table.columns  # whoever gets it is told


def _adopt(owner: Owner, held: Held) -> Room | None:
    """The version's place in its arena, which is ours now; None where it is to be copied."""
    mapping, size = held.mapping, held.table.bytes
    descriptor = None if mapping is None else mapping.descriptor()
    if mapping is None or descriptor is None:
        return None
    in_memory = os.fstat(descriptor).st_blocks * _BLOCK
    if 2 * page_align(size) < in_memory and size <= memory_room():
        os.close(descriptor)
        return None
    arena = owner.adopt(mapping.memory, descriptor, mapping.size)
    return Room(arena, held.stream.address - mapping.address, size)
