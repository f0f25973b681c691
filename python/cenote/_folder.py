"""The runtime folder: where each process that shares tables has its socket.

Only its user may enter it. There is no other registry: who has a socket here that accepts a
connection is a peer, and a socket that refuses one belonged to a process that was killed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import socket
import stat
import time
from pathlib import Path

from ._errors import RuntimeFolderError
from ._process import process_start

#: `sockaddr_un.sun_path` holds 108 bytes, the last of them zero.
SOCKET_PATH_LIMIT = 107
SUFFIX = ".sock"
#: What a socket is called until it listens, and the seconds after which it should long have.
UNFINISHED, OVERDUE = ".new", 1.0
#: A folder whose time of change is older than this when it is read has changed no more since.
SETTLED_NS = 50_000_000


def runtime_folder() -> Path:
    """Path of the folder: CENOTE_RUNTIME_DIR, else XDG_RUNTIME_DIR/cenote, else /tmp/cenote-<uid>.

    XDG_RUNTIME_DIR counts only where it is a folder of this user's, so that a process which has
    inherited another user's setting finds the same folder as its peers.
    """
    chosen = os.environ.get("CENOTE_RUNTIME_DIR")
    if chosen:
        return _absolute(chosen)
    session = os.environ.get("XDG_RUNTIME_DIR")
    if session:
        try:
            found = os.stat(session)
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                return Path(session, "cenote")
        except OSError:
            pass
    return Path(f"/tmp/cenote-{os.getuid()}")


@functools.cache
def _absolute(path: str) -> Path:
    """A relative path as it was when it was first seen: a program may change its directory."""
    return Path(path).absolute()


def ensure_folder() -> Path:
    """Makes the folder if there is none, checks that it is ours alone, and tidies it up."""
    folder = runtime_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = os.lstat(folder)
        wrong = None
        if not stat.S_ISDIR(found.st_mode):
            wrong = f"wanted a folder, found {'a link' if folder.is_symlink() else 'a file'}"
        elif found.st_uid != os.getuid():
            wrong = f"wanted a folder of user {os.getuid()}, found one of user {found.st_uid}"
        if wrong is not None:
            raise RuntimeFolderError(
                f"{folder}: {wrong}",
                "Set CENOTE_RUNTIME_DIR to a folder of your own, the same for every process.",
            )
        if found.st_mode & 0o077:
            os.chmod(folder, 0o700)
        _remove_unfinished(folder)
    except RuntimeFolderError:
        raise
    except OSError as error:
        raise RuntimeFolderError(
            f"{folder}: can't be used for Cenote's sockets ({error.strerror})",
            "Set CENOTE_RUNTIME_DIR to a folder that you may write, the same for every process.",
        ) from error
    return folder


def _remove_unfinished(folder: Path) -> None:
    """Removes the sockets of processes that were killed before they listened.

    Not at once: one of another pid namespace looks dead from here.
    """
    for path in folder.glob(f"*{UNFINISHED}"):
        pid = path.name.partition("-")[0]
        if not pid.isdecimal() or process_start(int(pid)) is not None:
            continue
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            if time.time() - path.stat().st_mtime > OVERDUE:
                path.unlink()


def new_socket_path(folder: Path) -> Path:
    """A path for this process's socket that no other process uses."""
    path = folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
    size = len(os.fsencode(path))
    if size > SOCKET_PATH_LIMIT:
        raise RuntimeFolderError(
            f"{path}: a socket's path may have {SOCKET_PATH_LIMIT} bytes, this one has {size}",
            "Set CENOTE_RUNTIME_DIR to a shorter path, the same for every process.",
        )
    return path


def listen_at(path: Path) -> socket.socket:
    """A socket of this user's alone that accepts at this path."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Bound under another name and renamed: whoever sees the socket can connect to it.
    hidden = path.with_suffix(".new")
    try:
        listener.bind(str(hidden))
        os.chmod(hidden, 0o600)
        listener.listen(128)
        listener.setblocking(False)
        hidden.rename(path)
    except BaseException:
        listener.close()
        hidden.unlink(missing_ok=True)
        raise
    return listener


_scanned: tuple[Path, int, int, list[str]] | None = None


def socket_paths() -> list[str]:
    """Paths of all sockets in the folder, in no order; none where there is no folder."""
    global _scanned
    folder = runtime_folder()
    try:
        changed = os.stat(folder).st_mtime_ns
        if _scanned is not None:
            of, then, at, paths = _scanned
            if then == changed and at - then > SETTLED_NS and of == folder:
                return paths
        now = time.time_ns()
        paths = [str(folder / name) for name in os.listdir(folder) if name.endswith(SUFFIX)]
    except FileNotFoundError:
        return []
    _scanned = (folder, changed, now, paths)
    return paths
