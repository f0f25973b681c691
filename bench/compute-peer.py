"""The peer of compute.ts: Polars answers the same questions here, one for each line read."""

import json
import sys
import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

root = Path(__file__).resolve().parents[1]
table = pq.read_table(root / "node_modules/vega-datasets/data/flights-3m.parquet")
with pa.ipc.new_file(sys.argv[1], table.schema) as out:
    out.write_table(table)
frame = pl.from_arrow(table, rechunk=True)
figures = [
    pl.len().alias("n"),
    pl.col("delay").sum().alias("total"),
    pl.col("distance").min().alias("lo"),
    pl.col("distance").max().alias("hi"),
]
late = frame.lazy().filter(pl.col("delay") > 15)
queries = {
    "by hour": late.group_by(pl.col("date").dt.hour().alias("hour")).agg(figures).sort("hour"),
    "by origin": late.group_by("origin").agg(figures).sort("origin"),
    "by route": frame.lazy()
    .group_by("origin", "destination")
    .agg(figures)
    .sort("origin", "destination"),
    "all rows": frame.lazy().select(figures),
}
print(json.dumps(list(queries)), flush=True)
for line in sys.stdin:
    query = queries[line.strip()]
    begin = time.perf_counter()
    answer = query.collect()
    took = time.perf_counter() - begin
    rows = [answer.height, int(answer["n"].sum()), int(answer["total"].sum())]
    print(json.dumps({"ms": took * 1000, "check": rows}), flush=True)
