"""What an owner answers to its peers. Protocol: docs/exchange.md."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from ._board import BOARD_BYTES
from ._connection import Connection
from ._errors import ProtocolError
from ._frames import Message
from ._owner import Owner, Shared
from ._shared import check_name
from ._sheet import SHEET_BYTES, OwnSheet


class Requests:
    """Does what peers ask for. In the service's thread."""

    def __init__(
        self,
        owner: Owner,
        reply: Callable[..., None],
        holders: Callable[[], Iterable[Connection]],
    ) -> None:
        """`reply(connection, message, fd=…, after=…)`: with a descriptor, or bytes after it.

        `holders`: the connections that may have leases, ended ones too.
        """
        self._holders = holders
        self._owner = owner
        self._reply = reply
        #: In a keeper: keeps a name, or not any more, and tells when the kept version was put.
        self.keep: Callable[[str, bool], int | None] | None = None
        #: Whether any peer has asked to be told of changes.
        self.watched = False
        #: What went over sockets, because its reader can't map.
        self.bytes_sent = 0
        self.tables_sent = 0

    def handle(self, connection: Connection, message: Message) -> None:
        """One request. Raises ProtocolError and BadNameError."""
        request, number = message.get("op"), message.get("id")
        if request == "release":
            shared = connection.leases.pop(_integer(message, "lease"), None)
            if shared is not None:
                self._owner.end_lease(shared)
            return
        if request == "lease":
            self._lease(connection, _integer(message, "version"), _integer(message, "lease"))
            return
        if type(number) is not int:
            raise ProtocolError("id: wanted an integer")
        if request == "get":
            self._give(connection, number, check_name(message.get("name")))
        elif request == "list":
            objects = [shared.describe() for shared in self._owner.objects()]
            self._reply(connection, {"id": number, "objects": objects})
        elif request == "leases":
            self._reply(connection, {"id": number, "leases": self._leases()})
        elif request == "arena":
            self._give_arena(connection, number, _integer(message, "arena"))
        elif request == "board" and self._owner.board.fd is not None:
            board = os.dup(self._owner.board.fd)
            self._reply(connection, {"id": number, "bytes": BOARD_BYTES}, board)
        elif request == "sheet" and self._owner.board.fd is not None:
            self._give_sheet(connection, number, message.get("sheet"))
        elif request == "fetch":
            self._give_bytes(connection, number, _integer(message, "lease"))
        elif request == "remove":
            removed = self._owner.remove(check_name(message.get("name")))
            self._reply(connection, {"id": number, "removed": removed})
        elif request == "watch":
            self._watch(connection, number, message.get("name"))
        elif request == "keep" and self.keep is not None:
            kept = self.keep(check_name(message.get("name")), message.get("keep") is not False)
            self._reply(connection, {"id": number, "kept": kept})
        else:
            error = error_message("UNKNOWN_OP", f"op: found {request!r:.40}")
            self._reply(connection, {"id": number, "error": error})

    def _leases(self) -> list[Message]:
        """Who has leases on what: an entry for each version that a connection's process reads."""
        return [
            {
                "object": shared.describe(),
                "current": shared.current,
                "pid": holder.pid,
                "count": count,
            }
            for holder in self._holders()
            for shared, count in Counter(self._read_by(holder)).items()
        ]

    def _read_by(self, holder: Connection) -> Iterable[Shared]:
        written = map(self._owner.version, holder.written())
        return [*holder.leases.values(), *(one for one in written if one is not None)]

    def _watch(self, connection: Connection, number: int, name: object) -> None:
        """From now on the peer is told when this name changes, or any; what there is, at once."""
        self.watched = True  # before the look: what changes after it is announced
        if name is None:
            connection.watches_all = True
            shared = self._owner.objects()
        else:
            checked = check_name(name)
            connection.watched.add(checked)
            shared = [one for one in [self._owner.find(checked)] if one is not None]
        objects = [one.describe() for one in shared]
        self._reply(connection, {"id": number, "objects": objects})

    def _lease(self, connection: Connection, version: int, lease: int) -> None:
        """The peer has found that version on the board. It learns there whether it was in time."""
        if lease >= 0 or lease in connection.leases:
            raise ProtocolError(f"lease: wanted a number below 0 that is not in use, found {lease}")
        shared = self._owner.lease_version(version)
        if shared is not None:
            connection.leases[lease] = shared

    def _give(self, connection: Connection, number: int, name: str) -> None:
        shared = self._owner.lease(name)
        if shared is None:
            self._reply(connection, {"id": number, "object": None})
            return
        connection.last_lease += 1
        lease = connection.last_lease
        connection.leases[lease] = shared
        self._reply(connection, {"id": number, "object": shared.describe(), "lease": lease})

    def _give_arena(self, connection: Connection, number: int, arena: int) -> None:
        found = self._owner.arena_descriptor(arena)
        if found is None:
            connection.closing = True
            error = error_message("UNKNOWN_ARENA", f"no arena {arena}")
            self._reply(connection, {"id": number, "error": error})
            return
        self._reply(connection, {"id": number, "bytes": found[1]}, found[0])

    def _give_sheet(self, connection: Connection, number: int, wanted: Any) -> None:
        """The connection's own sheet, or that of another connection of the same peer."""
        if wanted is None and connection.sheet is None:
            connection.sheet = OwnSheet()
        sheets = [connection.sheet] if wanted is None else [one.sheet for one in self._holders()]
        for sheet in sheets:
            if sheet is not None and wanted in (None, sheet.number):
                said = {"id": number, "sheet": sheet.number, "bytes": SHEET_BYTES}
                self._reply(connection, said, os.dup(sheet.fd))
                return
        connection.closing = True
        error = error_message("UNKNOWN_SHEET", f"no sheet {wanted!r:.40}")
        self._reply(connection, {"id": number, "error": error})

    def _give_bytes(self, connection: Connection, number: int, lease: int) -> None:
        shared = connection.leases.get(lease)
        if shared is None:
            error = error_message("UNKNOWN_LEASE", f"no lease {lease}")
            self._reply(connection, {"id": number, "error": error})
            return
        size = shared.table.bytes
        self.bytes_sent += size
        self.tables_sent += 1
        there = shared.arena.writable(shared.offset, size)
        self._reply(connection, {"id": number, "bytes": size}, after=there)


def _integer(message: Message, key: str) -> int:
    value: Any = message.get(key)
    if type(value) is not int:
        raise ProtocolError(f"{key}: wanted an integer, found {value!r:.40}")
    return value


def error_message(code: str, message: str) -> Message:
    """What a reply says of an error."""
    return {"code": code, "message": message}
