"""Writes Arrow files that pyarrow and polars make and apache-arrow's builders do not."""

import datetime as dt
import decimal
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa

folder = Path(sys.argv[1])


def write(name: str, table: pa.Table) -> None:
    with pa.ipc.new_file(folder / f"{name}.arrow", table.schema) as out:
        out.write_table(table, max_chunksize=37)


ROWS = 101
some = [i % 5 != 2 for i in range(ROWS)]


def column(kind: pa.DataType, make) -> pa.Array:
    values = [make(i) if some[i] else None for i in range(ROWS)]
    return pa.array(values, kind)


day = dt.date(2001, 2, 3)
moment = dt.datetime(1969, 12, 31, 23, 59, 59, 999999)
columns = {
    "decimal128": column(pa.decimal128(20, 3), lambda i: decimal.Decimal(i * 10**15 - 7) / 1000),
    "date32": column(pa.date32(), lambda i: day + dt.timedelta(days=i)),
    "date64": column(pa.date64(), lambda i: day - dt.timedelta(days=i)),
    "time32": column(pa.time32("ms"), lambda i: dt.time(1, 2, i % 60)),
    "time64": column(pa.time64("us"), lambda i: dt.time(1, 2, i % 60, i)),
    "timestamp": column(pa.timestamp("us"), lambda i: moment + dt.timedelta(hours=i)),
    "zoned": column(pa.timestamp("ns", "Europe/Berlin"), lambda i: i * 10**15 + 1),
    "duration": column(pa.duration("ms"), lambda i: dt.timedelta(milliseconds=-i)),
    "half": column(pa.float16(), lambda i: i / 8),
    "fixed3": column(pa.binary(3), lambda i: bytes([i, 2, 255])),
    "fixed16": column(pa.binary(16), lambda i: bytes(range(i, i + 16))),
    "binary": column(pa.binary(), lambda i: bytes(i % 7)),
    "large_binary": column(pa.large_binary(), lambda i: bytes([i]) * (i % 9)),
    "large_string": column(pa.large_string(), lambda i: "héé" * (i % 4)),
    "nothing": pa.nulls(ROWS),
    "codes": column(pa.string(), lambda i: f"value {i % 11}").dictionary_encode(),
    "wide_codes": pa.DictionaryArray.from_arrays(
        pa.array([i % 3 for i in range(ROWS)], pa.int64()), pa.array([30, 10, 20], pa.int16())
    ),
}
schema = pa.schema(
    [
        pa.field(name, array.type, nullable=name != "fixed16" or True, metadata={"unit": name})
        for name, array in columns.items()
    ],
    metadata={"made by": "pyarrow"},
)
write("types", pa.table(list(columns.values()), schema=schema))

frame = pl.DataFrame(
    {
        "short": [None if i % 4 == 0 else f"s{i}" for i in range(ROWS)],
        "long": [f"a text that is longer than twelve bytes {i}" for i in range(ROWS)],
    }
)
frame.write_ipc(folder / "views.arrow", compat_level=pl.CompatLevel.newest(), compression=None)


def nested(i: int) -> list[int | None]:
    return [None if (i + k) % 7 == 3 else i * 10 + k for k in range(i % 5)]


point = pa.struct([("x", pa.float64()), ("name", pa.string()), ("tags", pa.list_(pa.string()))])
codes = pa.dictionary(pa.int8(), pa.string())
lists = {
    "list": column(pa.list_(pa.int32()), nested),
    "large": column(pa.large_list(pa.int16()), nested),
    "texts": column(pa.list_(pa.string()), lambda i: [f"é{k}" * k for k in range(i % 4)]),
    "coded": column(pa.list_(codes), lambda i: [f"code {k % 3}" for k in range(i % 4)]),
    "deep": column(pa.list_(pa.list_(pa.float32())), lambda i: [nested(i), [], None, [1.5]]),
    "fixed": column(pa.list_(pa.float32(), 3), lambda i: [i, None, i / 2]),
    "flags": column(pa.list_(pa.bool_()), lambda i: [k % 3 == 0 for k in range(i % 40)]),
    "struct": column(
        point,
        lambda i: {"x": i / 4, "name": None if i % 3 else f"n{i}", "tags": [f"t{i}"] * (i % 3)},
    ),
    "structs": column(
        pa.list_(point), lambda i: [{"x": k, "name": "a", "tags": []} for k in range(i % 3)]
    ),
    "map": column(pa.map_(pa.string(), pa.int64()), lambda i: [(f"k{k}", k) for k in range(i % 3)]),
    "nothing": pa.array([[None] * (i % 3) for i in range(ROWS)], pa.list_(pa.null())),
    "n": pa.array(range(ROWS), pa.int32()),
}
write("nested", pa.table(lists))
