"""Between numpy arrays and Arrow columns: views of the same memory where the types allow it.

An array of n dimensions is a column of `arrow.fixed_shape_tensor`: its first dimension counts the
rows. https://arrow.apache.org/docs/format/CanonicalExtensions.html#fixed-shape-tensor
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._copies import Taken
from ._errors import NotArrowError
from ._nesting import refuse_deep
from ._outside import array_buffers

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np

    AnyArray: TypeAlias = pa.Array[Any]
    AnyColumn: TypeAlias = pa.ChunkedArray[Any]
    NumpyArray: TypeAlias = np.ndarray[Any, Any]

#: Kinds of numpy's element types that have one width, as Arrow's have.
_FIXED = "biufMm"


def to_column(values: NumpyArray, column: str, taken: list[Taken]) -> AnyArray:
    """The array as a column, over its own memory where it can be. Raises NotArrowError."""
    import numpy as np

    if values.ndim == 0:
        raise _refuse(values, column, "no dimension", "Put an array of one value: [value].")
    if values.dtype.names:
        return _struct(values, column, taken)
    mask = None
    if isinstance(values, np.ma.MaskedArray):
        mask, values = np.ma.getmaskarray(values), values.data
    plain = values
    if not values.dtype.isnative:
        plain = plain.astype(values.dtype.newbyteorder("="))
    if values.ndim == 1:
        result = _flat(plain, column, mask)
    elif mask is not None:
        raise _refuse(values, column, "a mask and more than one dimension", "Fill it: a.filled().")
    else:
        result = _tensor(np.ascontiguousarray(plain), column)
    begin = values.__array_interface__["data"][0]
    outside = sum(
        b.size for b in array_buffers(result) if not begin <= b.address < begin + values.nbytes
    )
    taken.append(Taken(column, outside, _why_copied(values, mask)))
    return result


def _why_copied(values: NumpyArray, mask: NumpyArray | None) -> str:
    if not values.dtype.isnative:
        return "its bytes are in the other order"
    if not values.flags.c_contiguous:
        return "it is not contiguous"
    if mask is not None:
        return "its mask was packed into bits"
    return f"Arrow has another layout for {values.dtype}"


def _struct(values: NumpyArray, column: str, taken: list[Taken]) -> AnyArray:
    names = list(values.dtype.names or ())
    if values.ndim > 1:
        raise _refuse(values, column, "records in more than one dimension", "Put a.ravel().")
    fields = [to_column(values[name], f"{column}.{name}", taken) for name in names]
    return pa.StructArray.from_arrays(fields, names)


def _flat(values: NumpyArray, column: str, mask: NumpyArray | None = None) -> AnyArray:
    if values.dtype.kind == "V":
        width = pa.binary(values.dtype.itemsize)
        return pa.Array.from_buffers(width, len(values), [None, pa.py_buffer(values.tobytes())])
    if values.dtype.kind == "c":
        mend = "As pairs of real and imaginary part: numpy.stack([a.real, a.imag], axis=-1)."
        raise _refuse(values, column, "complex numbers, which Arrow has not", mend)
    if values.dtype.kind == "O":
        refuse_deep(values, column)
    try:
        return pa.array(values, mask=mask)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise _refuse(values, column, str(error), "Convert it first: a.astype(…).") from error


def _tensor(values: NumpyArray, column: str) -> AnyArray:
    if values.dtype.kind not in _FIXED:
        raise _refuse(values, column, "more than one dimension", "Put its columns one by one.")
    flat = _flat(values.reshape(-1), column)
    kind = pa.fixed_shape_tensor(flat.type, values.shape[1:])
    rows = pa.Array.from_buffers(kind.storage_type, len(values), [None], children=[flat])
    return pa.ExtensionArray.from_storage(kind, rows)


def _refuse(values: NumpyArray, column: str, why: str, mend: str) -> NotArrowError:
    shape = "×".join(map(str, values.shape)) or "no dimensions"
    return NotArrowError(
        f"column {column!r}: wanted an array that Arrow has a type for, found {values.dtype} of "
        f"{shape}: {why}",
        mend,
    )


def to_numpy(column: AnyColumn) -> NumpyArray:
    """The column as an array; with nulls, as a masked one. Reads in place what numpy can.

    Tensors and lists of a fixed size become dimensions; texts, lists, structs, decimals and times
    of day become Python objects, dictionaries their values. Times lose their zone and are UTC.
    """
    return _numpy(joined(column))


def joined(column: AnyColumn) -> AnyArray:
    """The column as one array; several chunks are copied."""
    result: Any
    if column.num_chunks == 1:
        result = column.chunk(0)
    elif not column.num_chunks:
        result = pa.nulls(0, column.type)
    elif isinstance(column.type, pa.BaseExtensionType):
        storage: Any = [chunk.storage for chunk in column.chunks]  # type: ignore[attr-defined]
        kind: Any = column.type.storage_type
        result = pa.ExtensionArray.from_storage(
            column.type, joined(pa.chunked_array(storage, kind))
        )
    else:
        chunks: Any = column.unify_dictionaries().chunks
        result = pa.concat_arrays(chunks)
    return result  # type: ignore[no-any-return]


def _numpy(array: AnyArray) -> NumpyArray:
    import numpy as np

    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        values = _numpy(array.storage)
        return in_shape(kind, values) if isinstance(kind, pa.FixedShapeTensorType) else values
    if pa.types.is_fixed_size_list(kind) and _has_one_width(inner_type(kind)):
        size = kind.list_size
        values = _numpy(items(array))
        values = values.reshape(len(array), size, *values.shape[1:])
        return _masked(values, array) if array.null_count else values
    if array.null_count and _has_one_width(kind):
        values_only = [None, array.buffers()[1]]
        whole: AnyArray = pa.Array.from_buffers(kind, len(array), values_only, offset=array.offset)
        return _masked(whole.to_numpy(zero_copy_only=False), array)
    result: NumpyArray = _without_views(array).to_numpy(zero_copy_only=False)
    if pa.types.is_null(kind):
        return np.full(len(array), None, dtype=object)
    return result


def _without_views(array: AnyArray) -> AnyArray:
    """The array; of a dictionary of views, which pyarrow does not decode, one of texts or bytes."""
    if not isinstance(array, pa.DictionaryArray):
        return array
    dictionary = array.dictionary
    plain: dict[pa.DataType, pa.DataType] = {
        pa.string_view(): pa.large_string(),
        pa.binary_view(): pa.large_binary(),
    }
    if dictionary.type not in plain:
        return array
    return pa.DictionaryArray.from_arrays(array.indices, dictionary.cast(plain[dictionary.type]))


def _masked(values: NumpyArray, array: AnyArray) -> NumpyArray:
    import numpy as np

    missing = array.is_null().to_numpy(zero_copy_only=False)
    missing = missing.reshape(len(array), *[1] * (values.ndim - 1))
    mask = np.broadcast_to(missing, values.shape) | np.ma.getmaskarray(values)
    return np.ma.MaskedArray(np.ma.getdata(values), mask=mask, copy=False)


def in_shape(kind: pa.FixedShapeTensorType[Any], values: Any) -> Any:
    """The values (rows × size) of a tensor column in the shape of its type."""
    shaped = values.reshape(len(values), *kind.shape)
    order = kind.permutation
    return shaped if order is None else shaped.transpose((0, *(1 + axis for axis in order)))


def items(array: AnyArray) -> AnyArray:
    """All items of an array of lists of a fixed size, those of null lists too."""
    size = array.type.list_size
    values: AnyArray = array.values  # type: ignore[attr-defined]
    return values.slice(array.offset * size, len(array) * size)


def inner_type(kind: pa.DataType) -> pa.DataType:
    """What lists of a fixed size are of, however deep."""
    while pa.types.is_fixed_size_list(kind):
        kind = kind.value_type
    return kind


def _has_one_width(kind: pa.DataType) -> bool:
    types = pa.types
    return (
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_timestamp(kind)
        or types.is_duration(kind)
        or types.is_date(kind)
    )
