"""A version of a name that someone has, leased to this process."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from ._board import Entry
from ._errors import ProtocolError
from ._frames import Message
from ._owner import Shared
from ._peer import Peer
from ._shared import Description, read_description


@dataclass(slots=True)
class Found:
    """A version of a name: of a peer, or (peer None) of our own."""

    description: Description
    peer: Peer | None
    #: None where there is none yet.
    lease: int | None = None
    own: Shared | None = None
    #: Where the version is in use here: there is a lease already, and this one has none.
    table: pa.Table | None = None
    #: Where the owner's board says so.
    entry: Entry | None = None

    @property
    def key(self) -> tuple[Peer | None, int]:
        """One version of one owner."""
        return (self.peer, self.description.table.version)


def read_reply(name: str, peer: Peer, reply: Message) -> Found | None:
    """What a peer has answered to `get`, or None where it has nothing of that name."""
    if reply.get("object") is None:
        return None
    description = read_description(reply["object"], peer.pid, peer.language)
    if description.table.name != name or type(reply.get("lease")) is not int:
        raise ProtocolError(f"{peer.owner}: wanted {name!r} and its lease")
    return Found(description, peer, reply["lease"])
