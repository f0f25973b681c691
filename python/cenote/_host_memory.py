"""How much memory this process may still take.

A control group that is short does not refuse pages when they are written, it kills. So an arena is
refused before.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ._errors import CenoteError

#: Files of a group: its limit, what it uses; and of memory.stat, what of that can be given up.
_V2 = ("memory.max", "memory.current", "inactive_file")
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


class HostMemoryError(CenoteError):
    """The machine, or the control group, has no room for an arena."""

    code = "HOST_MEMORY"


def memory_room(root: Path = Path("/")) -> float:
    """Bytes that are left in the machine and in every control group that this process is in.

    Of version 1 or 2; pages of files that can be given up count as free. Infinity where nothing can
    be read. Sources: proc(5), the kernel's cgroup-v2.rst and cgroup-v1/memory.rst. `root`: where
    proc and sys are.
    """
    available = _fields(root / "proc/meminfo").get("MemAvailable:")
    room = float("inf") if available is None else available * 1024.0
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            room = min(room, _room_of(root / "sys/fs/cgroup", path, _V2))
        elif "memory" in controllers.split(","):
            room = min(room, _room_of(root / "sys/fs/cgroup/memory", path, _V1))
    return max(0.0, room)


def _room_of(base: Path, path: str, names: tuple[str, str, str]) -> float:
    """The least left in a group and those it lies in. In a container its own is the topmost."""
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
    room = float("inf")
    for depth in range(len(parts), -1, -1):
        folder = base.joinpath(*parts[:depth])
        limit, used = _read(folder / names[0]).strip(), _read(folder / names[1]).strip()
        if limit.isdecimal() and used.isdecimal():  # else "max", or no such file
            idle = _fields(folder / "memory.stat").get(names[2], 0)
            room = min(room, float(int(limit) - int(used) + idle))
    return room


def _fields(path: Path) -> dict[str, int]:
    """The first two words of each line: a name and a number."""
    words = (line.split() for line in _read(path).splitlines())
    return {word[0]: int(word[1]) for word in words if len(word) > 1 and word[1].isdecimal()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def check_room(size: int, room: float) -> None:
    """Raises HostMemoryError when there is no room for that many bytes."""
    if size > room:
        raise HostMemoryError(
            f"wanted {size:,} bytes of shared memory, found room for {room:,.0f}",
            "Delete tables, share fewer columns, or raise the memory limit.",
        )
