"""Finds the newest version of a name among the peers and this process's own, and leases it."""

from __future__ import annotations

from ._answers import Answers, InUse
from ._errors import BadNameError, ProtocolError
from ._found import Found, read_reply
from ._mapping import Ended
from ._owner import Owner
from ._peer import Peer
from ._peers import Peers
from ._shared import Description

#: Seconds that a living peer has to answer one question.
PATIENCE = 1.0


class Finder:
    """Asks those of whom it is not known any more what they share under a name.

    Its user holds the lock of the conversation with the peers.
    """

    def __init__(self, owner: Owner, peers: Peers, in_use: InUse, ended: Ended) -> None:
        """`ended` is nudged when a release waits to be sent."""
        self._owner = owner
        self._peers = peers
        self._in_use = in_use
        self._ended = ended
        self._answers = Answers()

    def find(self, name: str) -> tuple[Found | None, list[str]]:
        """The newest version of a name, leased, and who has not answered."""
        found: list[Found] = []
        counts: dict[Peer, int | None] = {}  # of those who are to be asked
        for peer in self._peers.all():
            if not self._find_known(name, peer, found):
                counts[peer] = peer.count(name)
        replies, silent = self._peers.ask_all(
            {"op": "get", "name": name},
            PATIENCE,
            lambda reply: reply.get("object") is not None,
            counts,
        )
        own = self._owner.lease(name)
        if own is not None:
            arena = own.arena
            arena_id = None if arena.fd is None else arena.id
            description = Description(own.table, own.offset, arena_id, arena.size)
            found.append(Found(description, None, 0, own))
        wrong: ProtocolError | BadNameError | None = None
        for peer, reply in replies:
            try:
                leased = read_reply(name, peer, reply)
            except (ProtocolError, BadNameError) as error:
                wrong = error  # what others share under the name is as good as before
                continue
            what = None if leased is None else leased.description
            self._answers.remember(peer, name, counts[peer], what)
            if leased is not None:
                found.append(leased)
        if wrong is not None and not found:
            raise wrong
        found.sort(key=lambda one: one.description.table.created_us)
        for older in found[:-1]:
            self.release(older)
        return (found[-1] if found else None), silent

    def _find_known(self, name: str, peer: Peer, found: list[Found]) -> bool:
        """Whether it need not be asked what the peer shares under the name; adds it, if it does."""
        known, description = self._answers.find(peer, name)
        if description is None:
            return known
        one = Found(description, peer, 0)
        one.table = self._in_use.find(one.key)
        if one.table is not None:
            found.append(one)
        return one.table is not None

    def release(self, found: Found) -> None:
        """Ends the lease that `find` took, unless the version is in use here."""
        if found.table is not None:
            return
        if found.own is not None:
            self._owner.end_lease(found.own)
        elif found.peer is not None and not found.peer.closed:
            found.peer.release(found.lease)
            self._ended.nudge()
