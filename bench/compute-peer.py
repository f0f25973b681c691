"""The peer of compute.ts: Polars answers the same questions here, one for each line read."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

root = Path(__file__).resolve().parents[1]
folder = Path(sys.argv[1])


def written(name: str, table: pa.Table) -> pl.LazyFrame:
    """The table in a file for the other side, and as a frame of one chunk."""
    with pa.ipc.new_file(str(folder / f"{name}.arrow"), table.schema) as out:
        out.write_table(table)
    frame = pl.from_arrow(table, rechunk=True)
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()


def made(rows: int) -> pa.Table:
    """Skewed texts, keys of 100,000 values in no order, and doubles of which a tenth are null."""
    rng = np.random.default_rng(7)
    names = np.array([f"item {i}" if i % 3 else f"a longer name of item {i}" for i in range(5000)])
    return pa.table(
        {
            "name": pa.array(names[np.minimum(rng.zipf(1.3, rows) - 1, 4999)]),
            "key": pa.array(rng.integers(0, 100_000, rows, dtype=np.int32)),
            "store": pa.array(rng.integers(0, 50, rows, dtype=np.int32)),
            "units": pa.array(rng.integers(-1000, 1000, rows, dtype=np.int32)),
            "price": pa.array(rng.normal(0, 1000, rows), mask=rng.random(rows) < 0.1),
        }
    )


data = root / "node_modules/vega-datasets/data"
flights = written("flights", pq.read_table(data / "flights-3m.parquet"))
sales = written("sales", made(2_000_000))
figures = [
    pl.len().alias("n"),
    pl.col("delay").sum().alias("total"),
    pl.col("distance").min().alias("lo"),
    pl.col("distance").max().alias("hi"),
]
sold = [
    pl.len().alias("n"),
    pl.col("units").sum().alias("total"),
    pl.col("units").min().alias("lo"),
    pl.col("units").max().alias("hi"),
]
priced = [pl.col("price").count().alias("n"), pl.col("price").sum().alias("total")]
late = flights.filter(pl.col("delay") > 15)
queries = {
    "by hour": late.group_by(pl.col("date").dt.hour().alias("hour")).agg(figures).sort("hour"),
    "by origin": late.group_by("origin").agg(figures).sort("origin"),
    "by route": flights.group_by("origin", "destination")
    .agg(figures)
    .sort("origin", "destination"),
    "all rows": flights.select(figures),
    "by name": sales.group_by("name").agg(sold).sort("name"),
    "by key": sales.group_by("key").agg(sold).sort("key"),
    "price by store": sales.group_by("store").agg(priced).sort("store"),
}
print(json.dumps(list(queries)), flush=True)
for line in sys.stdin:
    query = queries[line.strip()]
    begin, used = time.perf_counter(), time.process_time()
    answer = query.collect()
    took, busy = time.perf_counter() - begin, time.process_time() - used
    rows = [answer.height, int(answer["n"].sum()), float(answer["total"].sum())]
    print(json.dumps({"wall": took * 1000, "processor": busy * 1000, "check": rows}), flush=True)
