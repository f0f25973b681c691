"""From what people have to a pyarrow.Table, without a copy where the libraries allow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._arrays import to_column
from ._copies import Taken
from ._errors import NotArrowError, shown
from ._nesting import refuse_deep
from ._sparse import from_sparse, is_sparse

if TYPE_CHECKING:
    import numpy as np

#: The column of what is not a table.
VALUES = "values"
_ACCEPTED = (
    "Accepted: whatever has __arrow_c_stream__ or __arrow_c_array__ (a pyarrow Table, RecordBatch "
    "or Array, a Polars or pandas DataFrame, a DuckDB relation), numpy arrays, DLPack tensors of "
    "the CPU, bytes and other buffers, sparse matrices of scipy, and dicts of columns. "
    "For lists: {'column': values}; for rows: pyarrow.Table.from_pylist(rows)."
)
_CPU = 1  # DLDeviceType of dlpack.h; pinned host memory of CUDA is 3
_PINNED = 3


def to_table(obj: Any, taken: list[Taken]) -> pa.Table:
    """The object as a table; notes in `taken` what had to be copied. Raises NotArrowError."""
    if isinstance(obj, pa.Table):
        return obj
    if isinstance(obj, type):
        raise NotArrowError(f"wanted Arrow data, found the class {_name(obj)}", _ACCEPTED)
    if isinstance(obj, pa.RecordBatchReader) or _has_arrow(obj):
        return _read_arrow(obj)
    if callable(getattr(obj, "collect", None)):
        raise NotArrowError(
            f"wanted Arrow data, found {_name(type(obj))}, which is not computed yet",
            "Collect it first: obj.collect().",
        )
    if is_sparse(obj):  # one of its formats is a dict
        return from_sparse(obj, taken)
    if isinstance(obj, dict):
        return _from_dict(obj, taken)
    array = as_numpy(obj)
    if array is None:
        raise NotArrowError(f"wanted Arrow data, found {_name(type(obj))}", _ACCEPTED)
    # Of no dimension it is one value: a column has one dimension at least.
    return _table_of(to_column(array if array.ndim else array.reshape(1), VALUES, taken))


def _has_arrow(obj: Any) -> bool:
    return hasattr(obj, "__arrow_c_stream__") or hasattr(obj, "__arrow_c_array__")


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _read_arrow(obj: Any) -> pa.Table:
    _refuse_objects(obj)
    try:
        return obj.read_all() if isinstance(obj, pa.RecordBatchReader) else _import(obj)
    except MemoryError:
        raise
    except Exception as error:  # what makes the data raises what it likes
        raise NotArrowError(
            f"{_name(type(obj))} offers Arrow data that pyarrow {pa.__version__} can't read: "
            f"{_told(error)}"
        ) from error


def _refuse_objects(obj: Any) -> None:
    """Polars gives out its columns of Python objects as their addresses in memory.

    And integers of 128 bits as a type of its own.
    """
    polars = sys.modules.get("polars")
    if polars is None:
        return
    if isinstance(obj, polars.DataFrame):
        kinds = dict(obj.schema)
    elif isinstance(obj, polars.Series):
        kinds = {obj.name or VALUES: obj.dtype}
    else:
        return
    for column, kind in kinds.items():
        if kind in (polars.Object, polars.Int128, getattr(polars, "UInt128", None)):
            raise NotArrowError(
                f"column {column!r}: wanted a type that Arrow has, found {kind} of Polars",
                "Convert it, frame.with_columns(pl.col(…).cast(…)) or map_elements(…), or leave it "
                f"out: frame.drop({column!r}).",
            )


def _import(obj: Any) -> pa.Table:
    if isinstance(obj, pa.RecordBatch):
        return pa.Table.from_batches([obj])
    if isinstance(obj, (pa.Array, pa.ChunkedArray)):
        return _table_of(obj)
    if hasattr(obj, "__arrow_c_stream__"):
        try:
            return pa.table(obj)
        except pa.ArrowInvalid:  # not a table's stream, but a column's
            return pa.table({VALUES: pa.chunked_array(obj)})
    return _table_of(pa.array(obj))


def _table_of(array: Any) -> pa.Table:
    """Structs without nulls are the rows of a table; anything else is a column."""
    if isinstance(array, pa.StructArray) and not array.null_count:
        return pa.Table.from_batches([pa.RecordBatch.from_struct_array(array)])
    return pa.table({VALUES: array})


def as_numpy(obj: Any) -> np.ndarray[Any, Any] | None:
    """A view of the object's memory as an array; None where it does not offer one."""
    try:
        import numpy as np
    except ImportError as error:
        raise NotArrowError(
            f"{_name(type(obj))} is read by way of numpy, which is not installed",
            "pip install numpy, or put Arrow data.",
        ) from error
    if isinstance(obj, np.ndarray):
        return obj
    if hasattr(obj, "__dlpack__") and hasattr(obj, "__dlpack_device__"):
        device = _device(obj)
        if device not in (_CPU, _PINNED):
            raise NotArrowError(
                f"wanted data in the memory of the CPU, found {_name(type(obj))} on a device of "
                f"DLPack's type {device}",
                "Bring it over first: obj.cpu() in torch, cupy.asnumpy(obj).",
            )
        try:
            return np.from_dlpack(obj)
        except Exception as error:  # of many kinds
            raise NotArrowError(
                f"{_name(type(obj))} offers data by DLPack that numpy can't read: {_told(error)}",
                "A tensor with gradients: obj.detach(). bfloat16: obj.float().",
            ) from error
    if hasattr(obj, "__array_interface__"):
        try:
            return np.asarray(obj)
        except Exception as error:  # of many kinds
            raise NotArrowError(
                f"{_name(type(obj))} offers an array that numpy can't read: {_told(error)}"
            ) from error
    try:
        view = memoryview(obj)
    except TypeError:
        return None
    return np.asarray(view)


def _device(obj: Any) -> int:
    """Where DLPack says that the object's data lie; -1 where what it says can't be read."""
    try:
        return int(obj.__dlpack_device__()[0])
    except Exception:  # of many kinds
        return -1


def _from_dict(columns: dict[Any, Any], taken: list[Taken]) -> pa.Table:
    arrays: dict[str, Any] = {}
    for name, values in columns.items():
        if not isinstance(name, str) or not _is_well_formed(name):
            raise NotArrowError(
                f"wanted names of columns as str, found {shown(name)} ({type(name).__name__})"
            )
        arrays[name] = _column(values, name, taken)
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise NotArrowError(f"wanted columns of one length, found {lengths}")
    return pa.table(arrays)


def _is_well_formed(text: str) -> bool:
    """Whether it has no half of a surrogate pair, which UTF-8 has no bytes for."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _column(values: Any, name: str, taken: list[Taken]) -> Any:
    """One column of a dict: Arrow data, an array, or a sequence of Python values."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    try:
        if hasattr(values, "__arrow_c_stream__"):
            _refuse_objects(values)
            return pa.chunked_array(values)
        if hasattr(values, "__arrow_c_array__"):
            return pa.array(values)
        if not isinstance(values, (list, tuple, range)):
            array = as_numpy(values)
            if array is not None:
                return to_column(array, name, taken)
        if not isinstance(values, (str, dict, set)):
            if isinstance(values, (list, tuple)):
                refuse_deep(values, name)
            return pa.array(values)
    except (NotArrowError, MemoryError):
        raise
    except Exception as error:  # libraries raise what they like
        raise NotArrowError(
            f"column {name!r}: wanted values of one type: {_told(error)}"
        ) from error
    raise NotArrowError(f"column {name!r}: wanted a column, found {_name(type(values))}", _ACCEPTED)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
