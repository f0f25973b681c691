"""Sparse matrices of scipy as tables, and back, over the same index buffers.

One row; one list column for each buffer: `data`, and for CSR and CSC `indices` and `indptr`, for
COO `coord0`, `coord1`, … The schema's metadata has `cenote.sparse`, JSON of two keys: `format`
("csr", "csc" or "coo") and `shape`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._arrays import to_column, to_numpy
from ._copies import Taken
from ._errors import ConversionError, NotArrowError

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np

    AnyColumn: TypeAlias = pa.ChunkedArray[Any]
    NumpyArray: TypeAlias = np.ndarray[Any, Any]

#: Key of the schema's metadata.
KEY = b"cenote.sparse"
_MOST = 2**31 - 1
_COMPRESSED = ("indptr", "indices", "data")


def is_sparse(obj: Any) -> bool:
    """Whether it is a sparse array or matrix of scipy."""
    return any(kind.__module__.startswith("scipy.sparse") for kind in type(obj).__mro__)


def from_sparse(obj: Any, taken: list[Taken]) -> pa.Table:
    """The matrix as a table of its buffers. Raises NotArrowError for other formats."""
    if obj.format in ("csr", "csc"):
        buffers = {name: getattr(obj, name) for name in _COMPRESSED}
    elif obj.format == "coo":
        coords = obj.coords if hasattr(obj, "coords") else (obj.row, obj.col)
        buffers = {f"coord{axis}": one for axis, one in enumerate(coords)} | {"data": obj.data}
    else:
        raise NotArrowError(
            f"wanted a sparse matrix as csr, csc or coo, found {obj.format}",
            "Convert it first: obj.tocsr().",
        )
    about = {"format": obj.format, "shape": [int(size) for size in obj.shape]}
    columns = {name: _one_list(to_column(one, name, taken)) for name, one in buffers.items()}
    return pa.table(columns, metadata={KEY: json.dumps(about).encode()})


def _one_list(values: pa.Array[Any]) -> pa.Array[Any]:
    small = len(values) <= _MOST
    kind: pa.DataType = pa.list_(values.type) if small else pa.large_list(values.type)
    offsets = pa.array([0, len(values)], pa.int32() if small else pa.int64())
    return pa.Array.from_buffers(kind, 1, [None, offsets.buffers()[1]], children=[values])


def to_sparse(table: pa.Table, name: str) -> Any:
    """The sparse array that such a table is of. Raises ConversionError for other tables."""
    from scipy import sparse  # type: ignore[import-untyped,import-not-found,unused-ignore]

    try:
        about = json.loads((table.schema.metadata or {}).get(KEY, b"{}"))
        shape = tuple(about["shape"])
        if about["format"] == "coo":
            coords = tuple(_values(table[f"coord{axis}"]) for axis in range(len(shape)))
            return sparse.coo_array((_values(table["data"]), coords), shape=shape)
        kind = {"csr": sparse.csr_array, "csc": sparse.csc_array}[about["format"]]
        indptr, indices, data = (_values(table[part]) for part in _COMPRESSED)
        return kind((data, indices, indptr), shape=shape, copy=False)
    except (KeyError, TypeError, ValueError) as error:
        raise ConversionError(
            f"{name!r}: wanted the buffers of a sparse matrix, as put from scipy, found a table of "
            f"{', '.join(table.column_names)} ({error})"
        ) from error


def _values(column: AnyColumn) -> NumpyArray:
    if len(column) != 1 or not column.null_count == 0:
        raise ValueError(f"a buffer is one list, found {len(column)}")
    row: Any = next(chunk for chunk in column.chunks if len(chunk))
    return to_numpy(pa.chunked_array([row.flatten()]))
