"""From what people have to a pyarrow.Table and back, without a copy where the libraries allow."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ._errors import CenoteError, NotArrowError

TARGETS = ("pyarrow", "polars", "pandas")


def to_table(obj: Any) -> pa.Table:
    """The object as a table. Raises NotArrowError."""
    if isinstance(obj, pa.Table):
        return obj
    if isinstance(obj, pa.RecordBatchReader):
        return obj.read_all()
    speaks = hasattr(obj, "__arrow_c_stream__") or hasattr(obj, "__arrow_c_array__")
    if not speaks or isinstance(obj, type):
        found = f"{type(obj).__module__}.{type(obj).__qualname__}"
        if callable(getattr(obj, "collect", None)) and not isinstance(obj, type):
            raise NotArrowError(
                f"wanted Arrow data, found {found}, which is not computed yet",
                "Collect it first: obj.collect().",
            )
        raise NotArrowError(
            f"wanted Arrow data, found {found}",
            "Accepted: whatever has __arrow_c_stream__ or __arrow_c_array__ (a pyarrow Table, "
            "RecordBatch or Array, a Polars or pandas DataFrame, a DuckDB relation). "
            "For lists, dicts and numpy arrays: pyarrow.table({'column': values}).",
        )
    try:
        return _import(obj)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise NotArrowError(
            f"{type(obj).__module__}.{type(obj).__qualname__} offers Arrow data that pyarrow "
            f"{pa.__version__} can't read: {error}"
        ) from error


def _import(obj: Any) -> pa.Table:
    if isinstance(obj, pa.RecordBatch):
        return pa.Table.from_batches([obj])
    if isinstance(obj, (pa.Array, pa.ChunkedArray)):
        return pa.table({"values": obj})
    if hasattr(obj, "__arrow_c_stream__"):
        try:
            return pa.table(obj)
        except pa.ArrowInvalid:  # not a table's stream, but a column's
            return pa.table({"values": pa.chunked_array(obj)})
    array = pa.array(obj)
    if pa.types.is_struct(array.type) and not array.null_count:
        return pa.Table.from_batches([pa.RecordBatch.from_struct_array(array)])
    return pa.table({"values": array})


def check_target(target: object) -> None:
    """Raises a CenoteError unless `from_table` knows the target."""
    if target not in TARGETS:
        raise CenoteError(f"as_: wanted one of {', '.join(TARGETS)}, found {target!r}")


def from_table(table: pa.Table, target: str) -> Any:
    """The table as the target library has it; ImportError where it is not installed."""
    if target == "polars":
        import polars

        return polars.from_arrow(table, rechunk=False)
    if target == "pandas":
        import pandas  # type: ignore[import-untyped]

        return table.to_pandas(types_mapper=pandas.ArrowDtype)
    return table
