"""What a process has moved."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """What was moved. Bytes, unless the name says otherwise."""

    puts: int = 0
    bytes_put: int = 0
    bytes_in_place: int = 0
    handoffs: int = 0
    copies: int = 0
    bytes_copied: int = 0
    last_get_us: float = 0.0
