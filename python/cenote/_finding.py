"""Finds the newest version of a name among the peers and this process's own, and leases it.

What a peer shares is read from its board, and leased by a word that nobody waits for. Only peers
without a board, or whose board can't tell, are asked.
"""

from __future__ import annotations

from ._answers import Answers, InUse
from ._errors import BadNameError, ProtocolError
from ._found import Found, read_reply
from ._mapping import Ended
from ._owner import Owner
from ._peer import Peer
from ._peers import Peers
from ._shared import Description, read_facts

#: Seconds that a living peer has to answer one question.
PATIENCE = 1.0
#: Times that boards are read anew because a version was replaced meanwhile; then all are asked.
TRIES = 3


class Finder:
    """What is shared under a name.

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
        for attempt in range(TRIES + 1):
            found: list[Found] = []
            counts: dict[Peer, int | None] = {}  # of those who are to be asked
            for peer in self._peers.all():
                if not self._see(name, peer, found) or attempt == TRIES:
                    counts[peer] = peer.count(name)
            if attempt == TRIES:
                found.clear()
            silent = self._ask(name, counts, found) if counts else []
            self._find_own(name, found)
            found.sort(key=lambda one: one.description.table.created_us)
            for older in found[:-1]:
                self.release(older)
            if not found or self._lease(found[-1]):
                break
        return (found[-1] if found else None), silent

    def _ask(self, name: str, counts: dict[Peer, int | None], found: list[Found]) -> list[str]:
        """Adds what peers answer. Returns who has not."""
        question = {"op": "get", "name": name}
        replies, silent = self._peers.ask_all(
            question, PATIENCE, lambda reply: reply.get("object") is not None, counts
        )
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
        if wrong is not None and not found and self._owner.find(name) is None:
            raise wrong
        return silent

    def _find_own(self, name: str, found: list[Found]) -> None:
        own = self._owner.lease(name)
        if own is not None:
            arena = own.arena
            arena_id = None if arena.fd is None else arena.id
            description = Description(own.table, own.offset, arena_id, arena.size)
            found.append(Found(description, None, 0, own))

    def _see(self, name: str, peer: Peer, found: list[Found]) -> bool:
        """Adds what the peer shares under the name, if that is known without asking it."""
        told, entry = peer.look(name)
        if entry is None:
            return told or self._see_answer(name, peer, found)
        description = entry.description
        if description is None:
            try:
                description = read_facts(name, entry.facts, peer.pid, peer.language)
            except ProtocolError:
                return False  # let it say so itself
            entry.description = description
        one = Found(description, peer, entry=entry)
        one.table = self._in_use.find(one.key)
        found.append(one)
        return True

    def _see_answer(self, name: str, peer: Peer, found: list[Found]) -> bool:
        """The same of what it has answered, if that is still true and in use here."""
        known, description = self._answers.find(peer, name)
        if description is None:
            return known
        one = Found(description, peer)
        one.table = self._in_use.find(one.key)
        if one.table is None:
            return False
        found.append(one)
        return True

    def _lease(self, found: Found) -> bool:
        """Leases what was found on a board; false when it is not there any more."""
        peer = found.peer
        if found.entry is None or found.table is not None or peer is None:
            return True
        found.lease = peer.lease(found.description.table.version)
        if found.lease is None:
            return False
        if found.entry.stands():
            peer.drain()  # an owner that has hung up looks at no sheet
            if not peer.closed:
                return True
        self.release(found)
        return False

    def release(self, found: Found) -> None:
        """Ends the lease that `find` took, if it took one."""
        if found.own is not None:
            self._owner.end_lease(found.own)
        elif found.lease is not None and found.peer is not None and not found.peer.closed:
            found.peer.release(found.lease)
            if found.peer.unsent:
                self._ended.nudge()
