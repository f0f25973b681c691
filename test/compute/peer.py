"""Answers questions about tables with Polars and DuckDB: one JSON line in, one Arrow file out."""

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pipeline
import polars as pl
import pyarrow as pa

Json = dict[str, Any]


def read(path: str) -> pa.Table:
    """The table of a file; dictionaries as plain text."""
    with pa.ipc.open_file(path) as file:
        table = file.read_all()
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table[field.name].cast(pa.string()))
    return table


def sort(ask: Json, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows in the order of keys, stable."""
    return frame.sort(
        ask["by"],
        descending=ask["descending"],
        nulls_last=ask["nulls_last"],
        maintain_order=True,
    )


def distinct(ask: Json, frame: pl.DataFrame) -> pl.DataFrame:
    """The first row of each key."""
    return frame.unique(ask["by"], keep="first", maintain_order=True)


def quantile(of: pl.Expr, q: float) -> pl.Expr:
    """Between an infinity and a number lies the infinity; Polars has NaN there."""
    numbers = of.cast(pl.Float64)
    low, high = numbers.quantile(q, "lower"), numbers.quantile(q, "higher")
    linear = numbers.quantile(q, "linear")
    beside = pl.when(low == high).then(low).otherwise(low + high)
    return pl.when(linear.is_nan()).then(beside).otherwise(linear)


FIGURES = {
    **pipeline.PLAIN,
    "count": lambda of: of.count().cast(pl.UInt32),
    "median": lambda of: quantile(of, 0.5),
    "q10": lambda of: quantile(of, 0.1),
    "q90": lambda of: quantile(of, 0.9),
    "nunique": lambda of: of.drop_nulls().n_unique().cast(pl.UInt32),
}


def agg(ask: Json, frame: pl.DataFrame) -> pl.DataFrame:
    """Figures of groups in the order of their keys, or of all rows."""
    rows = frame.filter(pl.col("int16") > 0) if ask["filtered"] else frame
    figures = [FIGURES[fn](pl.col(of)).alias(f"{fn} {of}") for fn, of in ask["figures"]]
    if not ask["keys"]:
        return rows.select(figures)
    groups = rows.group_by(ask["keys"], maintain_order=True).agg(figures)
    return groups.sort(ask["keys"], nulls_last=True)


def join(ask: Json, left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Rows with equal keys, in the order of the left table, then of the right one."""
    left = left.with_row_index("left row")
    right = right.with_row_index("right row")
    found = left.join(
        right, left_on=ask["on"], right_on=[f"2:{name}" for name in ask["on"]], how=ask["how"]
    )
    order = [name for name in ("left row", "right row") if name in found.columns]
    return found.sort(order, nulls_last=True).drop("left row", "right row", strict=False)


WINDOWS = {
    "rowNumber": lambda of: pl.int_range(1, pl.len() + 1, dtype=pl.UInt32),
    "lag": lambda of: of.shift(2),
    "lead": lambda of: of.shift(-1),
    "cumSum": lambda of: of.cum_sum(),
    "cumMin": lambda of: of.cum_min(),
    "cumMax": lambda of: of.cum_max(),
    "cumCount": lambda of: of.cum_count(),
    "rollingSum": lambda of: of.rolling_sum(3),
    "rollingMean": lambda of: of.rolling_mean(3, min_samples=1),
    "rollingMin": lambda of: of.rolling_min(3),
    "rollingMax": lambda of: of.rolling_max(3, min_samples=2),
}


def windows(ask: Json, frame: pl.DataFrame) -> pl.DataFrame:
    """Window functions over rows in order, back in the order of the rows."""
    rows = frame.with_row_index("row").sort(
        [*ask["partitionBy"], ask["orderBy"]], nulls_last=True, maintain_order=True
    )
    made = []
    for fn, of in ask["windows"]:
        values = pl.col(of)
        if fn in ("cumSum", "rollingSum") and frame[of].dtype.is_integer():
            values = values.cast(pl.Int64)
        window = WINDOWS[fn](values)
        made.append(
            (window.over(ask["partitionBy"]) if ask["partitionBy"] else window).alias(f"{fn} {of}")
        )
    return rows.with_columns(made).sort("row").drop("row")


def histogram(ask: Json, frame: pl.DataFrame) -> pl.DataFrame:
    """NumPy's counts; NaN and nulls are left out."""
    values = frame[ask["of"]].drop_nulls().cast(pl.Float64)
    values = values.filter(values.is_not_nan())
    counts, edges = np.histogram(values.to_numpy(), bins=ask["bins"], range=ask["range"])
    return pl.DataFrame(
        {"from": edges[:-1], "to": edges[1:], "count": pl.Series(counts, dtype=pl.UInt32)}
    )


def pivot(ask: Json, frame: pl.DataFrame) -> pl.DataFrame:
    """Sums by index and column; headings in the order of their values."""
    values = frame.with_columns(pl.col("int16").cast(pl.Int64))
    groups = values.group_by(*ask["index"], ask["on"]).agg(pl.col("int16").sum())
    order = frame[ask["on"]].unique().sort(nulls_last=True)
    found = groups.pivot(ask["on"], index=ask["index"], values="int16")
    return found.select(
        *ask["index"], *[str(name) if name is not None else "null" for name in order]
    ).sort(ask["index"], nulls_last=True)


def value_counts(ask: Json, frame: pl.DataFrame) -> pl.DataFrame:
    """How often values come, the most frequent first, then by value."""
    of = ask["of"]
    counts = frame.group_by(of).agg(pl.len().alias("count"))
    return counts.sort(["count", of], descending=[True, False], nulls_last=True)


def by_steps(ask: Json, left: pa.Table, right: pa.Table) -> pa.Table:
    """A query of many steps, by Polars or DuckDB."""
    if ask["by"] == "polars":
        frames = [pl.DataFrame(pl.from_arrow(table)) for table in (left, right)]
        found = pipeline.in_polars(ask["steps"], *frames)
        made = found.to_arrow(compat_level=pl.CompatLevel.oldest())
        # Polars has one unit for times of the day; ours are of microseconds.
        of = [pa.time64("us") if pa.types.is_time(at) else at for at in made.schema.types]
        return made.cast(pa.schema(list(zip(made.column_names, of, strict=True))))
    tables = [table.append_column("row", [range(table.num_rows)]) for table in (left, right)]
    return sql({"sql": pipeline.in_sql(ask["steps"], right.column_names)}, tables)


def describe(_: Json, frame: pl.DataFrame) -> pl.DataFrame:
    """A row for each column; figures of numbers."""
    found = []
    for column in frame:
        row: Json = {"column": column.name, "count": column.count()}
        row |= {"nulls": column.null_count(), "unique": column.drop_nulls().n_unique()}
        row |= dict.fromkeys(("mean", "std", "q25", "median", "q75"))
        if column.dtype.is_numeric():
            row |= {"mean": column.mean(), "std": column.std(), "median": column.median()}
            row |= {f"q{q}": column.quantile(q / 100, "linear") for q in (25, 75)}
        found.append(row)
    return pl.DataFrame(found, infer_schema_length=None)


QUESTIONS = {
    "sort": sort,
    "distinct": distinct,
    "agg": agg,
    "join": join,
    "windows": windows,
    "histogram": histogram,
    "describe": describe,
    "pivot": pivot,
    "valueCounts": value_counts,
}


def sql(ask: Json, tables: list[pa.Table]) -> pa.Table:
    """A query over tables t0, t1 … by DuckDB."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        for i, table in enumerate(tables):
            connection.register(f"t{i}", table)
        return connection.sql(ask["sql"]).to_arrow_table()


def answer(ask: Json) -> pa.Table:
    """The answer's rows."""
    tables = [read(path) for path in ask["tables"]]
    if ask["op"] == "sql":
        return sql(ask, tables)
    if ask["op"] == "pipeline":
        return by_steps(ask, *tables)
    frames = [pl.DataFrame(pl.from_arrow(table)) for table in tables]
    found = QUESTIONS[ask["op"]](ask, *frames)
    rows = found.to_arrow(compat_level=pl.CompatLevel.oldest())
    # Polars has one unit for times of the day.
    types = {field.name: field.type for table in tables for field in table.schema}
    for i, field in enumerate(rows.schema):
        if pa.types.is_time(field.type):
            of = field.name.split(" ")[-1]  # "first clock"
            rows = rows.set_column(i, field.name, rows[field.name].cast(types[of]))
    return rows


for line in sys.stdin:
    question = json.loads(line)
    try:
        rows = answer(question)
        out = Path(question["out"])
        with pa.ipc.new_file(out, rows.schema) as sink:
            sink.write_table(rows)
        print(json.dumps({"rows": rows.num_rows}), flush=True)
    except Exception as error:  # told to the test, which fails
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
