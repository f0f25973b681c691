"""Share Arrow tables between Python and TypeScript notebooks without a copy.

    import cenote
    cenote.put("flights", table)       # one copy, into shared memory
    cenote.get("flights")              # a pyarrow.Table over the same pages: nothing is copied

A shared table is immutable, and lives as long as its process does or until it is deleted. Names are
those of all processes of this user on this machine; where two share one name, the newest counts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from ._changes import Change, Watch
from ._copies import Copied, Copies
from ._errors import (
    BadArgumentError,
    BadNameError,
    BadSizeError,
    BadTargetError,
    BadWaitError,
    CenoteError,
    ConversionError,
    NoKeeperError,
    NoLibraryError,
    NotArrowError,
    PeerGoneError,
    ProtocolError,
    RuntimeFolderError,
    TooLargeError,
    UnknownNameError,
    WriterClosedError,
    shown,
)
from ._exchange import exchange
from ._get import get
from ._host_memory import HostMemoryError
from ._shared import Listing, SharedTable, check_name

if TYPE_CHECKING:
    import numpy

    from ._writer import Writer

__all__ = [
    "BadArgumentError",
    "BadNameError",
    "BadSizeError",
    "BadTargetError",
    "BadWaitError",
    "CenoteError",
    "Change",
    "ConversionError",
    "Copied",
    "Copies",
    "HostMemoryError",
    "Listing",
    "NoKeeperError",
    "NoLibraryError",
    "NotArrowError",
    "PeerGoneError",
    "ProtocolError",
    "RuntimeFolderError",
    "SharedTable",
    "TooLargeError",
    "UnknownNameError",
    "Watch",
    "WriterClosedError",
    "copies",
    "delete",
    "empty",
    "get",
    "keep",
    "list",
    "ls",
    "put",
    "show",
    "stats",
    "watch",
    "writer",
]

_list = list  # the built-in: this module has a `list` of its own


def put(name: str, obj: Any) -> SharedTable:
    """Shares data under a name, by one copy into shared memory; by none for an array of `empty`.

    `obj` is one of these; what had to be copied before is listed by `copies()`:

    - whatever speaks Arrow's PyCapsule interface (`__arrow_c_stream__`, `__arrow_c_array__`): a
      pyarrow Table, RecordBatch, Array or reader, a Polars or pandas DataFrame or Series, a DuckDB
      relation, arro3, nanoarrow;
    - a numpy array, or what numpy views: DLPack tensors of the CPU (torch), bytes, memoryview,
      array.array. Of one dimension it is a column; of more, a column of arrow.fixed_shape_tensor
      with a row for each step along the first; records are the rows of a table;
    - a dict of columns: any of the above, lists;
    - a sparse array of scipy as csr, csc or coo: one row of buffers, see docs/exchange.md.

    Something that is not a table becomes one with the column "values". Putting a name again makes a
    new version; who has read the old one keeps it.
    Raises NotArrowError, BadNameError, RuntimeFolderError.
    """
    from ._copies import Taken
    from ._inputs import to_table

    check_name(name)
    in_place = exchange().blocks.share(name, obj)
    if in_place is not None:
        return in_place
    taken: _list[Taken] = []
    table = to_table(obj, taken)
    shared = exchange().put(name, table)
    exchange().copies.note("put", name, type(obj).__module__.partition(".")[0], taken)
    return shared


def empty(
    shape: SupportsIndex | Iterable[SupportsIndex], dtype: Any = "float64"
) -> numpy.ndarray[Any, Any]:
    """A new array in shared memory, to be filled and then shared by `put` without a copy.

    Its values are whatever lay there. `dtype`: an integer, a float, or datetime64 or timedelta64 of
    s, ms, us or ns. `put` copies nothing if it is given the array itself or a view of all of it in
    the same shape, for the first time; the array given is read-only from then on. Don't write to
    other views of it: readers see that. The memory is given back when the array and its views are
    gone, and all readers.
    Raises NotArrowError for a shape or dtype that Arrow has no such layout for.
    """
    from ._empty import read_dtype, read_shape

    return exchange().blocks.empty(read_shape(shape), read_dtype(dtype))


def writer(name: str, schema: Any, capacity: int | None = None) -> Writer:
    """Writes record batches straight into shared memory, and shares them as one table at the end.

        with cenote.writer("numbers", pyarrow.schema({"n": pyarrow.int64()})) as out:
            for batch in batches:
                out.write(batch)

    Each batch is written there once, and never lies in memory as a whole table elsewhere. Nobody
    sees the name until the end of the block; an exception in it forgets what was written. `schema`:
    a pyarrow.Schema or what makes one. `capacity`: the most bytes it may take, 4 GiB unless given;
    memory is taken as it is written.
    Raises BadNameError, BadSizeError, NotArrowError, TooLargeError, WriterClosedError.
    """
    from ._writer import Writer, check_capacity, read_schema

    return Writer(exchange(), check_name(name), read_schema(schema), check_capacity(capacity))


@overload
def watch(name: str | None = None) -> Watch: ...
@overload
def watch(
    name: str | None, tell: Callable[[str, SharedTable | None], None]
) -> Callable[[], None]: ...


def watch(
    name: str | None = None, tell: Callable[[str, SharedTable | None], None] | None = None
) -> Watch | Callable[[], None]:
    """Tells of a name's versions: the current one, if there is one, and then each newer one.

        for name, table in cenote.watch("flights"):
            if table is None:
                break                      # nobody shares it any more
            print(table.version, table.rows)

    Of versions that follow each other closely it tells at least of the last. Without a name it
    tells of all. It can be looped over in coroutines too (`async for`), so that other cells of a
    notebook run meanwhile. With `tell` that is called instead, in a thread of the watchers' own,
    with the name and the table, until what `watch` returns is called; what it raises is logged.
    Who has got an older version keeps it. Raises BadNameError, BadArgumentError.
    """
    checked = None if name is None else check_name(name)
    if tell is not None:
        if not callable(tell):
            raise BadArgumentError(f"tell: wanted a function or None, found {shown(tell)}")
        return exchange().watching.watch(checked, tell)
    exchange().service.start()  # it ends what nobody loops over any more
    return Watch(lambda heard: exchange().watching.watch(checked, heard), exchange().when_ended)


def list() -> Listing:  # noqa: A001
    """What all processes of this user share now; notebooks show it as a table."""
    return exchange().listing()


ls = list


def show(obj: Any) -> None:
    """Shows a table in a notebook as a grid, whose rows come from the kernel as they are looked at.

    `obj`: what `put` takes. JupyterLab needs the extension cenote-lab for the grid; elsewhere the
    types of the columns are shown. A part of the rows is saved in the notebook.
    Raises NotArrowError.
    """
    from ._comm import display
    from ._inputs import to_table

    display(to_table(obj, []))


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext cenote`: the magic %cenote, and names that complete in `cenote.get("…")`."""
    from ._ipython import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext cenote`."""
    from ._ipython import unload

    unload(shell)


def copies() -> Copies:
    """What `get` and `put` of this process had to copy for other libraries, and why.

    Seen from where the memory lies, not taken from the libraries' documents. The one copy of `put`
    into shared memory is not among it, nor what a library copies before it hands out Arrow data, or
    later. Notebooks show it as a table.
    """
    return exchange().copies.listing()


def delete(name: str) -> None:
    """Takes a name back, whoever shares it. Who has read its table keeps it.

    Raises UnknownNameError.
    """
    exchange().delete(check_name(name))


def keep(name: str, keep: bool = True) -> None:
    """Has the keeper hold a name, so that it outlives the process that shares it; or not any more.

    When its owner ends, the keeper shares the newest version on, by one copy, until somebody puts
    the name again or takes it back. Each newer version is kept like the first. A keeper runs with
    JupyterLab where the server extension `cenote_server` is enabled, or as `python -m cenote keep`.
    Raises NoKeeperError, UnknownNameError, BadNameError, BadArgumentError, PeerGoneError.
    """
    from ._keepers import ask_keepers

    checked = check_name(name)
    if not isinstance(keep, bool):
        raise BadArgumentError(f"keep: wanted True or False, found {shown(keep)}")
    versions = [table.created_us for table in exchange().listing() if table.name == checked]
    if keep and not versions:
        raise exchange().unknown(name, [])
    ask_keepers(name, keep, max(versions, default=0))


def stats() -> dict[str, int | float]:
    """What this process has moved: counts, and bytes unless the key says otherwise.

    `puts`: tables and arrays shared. `bytes_put`: copied into arenas, the one copy of each;
    `bytes_in_place`: made there, by `empty` and `writer`. `handoffs`: tables read.
    `copies` and `bytes_copied`: those that crossed by a further copy, because one side has no
    shared memory, or that pyarrow had to unpack; 0 otherwise. What other libraries had to copy is
    not in: `copies()` lists it.
    `arenas`, `arena_bytes`: memory that this process shares (reserved; pages are taken as they are
    written). `mapped_arenas`, `mapped_bytes`: memory of others (and its own) that it has mapped.
    `last_get_us`: how long the last `get` took, in microseconds.
    """
    return exchange().stats()


def _serve_pages() -> None:
    """Lets the notebook's pages look at tables, where a notebook imports this."""
    if "ipykernel" in sys.modules:
        from ._comm import register

        register()


_serve_pages()
