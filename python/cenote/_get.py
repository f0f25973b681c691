"""`cenote.get`: a shared table, for the library that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from ._errors import BadWaitError, shown
from ._exchange import exchange
from ._shared import check_name

if TYPE_CHECKING:
    import duckdb
    import pandas  # type: ignore[import-untyped]
    import polars
    import pyarrow


@overload
def get(
    name: str, wait: float | None = None, as_: Literal["pyarrow"] = "pyarrow"
) -> pyarrow.Table: ...
@overload
def get(name: str, wait: float | None = None, *, as_: Literal["polars"]) -> polars.DataFrame: ...
@overload
def get(name: str, wait: float | None = None, *, as_: Literal["pandas"]) -> pandas.DataFrame: ...
@overload
def get(
    name: str, wait: float | None = None, *, as_: Literal["duckdb"]
) -> duckdb.DuckDBPyRelation: ...
@overload
def get(
    name: str,
    wait: float | None = None,
    *,
    as_: Literal["numpy", "torch", "arro3", "nanoarrow", "scipy"],
) -> Any: ...


def get(name: str, wait: float | None = None, as_: str = "pyarrow") -> Any:
    """The newest table of that name, over the memory of its owner: nothing is copied.

    `wait`: seconds to wait for the name to appear. `as_` names the library:

    - "pyarrow": a Table. "pandas": a DataFrame with Arrow column types. "polars": a DataFrame.
      "duckdb": a relation, which reads in place. "arro3": a Table. "nanoarrow": an Array.
    - "numpy", "torch": a dict of arrays or tensors by column; of a table whose only column is
      "values", as `put` makes it of an array, that array. Nulls make numpy.ma.MaskedArrays; torch
      refuses them, and all that is not numbers or booleans.
    - "scipy": the sparse array that was put.

    What a library can't have over that memory it copies, and `copies()` says so. The owner keeps
    the memory until the table and everything made from it are gone. Treat it as read-only: what is
    written to it stays in this process.
    Raises UnknownNameError (a KeyError), BadTargetError, NoLibraryError, ConversionError,
    BadWaitError, PeerGoneError, ProtocolError.
    """
    if as_ == "pyarrow":
        return _table(name, wait)
    from ._convert import check_target, from_table
    from ._copies import Taken

    check_target(as_)
    table = _table(name, wait)
    taken: list[Taken] = []
    result = from_table(table, as_, name, taken)
    exchange().copies.note("get", name, as_, taken)
    return result


def _table(name: str, wait: float | None) -> pyarrow.Table:
    if wait is not None and not (isinstance(wait, (int, float)) and wait >= 0):
        raise BadWaitError(f"wait: wanted seconds from 0, or None, found {shown(wait)}")
    return exchange().get(check_name(name), wait or 0.0)
