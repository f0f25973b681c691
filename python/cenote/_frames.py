"""Frames on a socket: a u32 length, little-endian, and that many bytes of JSON (one object).

A reply to `fetch` is followed by raw bytes, which the reader takes with `take_raw`.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from ._errors import ProtocolError

Message = dict[str, Any]

PROTOCOL = 1
#: Bytes of JSON in one frame: of a request, and of a reply (a long list).
REQUEST_LIMIT = 64 * 1024
REPLY_LIMIT = 64 * 1024 * 1024
#: Bytes of a reply that keep the patience with it up.
LONG_REPLY = 64 * 1024
#: Bytes of UTF-8 in a name.
NAME_LIMIT = 256

_LENGTH = struct.Struct("<I")


def encode(message: Message) -> bytes:
    """One frame."""
    body = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()
    return _LENGTH.pack(len(body)) + body


class Decoder:
    """Cuts a stream of bytes into messages."""

    def __init__(self, limit: int) -> None:
        """`limit`: most bytes of JSON in a frame; more raises ProtocolError."""
        self._limit = limit
        self._pending = bytearray()
        self._told = 0  # bytes of a frame that `is_coming` has told of

    def feed(self, data: bytes) -> None:
        """Adds what was received."""
        self._pending += data

    def next(self) -> Message | None:
        """The next whole message, or None. Raises ProtocolError on what is no frame."""
        if len(self._pending) < _LENGTH.size:
            return None
        (size,) = _LENGTH.unpack_from(self._pending)
        if size > self._limit:
            raise ProtocolError(f"wanted a frame of at most {self._limit} bytes, found {size}")
        end = _LENGTH.size + size
        if len(self._pending) < end:
            return None
        body = bytes(self._pending[_LENGTH.size : end])
        del self._pending[:end]
        self._told = 0
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ProtocolError("wanted a frame of JSON, found something else") from error
        if not isinstance(message, dict):
            raise ProtocolError(f"wanted a JSON object, found {type(message).__name__}")
        return message

    def is_coming(self) -> bool:
        """Whether 64 KiB more of a frame have come since it was last so."""
        if len(self._pending) - self._told < LONG_REPLY:
            return False
        self._told = len(self._pending)
        return True

    def take_raw(self, most: int) -> bytes:
        """Up to `most` bytes that have come after the last message."""
        taken = bytes(self._pending[:most])
        del self._pending[:most]
        return taken
