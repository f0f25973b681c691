"""Everything that is shared, and who reads it: for those who look on. It takes no leases."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from ._errors import BadNameError, ProtocolError
from ._frames import Message
from ._peer import Peer
from ._peers import Peers
from ._shared import Description, read_description

#: Seconds that a peer has to answer.
PATIENCE = 1.0


class Survey:
    """Looks with connections of its own. One thread may use it at a time."""

    def __init__(self) -> None:
        """No connections yet."""
        self._peers = Peers()

    def look(self) -> list[dict[str, Any]]:
        """What is shared now, and older versions that are still read.

        By name, the newest first; fields as in kernel/src/base/browse-protocol.ts (SharedObject).
        """
        self._peers.refresh(None)
        listed, _ = self._peers.ask_all({"op": "list"}, PATIENCE)
        # Owners that are older than this question answer with an error: nothing is known then.
        leased, _ = self._peers.ask_all({"op": "leases"}, PATIENCE)
        claims = {peer: _claims(peer, reply) for peer, reply in leased if "leases" in reply}
        languages = {peer.pid: peer.language for peer in self._peers.all()}
        objects: list[dict[str, Any]] = []
        for peer, reply in listed:
            found = [one for item in _items(reply, "objects") for one in _described(peer, item)]
            known = claims.get(peer)
            objects += [_object(peer, one, True, known, languages) for one in found]
            older = {one.table.version: one for one, current, *_ in known or () if not current}
            objects += [_object(peer, one, False, known, languages) for one in older.values()]
        return sorted(objects, key=lambda one: (one["name"], -one["created"]))

    def close(self) -> None:
        """Ends the connections."""
        self._peers.close()


#: A version, whether it is current, the process that reads it, and by how many leases.
_Claim = tuple[Description, bool, int, int]


def _items(reply: Message, key: str) -> list[Any]:
    found = reply.get(key)
    return found if isinstance(found, list) else []


def _described(peer: Peer, item: Any) -> list[Description]:
    # What can't be described can't be got either.
    with contextlib.suppress(ProtocolError, BadNameError):
        return [read_description(item, peer.pid, peer.language)]
    return []


def _claims(peer: Peer, reply: Message) -> list[_Claim]:
    return [claim for item in _items(reply, "leases") for claim in _claimed(peer, item)]


def _claimed(peer: Peer, item: Any) -> list[_Claim]:
    if not isinstance(item, dict):
        return []
    pid, count = item.get("pid"), item.get("count")
    if type(pid) is not int or type(count) is not int:
        return []  # nonsense of one owner hides nothing of the others
    current = item.get("current") is True
    return [(found, current, pid, count) for found in _described(peer, item.get("object"))]


def _process(pid: int, languages: dict[int, str]) -> dict[str, Any]:
    return {"pid": pid, "language": languages.get(pid, ""), "own": pid == os.getpid()}


def _object(
    peer: Peer,
    found: Description,
    current: bool,
    claims: list[_Claim] | None,
    languages: dict[int, str],
) -> dict[str, Any]:
    table = found.table
    result: dict[str, Any] = {
        "name": table.name,
        "version": table.version,
        "current": current,
        "rows": table.rows,
        "bytes": table.bytes,
        "columns": [list(column) for column in table.columns],
        "columnCount": table.column_count,
        "created": table.created_us / 1000,
        "owner": _process(peer.pid, languages),
        "mapped": found.arena is not None,
    }
    if claims is not None:
        result["readers"] = [
            _process(pid, languages) | {"leases": count}
            for one, _, pid, count in claims
            if one.table.version == table.version
        ]
    return result
