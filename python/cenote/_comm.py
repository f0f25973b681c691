"""What pages ask a notebook's kernel: about tables in outputs, and about what is shared.

The messages are those of kernel/src/base/browse-protocol.ts. ipykernel hands them over between
cells, so that a busy cell is waited for; listings go out meanwhile, from a thread.
"""

from __future__ import annotations

import sys
import threading
import uuid
import weakref
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from ._exchange import exchange
from ._survey import Survey

TABLE_TARGET, EXCHANGE_TARGET, LOADED_TARGET = "cenote.table", "cenote.exchange", "cenote.loaded"
VERSION = 1
MIME = "application/vnd.apache.arrow.stream"
#: Of what is saved in a notebook, and of one message to a page.
PREVIEW_ROWS, PREVIEW_BYTES = 1000, 256 * 1024
#: Jupyter's server drops what goes beyond 1 MB a second, a cell's output too.
MESSAGE_BYTES, ROW_BYTES = 256 * 1024, 1024 * 1024
MOST_ROWS = 2000
#: Seconds between looks at what is shared, and that a shown table is kept for a page to ask.
LOOK_EVERY, KEPT = 1.0, 10.0

_shown: weakref.WeakValueDictionary[str, pa.Table] = weakref.WeakValueDictionary()


def register() -> None:
    """Serves pages, where this is a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    manager = getattr(getattr(shell, "kernel", None), "comm_manager", None)
    if manager is not None:
        from ipykernel.comm import Comm

        beacon: Any = Comm
        manager.register_target(TABLE_TARGET, _open_table)
        manager.register_target(EXCHANGE_TARGET, _pages.open)
        # Known to the kernel and told to no page: by it a page learns that it may ask.
        manager.register_comm(beacon(target_name=LOADED_TARGET, primary=False, show_warning=False))


def bundle(table: pa.Table) -> tuple[dict[str, Any], dict[str, Any]]:
    """The table as an output: its first rows, and the name by which a page asks for more."""
    import base64

    text = f"{table.num_rows:,} rows × {table.num_columns} columns"
    rows, data = _fitted(min(PREVIEW_ROWS, table.num_rows), PREVIEW_BYTES, table.slice)
    plain = {"text/plain": f"{text}\n{table.schema.to_string(show_schema_metadata=False)}"}
    if not data:
        return plain, {}
    view = str(uuid.uuid4())
    _shown[view] = table
    keeping = threading.Timer(KEPT, lambda kept: None, (table,))
    keeping.daemon = True
    keeping.start()
    return (
        {MIME: base64.b64encode(data).decode(), **plain},
        {MIME: {"rows": table.num_rows, "view": view}},
    )


def display(table: pa.Table) -> None:
    """Shows it in the running cell's output; prints its types where this is no notebook."""
    data, metadata = bundle(table)
    if "IPython" not in sys.modules:
        print(data["text/plain"])
        return
    import IPython.display

    show: Any = IPython.display.display
    show(data, metadata=metadata, raw=True)


def _encode(table: pa.Table) -> bytes:
    """A stream; dictionaries that have more entries than the table rows are written out."""
    for i, column in enumerate(table.columns):
        if not pa.types.is_dictionary(column.type) or column.num_chunks == 0:
            continue
        chunk: Any = column.chunk(0)
        if len(chunk.dictionary) > table.num_rows:
            plain = column.cast(column.type.value_type)
            table = table.set_column(i, table.schema.field(i).with_type(plain.type), plain)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


def _fitted(count: int, most: int, pick: Callable[[int, int], pa.Table]) -> tuple[int, bytes]:
    """As many rows as `most` bytes have room for; no bytes where not even the schema fits."""
    while True:
        data = _encode(pick(0, count))
        if len(data) <= most:
            return count, data
        if count == 0:
            return 0, b""
        count = int(count * 0.9 * most / len(data))


def _message(count: int, pick: Callable[[int, int], pa.Table]) -> tuple[int, bytes]:
    """As many rows as go into one message to a page. Raises ValueError for one that does not."""
    rows, data = _fitted(count, MESSAGE_BYTES, pick)
    if rows > 0 or count == 0:
        return rows, data
    data = _encode(pick(0, 1))
    if len(data) > ROW_BYTES:
        raise ValueError(f"a row has {len(data):,} bytes, at most {ROW_BYTES:,} are shown")
    return 1, data


def _answering(comm: Any, handle: Callable[[dict[str, Any]], None]) -> Callable[[Any], None]:
    """Hands a message's data on; what goes wrong is told to the page."""

    def receive(message: Any) -> None:
        request = message["content"]["data"]
        try:
            handle(request)
        except Exception as error:
            comm.send({"kind": "failed", "id": request.get("id", 0), "message": str(error)})

    return receive


# ---- tables in outputs ----


def _open_table(comm: Any, message: Any) -> None:
    table = _shown.get(str(message["content"]["data"].get("view")))
    if table is None:
        comm.send({"kind": "gone"})
        return
    view = _View(comm, table)
    comm.on_msg(_answering(comm, view.handle))
    comm.send({"kind": "ready", "v": VERSION, "rows": table.num_rows})


class _View:
    """One page's view of a table."""

    def __init__(self, comm: Any, table: pa.Table) -> None:
        self._comm, self._table = comm, table
        self._order: pa.Array[Any] | None = None
        #: Sorts asked for; only the last one counts.
        self._sorts = 0

    def handle(self, request: dict[str, Any]) -> None:
        """One request of the page."""
        kind, number = request["kind"], request["id"]
        if kind == "rows":
            begin, count = int(request["from"]), int(request["count"])
            most = max(0, min(count, MOST_ROWS, self._table.num_rows - begin))
            rows, data = _message(most, lambda _, n: self._pick(begin, n))
            answer = {"kind": "rows", "id": number, "from": begin, "count": rows}
            self._comm.send(answer, buffers=[data])
        elif kind == "sort":
            self._sorts += 1
            self._work(self._sort, number, request["column"], request["descending"], self._sorts)
        elif kind == "statistics":
            self._work(self._statistics, number, request["column"])

    def _pick(self, begin: int, count: int) -> pa.Table:
        if self._order is None:
            return self._table.slice(begin, count)
        return self._table.take(self._order.slice(begin, count))

    def _work(self, task: Callable[..., None], number: int, *args: Any) -> None:
        """In a thread: pyarrow lets go of the interpreter while it computes."""

        def run() -> None:
            try:
                task(number, *args)
            except Exception as error:
                self._comm.send({"kind": "failed", "id": number, "message": str(error)})

        threading.Thread(target=run, name="cenote-column", daemon=True).start()

    def _sort(self, number: int, column: int | None, descending: bool, serial: int) -> None:
        from ._column import order

        found = None if column is None else order(self._table.column(column), descending)
        if serial == self._sorts:
            self._order = found
            self._comm.send({"kind": "sorted", "id": number})

    def _statistics(self, number: int, column: int) -> None:
        from ._column import facts

        statistics = facts(self._table.column(column))
        self._comm.send({"kind": "statistics", "id": number, "statistics": statistics})


# ---- what is shared ----


class _Pages:
    """The pages that look at what is shared. A thread looks while there is one."""

    def __init__(self) -> None:
        self._comms: dict[str, Any] = {}
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._looking = False

    def open(self, comm: Any, _message: Any) -> None:
        """A page has come."""
        comm.on_msg(_answering(comm, lambda request: self._handle(comm, request)))
        comm.on_close(lambda _: self._comms.pop(comm.comm_id, None))
        with self._lock:
            self._comms[comm.comm_id] = comm
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look_on, name="cenote-look", daemon=True).start()
        self._changed.set()

    def _open_pages(self) -> dict[str, Any]:
        """Those that are open; where there is none, the looking ends."""
        with self._lock:
            self._looking = bool(self._comms)
            return dict(self._comms)

    def _look_on(self) -> None:
        survey = Survey()
        last: Any = None
        told: set[str] = set()
        while comms := self._open_pages():
            self._changed.clear()
            objects = survey.look()
            answer = {"kind": "listing", "v": VERSION, "objects": objects}
            for number, comm in comms.items():
                if objects != last or number not in told:
                    comm.send(answer)
            last, told = objects, set(comms)
            self._changed.wait(LOOK_EVERY)
        survey.close()

    def _handle(self, comm: Any, request: dict[str, Any]) -> None:
        kind, number, name = request["kind"], request["id"], request["name"]
        if kind == "preview":
            table = exchange().get(name, 0.0)
            most = min(int(request["rows"]), PREVIEW_ROWS, table.num_rows)
            rows, data = _message(most, table.slice)
            answer = {"kind": "preview", "id": number, "name": name, "rows": rows}
            comm.send(answer, buffers=[data])
        elif kind == "remove":
            exchange().delete(name)
            comm.send({"kind": "removed", "id": number, "name": name})
            self._changed.set()


_pages = _Pages()
