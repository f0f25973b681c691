"""From a pyarrow.Table to other libraries, without a copy where they allow.

What they copied all the same is not taken from their documents but seen: from where the buffers of
the result lie.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._arrays import in_shape, items, joined, to_numpy
from ._copies import Taken
from ._errors import BadTargetError, ConversionError, NoLibraryError, shown
from ._inputs import VALUES
from ._outside import Memory, column_buffers
from ._sparse import to_sparse

if TYPE_CHECKING:
    from typing import TypeAlias

    AnyArray: TypeAlias = pa.Array[Any]
    AnyColumn: TypeAlias = pa.ChunkedArray[Any]


def check_target(target: object) -> None:
    """Raises BadTargetError or NoLibraryError unless `from_table` can make that."""
    if not isinstance(target, str) or target not in TARGETS:
        raise BadTargetError(f"as_: wanted one of {', '.join(TARGETS)}, found {shown(target)}")
    module = TARGETS[target][0]
    try:
        importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0] if target != "arro3" else "arro3-core"
        raise NoLibraryError(
            f"as_={target!r} wants the package {package}, which can't be imported: {error}",
            f"pip install {package}",
        ) from error


def from_table(table: pa.Table, target: str, name: str, taken: list[Taken]) -> Any:
    """The table as the target library has it; notes in `taken` what had to be copied.

    Raises ConversionError, which names the column.
    """
    convert = TARGETS[target][1]
    try:
        return convert(table, name, taken)
    except ConversionError:
        raise
    except BaseException as error:
        if not _is_failure(error):
            raise
        raise ConversionError(
            f"{name!r}{_culprit(table, target)}: as_={target!r} can't have it: {error!s:.300}",
            "Take it as pyarrow and cast or leave out the column: get(name).drop_columns([…]).",
        ) from error


def _is_failure(error: BaseException) -> bool:
    """Whether a library has failed; panics of Rust are no Exceptions."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _culprit(table: pa.Table, target: str) -> str:
    """The first column that fails alone, with its type."""
    for position, field in enumerate(table.schema):
        alone = table.select([position]).replace_schema_metadata(None)
        try:
            TARGETS[target][1](alone, "", [])
        except BaseException as error:
            if not _is_failure(error):
                raise
            return f", column {field.name!r} ({field.type})"
    return ""


def _pyarrow(table: pa.Table, name: str, taken: list[Taken]) -> pa.Table:
    return table


def _polars(table: pa.Table, name: str, taken: list[Taken]) -> Any:
    import polars

    frame = polars.from_arrow(table, rechunk=False)
    newest = polars.CompatLevel.newest()  # what it has, not what older readers would like
    for column, series in zip(table.columns, frame.get_columns(), strict=True):  # type: ignore[union-attr]
        if pa.types.is_dictionary(column.type):
            why = "Polars keeps categories in memory of its own"
            taken.append(Taken(series.name, _size(series.to_physical().to_arrow()), why))
            continue
        outside = Memory(column).outside(pa.chunked_array([series.to_arrow(compat_level=newest)]))
        taken.append(Taken(series.name, outside, _why_polars(column.type)))
    return frame


def _why_polars(kind: pa.DataType) -> str:
    types = pa.types
    texts = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    if any(is_text(kind) for is_text in texts):
        return "Polars makes views of 16 bytes a row over texts"
    return f"Polars has another layout for {kind}"


def _size(array: AnyArray) -> int:
    return sum(b.size for b in column_buffers(pa.chunked_array([array])))


def _pandas(table: pa.Table, name: str, taken: list[Taken]) -> Any:
    import pandas  # type: ignore[import-untyped]

    frame = table.to_pandas(types_mapper=pandas.ArrowDtype)
    made = {label: position for position, label in enumerate(frame.columns)}
    for label, column in zip(table.column_names, table.columns, strict=True):
        if label not in made:
            taken.append(Taken(label, _bytes(column), "pandas keeps an index in memory of its own"))
            continue
        array = frame.iloc[:, made[label]].array
        if isinstance(array, pandas.arrays.ArrowExtensionArray):
            outside = Memory(column).outside(pa.chunked_array(array.__arrow_array__()))
        else:
            outside = int(array.nbytes)
        taken.append(Taken(label, outside, f"pandas has another layout for {column.type}"))
    return frame


def _bytes(column: AnyColumn) -> int:
    return sum(b.size for b in column_buffers(column))


def _duckdb(table: pa.Table, name: str, taken: list[Taken]) -> Any:
    import duckdb

    return duckdb.from_arrow(table)  # it reads the table in place when it is asked something


def _arro3(table: pa.Table, name: str, taken: list[Taken]) -> Any:
    from arro3 import core  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return core.Table(table)


def _nanoarrow(table: pa.Table, name: str, taken: list[Taken]) -> Any:
    import nanoarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return nanoarrow.Array(table)


def _scipy(table: pa.Table, name: str, taken: list[Taken]) -> Any:
    return to_sparse(table, name)


def _by_column(
    convert: Callable[[AnyColumn, str, str, list[Taken]], Any],
) -> Callable[[pa.Table, str, list[Taken]], Any]:
    """A dict of columns; or the column alone, where it is "values" and the only one."""

    def whole(table: pa.Table, name: str, taken: list[Taken]) -> Any:
        if len(set(table.column_names)) < table.num_columns:
            raise ConversionError(
                f"{name!r}: wanted columns with names of their own, found two alike"
            )
        made = {
            label: convert(column, name, label, taken)
            for label, column in zip(table.column_names, table.columns, strict=True)
        }
        return made[VALUES] if list(made) == [VALUES] else made

    return whole


def _numpy(column: AnyColumn, name: str, label: str, taken: list[Taken]) -> Any:
    import numpy as np

    array = to_numpy(column)
    data = np.ma.getdata(array)
    if data.size and not Memory(column).has(data.__array_interface__["data"][0]):
        why = _why(column) or f"numpy has another layout for {column.type}"
        taken.append(Taken(label, data.nbytes, why))
    if isinstance(array, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(array)
        taken.append(Taken(label, mask.nbytes, "the mask of nulls was unpacked from bits"))
    return array


def _why(column: AnyColumn) -> str | None:
    if column.num_chunks > 1:
        return "its chunks were joined"
    if pa.types.is_boolean(column.type):
        return "booleans were unpacked from bits"
    return None


def _torch(column: AnyColumn, name: str, label: str, taken: list[Taken]) -> Any:
    import torch  # type: ignore[import-not-found,unused-ignore]

    whole = joined(column)
    array, shape = _elements(whole)
    kind = array.type
    if _has_nulls(whole):
        raise _not_torch(name, label, "no nulls, for which torch has nothing", "nulls")
    if pa.types.is_boolean(kind):
        unpacked = to_numpy(pa.chunked_array([array]))
        taken.append(Taken(label, unpacked.nbytes, "booleans were unpacked from bits"))
        return shape(torch.from_numpy(unpacked))
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise _not_torch(name, label, "numbers or booleans", str(column.type))
    tensor = torch.from_dlpack(array)
    if len(array) and not Memory(column).has(tensor.data_ptr()):
        why = _why(column) or f"torch has another layout for {column.type}"
        taken.append(Taken(label, tensor.nbytes, why))
    return shape(tensor)


def _not_torch(name: str, label: str, wanted: str, found: str) -> ConversionError:
    return ConversionError(
        f"{name!r}, column {label!r}: as_='torch' wants {wanted}, found {found}",
        "Take the columns you want from get(name), or as_='numpy'.",
    )


def _elements(array: AnyArray) -> tuple[AnyArray, Callable[[Any], Any]]:
    """The innermost values of tensors and lists of a fixed size; and what gives them shape."""
    if isinstance(array, pa.ExtensionArray):
        kind = array.type
        values, shape = _elements(array.storage)
        if isinstance(kind, pa.FixedShapeTensorType):
            return values, lambda flat: in_shape(kind, shape(flat))
        return values, shape
    sizes = list(_sizes(array.type))
    dimensions = (len(array), *sizes)
    for _ in sizes:
        array = items(array)
    return array, lambda flat: flat.reshape(dimensions)


def _has_nulls(array: AnyArray) -> bool:
    """Whether anything is null, however deep in tensors and lists of a fixed size."""
    while isinstance(array, pa.ExtensionArray):
        array = array.storage
    inner = pa.types.is_fixed_size_list(array.type)
    return array.null_count > 0 or (inner and _has_nulls(items(array)))


def _sizes(kind: pa.DataType) -> Iterator[int]:
    while pa.types.is_fixed_size_list(kind):
        yield kind.list_size
        kind = kind.value_type


#: What `as_` may be: the module that it wants, and the conversion.
TARGETS: dict[str, tuple[str, Callable[[pa.Table, str, list[Taken]], Any]]] = {
    "pyarrow": ("pyarrow", _pyarrow),
    "polars": ("polars", _polars),
    "pandas": ("pandas", _pandas),
    "numpy": ("numpy", _by_column(_numpy)),
    "torch": ("torch", _by_column(_torch)),
    "duckdb": ("duckdb", _duckdb),
    "arro3": ("arro3.core", _arro3),
    "nanoarrow": ("nanoarrow", _nanoarrow),
    "scipy": ("scipy.sparse", _scipy),
}
