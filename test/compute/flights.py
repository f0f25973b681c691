"""Flights as an Arrow file, and answers about them by Polars, for flights.test.ts."""

import json
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
root = Path(__file__).resolve().parents[2]
table = pq.read_table(root / "node_modules/vega-datasets/data/flights-3m.parquet")
# A million rows keep the test short; the schema and the 11 chunks are those of the whole.
table = table.slice(1_000_000, 1_000_000)
with pa.ipc.new_file(folder / "flights.arrow", table.schema) as out:
    out.write_table(table)

frame = pl.from_arrow(table)
figures = [
    pl.len().alias("n"),
    pl.col("delay").sum().alias("total"),
    pl.col("delay").mean().alias("mean"),
    pl.col("distance").min().alias("lo"),
    pl.col("distance").max().alias("hi"),
]
late = frame.filter(pl.col("delay") > 15)
answers = {
    "by hour": late.group_by(pl.col("date").dt.hour().alias("hour")).agg(figures).sort("hour"),
    "by origin": late.group_by("origin").agg(figures).sort("origin"),
    "by route": frame.group_by("origin", "destination").agg(figures).sort("origin", "destination"),
    "by month and weekday": frame.group_by(
        pl.col("date").dt.month().alias("month"), pl.col("date").dt.weekday().alias("weekday")
    )
    .agg(figures)
    .sort("month", "weekday"),
    "all": frame.select(figures),
    "some": frame.filter(
        pl.col("origin").is_in(["LAX", "SFO"]) & ((pl.col("delay") // 60) >= 3)
    ).select("origin", "destination", "delay", (pl.col("delay") % 60).alias("minutes")),
}
(folder / "answers.json").write_text(
    json.dumps({name: answer.to_dict(as_series=False) for name, answer in answers.items()})
)
