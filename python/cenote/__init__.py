"""Share Arrow tables between Python and TypeScript notebooks without a copy.

    import cenote
    cenote.put("flights", table)       # one copy, into shared memory
    cenote.get("flights")              # a pyarrow.Table over the same pages: nothing is copied

A shared table is immutable, and lives as long as its process does or until it is deleted. Names are
those of all processes of this user on this machine; where two share one name, the newest counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from ._errors import (
    BadNameError,
    BadWaitError,
    CenoteError,
    NotArrowError,
    PeerGoneError,
    ProtocolError,
    RuntimeFolderError,
    UnknownNameError,
)
from ._exchange import exchange
from ._shared import Listing, SharedTable, check_name

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]
    import polars
    import pyarrow

__all__ = [
    "BadNameError",
    "BadWaitError",
    "CenoteError",
    "Listing",
    "NotArrowError",
    "PeerGoneError",
    "ProtocolError",
    "RuntimeFolderError",
    "SharedTable",
    "UnknownNameError",
    "delete",
    "get",
    "list",
    "put",
    "stats",
]


def put(name: str, obj: Any) -> SharedTable:
    """Shares a table under a name, by one copy into shared memory.

    `obj` is anything that speaks Arrow's PyCapsule interface (`__arrow_c_stream__` or
    `__arrow_c_array__`): a pyarrow Table, RecordBatch, Array or reader, a Polars or pandas
    DataFrame or Series, a DuckDB relation. Something that is not a table becomes one with the
    column "values". Putting a name again makes a new version; who has read the old one keeps it.
    Raises NotArrowError, BadNameError, RuntimeFolderError.
    """
    from ._convert import to_table

    return exchange().put(check_name(name), to_table(obj))


@overload
def get(
    name: str, wait: float | None = None, as_: Literal["pyarrow"] = "pyarrow"
) -> pyarrow.Table: ...
@overload
def get(name: str, wait: float | None = None, *, as_: Literal["polars"]) -> polars.DataFrame: ...
@overload
def get(name: str, wait: float | None = None, *, as_: Literal["pandas"]) -> pandas.DataFrame: ...


def get(name: str, wait: float | None = None, as_: str = "pyarrow") -> Any:
    """The newest table of that name, over the memory of its owner: nothing is copied.

    `wait`: seconds to wait for the name to appear. `as_`: "pyarrow", "polars" or "pandas" (with
    Arrow column types, so that pandas copies nothing either). Polars makes views of its own, 16
    bytes a row, over columns of text, and takes dictionaries over into memory of its own. The owner
    keeps the memory until the table and everything made from it are gone. Treat it as read-only:
    what is written to it stays in this process.
    Raises UnknownNameError (a KeyError), BadWaitError, PeerGoneError, ProtocolError.
    """
    from ._convert import check_target, from_table

    check_target(as_)
    if wait is not None and not (isinstance(wait, (int, float)) and wait >= 0):
        raise BadWaitError(f"wait: wanted seconds from 0, or None, found {wait!r:.40}")
    return from_table(exchange().get(check_name(name), wait or 0.0), as_)


def list() -> Listing:  # noqa: A001
    """What all processes of this user share now; notebooks show it as a table."""
    return exchange().listing()


def delete(name: str) -> None:
    """Takes a name back, whoever shares it. Who has read its table keeps it.

    Raises UnknownNameError.
    """
    exchange().delete(check_name(name))


def stats() -> dict[str, int | float]:
    """What this process has moved: counts, and bytes unless the key says otherwise.

    `puts` and `bytes_put`: copies into arenas, the one copy of each table. `handoffs`: tables read.
    `copies` and `bytes_copied`: those that crossed by a further copy, because one side has no
    shared memory, or that pyarrow had to unpack; 0 otherwise. What Polars does later is not in.
    `arenas`, `arena_bytes`: memory that this process shares (reserved; pages are taken as they are
    written). `mapped_arenas`, `mapped_bytes`: memory of others (and its own) that it has mapped.
    `last_get_us`: how long the last `get` took, in microseconds.
    """
    return exchange().stats()
