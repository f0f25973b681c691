"""Order and facts of a column, for pages (kernel/src/base/browse-protocol.ts, ColumnStatistics)."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

BINS, TOP = 24, 5


def plain(column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    """The column without dictionary."""
    kind = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column


def order(column: pa.ChunkedArray[Any], descending: bool) -> pa.Array[Any]:
    """The rows in order: a stable sort, NaN after all numbers, nulls last."""
    way: Any = "descending" if descending else "ascending"
    return pc.array_sort_indices(plain(column), order=way, null_placement="at_end")


def facts(column: pa.ChunkedArray[Any]) -> dict[str, Any]:
    """Nulls; least, greatest, mean and a histogram of numbers; the most frequent of texts."""
    counted = {"rows": len(column), "nulls": column.null_count}
    values, kind = plain(column), column.type
    is_text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    if is_text or pa.types.is_string_view(values.type) or pa.types.is_boolean(values.type):
        return counted | _frequencies(values)
    if pa.types.is_dictionary(kind):
        return counted | _frequencies(values.cast(pa.string()))
    if pa.types.is_primitive(values.type):
        return counted | _spread(values)
    return counted


def _frequencies(values: pa.ChunkedArray[Any]) -> dict[str, Any]:
    counts = pc.value_counts(values.drop_null())
    best = pc.select_k_unstable(counts.field(1), TOP, sort_keys=[("not_used", "descending")])
    texts = counts.field(0).take(best).cast(pa.string()).to_pylist()
    numbers = counts.field(1).take(best).to_pylist()
    top = [{"value": text, "count": n} for text, n in zip(texts, numbers, strict=True)]
    return {"distinct": len(counts), "top": top}


def _spread(values: pa.ChunkedArray[Any]) -> dict[str, Any]:
    present = values.drop_null()
    found: dict[str, Any] = {}
    if pa.types.is_floating(present.type):
        present = present.cast(pa.float64())
        nan: Any = pc.is_nan(present)
        if nans := pc.sum(nan).as_py() or 0:
            found["nans"] = nans
            present = present.filter(pc.invert(nan))
    if len(present) == 0:
        return found
    # pyarrow finds no ends of durations.
    whole = present.cast(pa.int64()) if pa.types.is_duration(present.type) else present
    ends = pc.min_max(whole)
    least, greatest = (ends[end].cast(present.type) for end in ("min", "max"))
    found["least"], found["greatest"] = _text(least), _text(greatest)
    if pa.types.is_integer(present.type) or pa.types.is_floating(present.type):
        mean = pc.mean(present).as_py()
        if math.isfinite(mean):  # what is not does not survive JSON
            found["mean"] = mean
    if (bins := _histogram(present)) is not None:
        found["histogram"] = bins
    return found


def _text(value: pa.Scalar[Any]) -> str:
    if pa.types.is_floating(value.type):
        number: float = value.as_py()
        if math.isinf(number):
            return "Infinity" if number > 0 else "-Infinity"  # as the page's grid has it
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else str(number)
    if pa.types.is_duration(value.type):
        return f"{value.cast(pa.int64()).as_py()} {value.type.unit.replace('us', 'µs')}"
    return str(value.cast(pa.string()).as_py())


def _histogram(values: pa.ChunkedArray[Any]) -> list[int] | None:
    kind = values.type
    if pa.types.is_decimal(kind):
        numbers = values.cast(pa.float64())
    elif pa.types.is_temporal(kind):
        whole = pa.int32() if kind.bit_width == 32 else pa.int64()
        numbers = values.cast(whole).cast(pa.float64(), safe=False)
    else:
        numbers = values.cast(pa.float64(), safe=False)
    import numpy

    array = numbers.to_numpy()
    low, high = float(array.min()), float(array.max())
    if not math.isfinite(high - low):
        return None
    if low == high:
        return [len(array)]
    # numpy.histogram refuses ends between which there are few numbers.
    bins = ((array - low) / (high - low) * BINS).astype(numpy.int64)
    return [int(n) for n in numpy.bincount(numpy.minimum(bins, BINS - 1), minlength=BINS)]
