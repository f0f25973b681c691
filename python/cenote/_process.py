"""Other processes: who is at the end of a socket, and whether it lives. Of Linux and of macOS.

What is for macOS was written from its headers, and never run there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys
from pathlib import Path

_LINUX_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7)
# sys/un.h of macOS, and the version and user at the beginning of struct xucred, sys/ucred.h.
_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID = 0, 1, 2
_XUCRED_BYTES, _XUCRED_HEAD, _PID = 76, struct.Struct("II"), struct.Struct("i")
# struct proc_bsdinfo of macOS, sys/proc_info.h: pbi_status; pbi_start_tvsec and pbi_start_tvusec.
_PROC_PIDTBSDINFO, _BSDINFO_BYTES, _ZOMBIE = 3, 136, 5
_BSDINFO_STATUS, _BSDINFO_START = struct.Struct("4xI"), struct.Struct("120x2Q")


def peer_of(connected: socket.socket) -> tuple[int, int]:
    """Pid and user of the process at the other end of a Unix socket. A pid of 0 is not known.

    On other systems the modes of the folder and of the socket must do.
    """
    if sys.platform == "darwin":
        raw = connected.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
        _, uid = _XUCRED_HEAD.unpack_from(raw)
        (pid,) = _PID.unpack(connected.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, _PID.size))
        return pid, uid
    if not hasattr(socket, "SO_PEERCRED"):
        return 0, os.getuid()
    size = _LINUX_CREDENTIALS.size
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    pid, uid, _ = _LINUX_CREDENTIALS.unpack(raw)
    return pid, uid


def process_start(pid: int) -> int | None:
    """Start time of a living process, in a unit of the system's: (pid, start) is never reused.

    None when it has ended (a zombie has), 0 when that can't be found out, for want of descriptors
    for example.
    """
    return _start_of_darwin(pid) if sys.platform == "darwin" else _start_in_proc(pid)


def _start_in_proc(pid: int) -> int | None:
    """In clock ticks since boot. Source: proc(5), /proc/pid/stat."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return 0
    fields = text[text.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else int(fields[19])


def _start_of_darwin(pid: int) -> int | None:
    """In microseconds since the epoch. Source: libproc.h, proc_pidinfo."""
    system = ctypes.CDLL(None, use_errno=True)
    info = ctypes.create_string_buffer(_BSDINFO_BYTES)
    ctypes.set_errno(0)
    found = system.proc_pidinfo(
        pid, _PROC_PIDTBSDINFO, ctypes.c_uint64(0), info, ctypes.c_int(_BSDINFO_BYTES)
    )
    if found < _BSDINFO_BYTES:
        return None if ctypes.get_errno() == errno.ESRCH else 0
    if _BSDINFO_STATUS.unpack_from(info)[0] == _ZOMBIE:
        return None
    seconds, microseconds = _BSDINFO_START.unpack_from(info)
    return int(seconds * 1_000_000 + microseconds)
