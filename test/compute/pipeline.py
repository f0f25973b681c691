"""Queries of many steps (pipeline.ts) in Polars and in DuckDB's SQL."""

from __future__ import annotations

from functools import reduce
from typing import Any

import polars as pl

Json = Any
INT = pl.Int64

BOTH = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "floorDiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "concat": lambda a, b: a + b,
    "coalesce": lambda a, b: pl.coalesce(a, b),
    "contains": lambda a, b: a.str.contains(b, literal=True),
    "startsWith": lambda a, b: a.str.starts_with(b),
    "endsWith": lambda a, b: a.str.ends_with(b),
}
ONE = {
    "neg": lambda a: -a,
    "abs": lambda a: a.abs(),
    "root": lambda a: a.abs().sqrt(),
    "floor": lambda a: a.floor(),
    "ceil": lambda a: a.ceil(),
    "not": lambda a: ~a,
    "length": lambda a: a.str.len_chars().cast(INT),
    "byteLength": lambda a: a.str.len_bytes().cast(INT),
}
CONSTANTS = {"lit": INT, "real": pl.Float64, "text": pl.String, "truth": pl.Boolean}
PARTS = {
    "year": lambda a: a.dt.year(),
    "month": lambda a: a.dt.month(),
    "day": lambda a: a.dt.day(),
    "weekday": lambda a: a.dt.weekday(),
    "hour": lambda a: a.dt.hour(),
    "second": lambda a: a.dt.second(),
}


def expr(formula: Json) -> pl.Expr:
    """The expression of Polars."""
    op, *args = formula
    if op == "col":
        return pl.col(args[0])
    if op == "int":
        return pl.col(args[0]).cast(INT)
    if op == "float":
        return pl.col(args[0]).cast(pl.Float64)
    if op in CONSTANTS:
        # A value for each row: of constants alone Polars broadcasts only some expressions.
        return pl.repeat(args[0], pl.len(), dtype=CONSTANTS[op])
    if op == "isNull":
        return pl.col(args[0]).is_null()
    if op in PARTS:
        return PARTS[op](pl.col(args[0])).cast(INT)
    if op == "isIn":
        return expr(args[0]).is_in(pl.Series(args[1], dtype=INT).implode())
    if op == "ieee":
        name, a, b = args[0], expr(args[1]), expr(args[2])
        number = ~(a.is_nan() | b.is_nan())
        unknown = a.is_null() | b.is_null()
        found = pl.when(number).then(BOTH[name](a, b)).otherwise(pl.lit(name == "ne"))
        return pl.when(unknown).then(None).otherwise(found)
    if op == "when":
        return pl.when(expr(args[0])).then(expr(args[1])).otherwise(expr(args[2]))
    if op == "slice":
        return expr(args[0]).str.slice(args[1], args[2])
    if op in ONE:
        return ONE[op](expr(args[0]))
    return BOTH[op](expr(args[0]), expr(args[1]))


# Figures that Polars has as they are, with their types.
PLAIN = {
    "min": lambda of: of.min(),
    "max": lambda of: of.max(),
    "first": lambda of: of.first(),
    "last": lambda of: of.last(),
    "any": lambda of: of.any(),
    "all": lambda of: of.all(),
}
FIGURES = {
    **PLAIN,
    "count": lambda of: of.count(),
    "nunique": lambda of: of.drop_nulls().n_unique(),
    "sum": lambda of: of.cast(INT).sum(),
    "mean": lambda of: of.mean(),
    "median": lambda of: of.median(),
}
WINDOWS = {
    "rowNumber": lambda of: pl.int_range(1, pl.len() + 1),
    "lag": lambda of: of.shift(2),
    "lead": lambda of: of.shift(-1),
    "cumCount": lambda of: of.cum_count(),
    "cumSum": lambda of: of.cast(INT).cum_sum(),
    "cumMin": lambda of: of.cum_min(),
    "cumMax": lambda of: of.cum_max(),
    "rollingSum": lambda of: of.cast(INT).rolling_sum(3),
}


def sorted_by(frame: pl.DataFrame, keys: Json) -> pl.DataFrame:
    """Stable."""
    return frame.sort(
        [key["by"] for key in keys],
        descending=[key["descending"] for key in keys],
        nulls_last=[not key["nullsFirst"] for key in keys],
        maintain_order=True,
    )


def join(frame: pl.DataFrame, right: pl.DataFrame, step: Json) -> pl.DataFrame:
    """In the order of the left rows, then of the right ones."""
    on = [left for left, _ in step["on"]], [name for _, name in step["on"]]
    # A right column that is a key twice stays, as keys are left out by their names.
    found = frame.with_row_index("left row").join(
        right.with_row_index("right row").with_columns(
            [pl.col(name).alias(f"key {i}") for i, name in enumerate(on[1])]
        ),
        left_on=on[0],
        right_on=[f"key {i}" for i in range(len(on[1]))],
        how=step["how"],
    )
    order = [name for name in ("left row", "right row") if name in found.columns]
    drop = ["left row", "right row", *(f"key {i}" for i in range(len(on[1])))]
    if step["how"] != "full":
        drop += on[1]
    return found.sort(order, nulls_last=True).drop(drop, strict=False)


def window(frame: pl.DataFrame, step: Json) -> pl.DataFrame:
    """Window functions over rows in order, back in the order of the rows."""
    rows = sorted_by(frame.with_row_index("row"), step["order"])
    by = step["partitions"]
    made = []
    for name, (fn, of) in step["functions"].items():
        found = WINDOWS[fn](pl.col(of))
        made.append((found.over(by) if by else found).alias(name))
    return rows.with_columns(made).sort("row").drop("row")


def run(frame: pl.DataFrame, right: pl.DataFrame, step: Json) -> pl.DataFrame:
    """One step in Polars."""
    op = step["op"]
    if op == "filter":
        return frame.filter(expr(step["test"]))
    if op == "with":
        return frame.with_columns(**{k: expr(v) for k, v in step["columns"].items()})
    if op == "select":
        return frame.select(step["names"])
    if op == "sort":
        return sorted_by(frame, step["keys"])
    if op == "distinct":
        return frame.unique(step["keys"], keep="first", maintain_order=True)
    if op == "join":
        return join(frame, right, step)
    if op == "window":
        return window(frame, step)
    if op == "slice":
        return frame.slice(step["from"], step["to"] - step["from"])
    if op == "concat":
        return pl.concat([frame, frame.filter(expr(step["test"]))])
    figures = [FIGURES[fn](pl.col(of)).alias(k) for k, (fn, of) in step["figures"].items()]
    groups = frame.group_by(step["keys"], maintain_order=True).agg(figures)
    return groups.sort(step["keys"], nulls_last=True)


def in_polars(steps: Json, frame: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """All steps in Polars."""
    return reduce(lambda made, step: run(made, right, step), steps, frame)


def quoted(name: str) -> str:
    """A column's name."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text constant."""
    return "'" + value.replace("'", "''") + "'"


SQL_BOTH = {
    "add": "({a} + {b})",
    "sub": "({a} - {b})",
    "mul": "({a} * {b})",
    "div": "({a} / {b})",
    "floorDiv": "CASE WHEN {b} <> 0 THEN ({a} - (({a} % {b}) + {b}) % {b}) // {b} END",
    "mod": "CASE WHEN {b} <> 0 THEN (({a} % {b}) + {b}) % {b} END",
    "gt": "({a} > {b})",
    "ge": "({a} >= {b})",
    "lt": "({a} < {b})",
    "le": "({a} <= {b})",
    "eq": "({a} = {b})",
    "ne": "({a} <> {b})",
    "and": "({a} AND {b})",
    "or": "({a} OR {b})",
    "concat": "({a} || {b})",
    "coalesce": "coalesce({a}, {b})",
    "contains": "contains({a}, {b})",
    "startsWith": "starts_with({a}, {b})",
    "endsWith": "ends_with({a}, {b})",
}
SQL_ONE = {
    "neg": "(-{a})",
    "abs": "abs({a})",
    "root": "sqrt(abs({a}))",
    "floor": "floor({a})",
    "ceil": "ceil({a})",
    "not": "(NOT {a})",
    "length": "length({a})",
    "byteLength": "strlen({a})",
}


def sql_expr(formula: Json) -> str:
    """The expression of DuckDB."""
    op, *args = formula
    if op == "col":
        return quoted(args[0])
    if op == "int":
        return f"{quoted(args[0])}::BIGINT"
    if op == "float":
        return f"{quoted(args[0])}::DOUBLE"
    if op == "lit":
        return f"({args[0]})::BIGINT"
    if op == "real":
        return f"({args[0]})::DOUBLE"
    if op == "text":
        return text(args[0])
    if op == "truth":
        return str(args[0])
    if op == "isNull":
        return f"({quoted(args[0])} IS NULL)"
    if op in PARTS:
        return f"{'isodow' if op == 'weekday' else op}({quoted(args[0])})::BIGINT"
    if op == "isIn":
        return f"({sql_expr(args[0])} IN ({', '.join(str(x) for x in args[1])}))"
    if op == "ieee":
        a, b = sql_expr(args[1]), sql_expr(args[2])
        same = SQL_BOTH[args[0]].format(a=a, b=b)
        nan = f"isnan({a}) OR isnan({b}) THEN {args[0] == 'ne'}"
        return f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN {nan} ELSE {same} END"
    if op == "when":
        a, b, c = (sql_expr(arg) for arg in args)
        return f"CASE WHEN {a} THEN {b} ELSE {c} END"
    if op == "slice":
        return f"substring({sql_expr(args[0])}, {args[1] + 1}, {args[2]})"
    if op in SQL_ONE:
        return SQL_ONE[op].format(a=sql_expr(args[0]))
    return SQL_BOTH[op].format(a=sql_expr(args[0]), b=sql_expr(args[1]))


def sql_figure(fn: str, of: str) -> str:
    """A figure of DuckDB."""
    x = quoted(of)
    numbers = f"FILTER (NOT isnan({x}))" if ":float" in of or of.startswith("float") else ""
    return {
        "count": f"count({x})",
        "nunique": f"count(DISTINCT {x})",
        "min": f"min({x})",
        # NaN is the greatest value there.
        "max": f"coalesce(max({x}) {numbers}, max({x}))",
        "first": f"first({x} ORDER BY row)",
        "last": f"last({x} ORDER BY row)",
        "any": f"coalesce(bool_or({x}), false)",
        "all": f"coalesce(bool_and({x}), true)",
        "sum": f"coalesce(sum({x}::BIGINT), 0)::BIGINT",
        "mean": f"avg({x})",
        "median": f"median({x}::DOUBLE)",
    }[fn]


def sql_window(fn: str, of: str, over: str) -> str:
    """A window function of DuckDB."""
    x = quoted(of)
    running, rolling = f"OVER ({over})", f"OVER ({over} ROWS 2 PRECEDING)"
    at_values = f"CASE WHEN {x} IS NOT NULL THEN {{}} END"
    rows = f"OVER ({over} ROWS UNBOUNDED PRECEDING)"
    return {
        "rowNumber": f"row_number() {running}",
        "lag": f"lag({x}, 2) {running}",
        "lead": f"lead({x}) {running}",
        "cumCount": f"count({x}) {rows}",
        "cumSum": at_values.format(f"sum({x}::BIGINT) {rows}") + "::BIGINT",
        "cumMin": at_values.format(f"min({x}) {rows}"),
        "cumMax": at_values.format(f"max({x}) {rows}"),
        "rollingSum": f"CASE WHEN count({x}) {rolling} = 3 "
        f"THEN sum({x}::BIGINT) {rolling} END::BIGINT",
    }[fn]


def sql_order(keys: Json) -> str:
    """The order of rows by keys."""
    each = [
        f"{quoted(key['by'])} {'DESC' if key['descending'] else 'ASC'} "
        f"NULLS {'FIRST' if key['nullsFirst'] else 'LAST'}"
        for key in keys
    ]
    return ", ".join([*each, "row"])


def names_of(keys: Json) -> str:
    """Names in a row."""
    return ", ".join(quoted(name) for name in keys)


def sql_join(step: Json, of: str) -> str:
    """The right table is t1, whose rows are numbered too."""
    on = " AND ".join(f"l.{quoted(left)} = r.{quoted(name)}" for left, name in step["on"])
    if step["how"] in ("semi", "anti"):
        has = "EXISTS" if step["how"] == "semi" else "NOT EXISTS"
        return f"SELECT * FROM {of} l WHERE {has} (SELECT 1 FROM t1 r WHERE {on})"
    order = "row_number() OVER (ORDER BY l.row NULLS LAST, r.row)"
    keys = names_of(sorted({name for _, name in step["on"]}))
    out = "row" if step["how"] == "full" else f"row, {keys}"
    rest = f"r.* EXCLUDE ({out})"
    columns = f"l.* EXCLUDE (row), {rest}"
    if step["how"] != "full" and step["all"]:
        columns = "l.* EXCLUDE (row)"
    return f"SELECT {columns}, {order} AS row FROM {of} l {step['how']} JOIN t1 r ON {on}"


def sql_step(step: Json, of: str) -> str:
    """One step over the rows of `of`, which are numbered by "row"."""
    op = step["op"]
    if op == "filter":
        return f"SELECT * FROM {of} WHERE {sql_expr(step['test'])}"
    if op == "with":
        made = ", ".join(f"{sql_expr(v)} AS {quoted(k)}" for k, v in step["columns"].items())
        return f"SELECT *, {made} FROM {of}"
    if op == "select":
        return f"SELECT {names_of(step['names'])}, row FROM {of}"
    if op == "sort":
        order = sql_order(step["keys"])
        return f"SELECT * EXCLUDE (row), row_number() OVER (ORDER BY {order}) AS row FROM {of}"
    if op == "distinct":
        first = f"row_number() OVER (PARTITION BY {names_of(step['keys'])} ORDER BY row) = 1"
        return f"SELECT * FROM {of} QUALIFY {first}"
    if op == "join":
        return sql_join(step, of)
    if op == "window":
        by = f"PARTITION BY {names_of(step['partitions'])} " if step["partitions"] else ""
        over = f"{by}ORDER BY {sql_order(step['order'])}"
        made = ", ".join(
            f"{sql_window(fn, x, over)} AS {quoted(name)}"
            for name, (fn, x) in step["functions"].items()
        )
        return f"SELECT *, {made} FROM {of}"
    if op == "slice":
        limit = step["to"] - step["from"]
        return f"SELECT * FROM {of} ORDER BY row LIMIT {limit} OFFSET {step['from']}"
    if op == "concat":
        most = f"(SELECT coalesce(max(row), 0) + 1 FROM {of})"
        more = f"SELECT * REPLACE (row + {most} AS row) FROM {of} WHERE {sql_expr(step['test'])}"
        return f"SELECT * FROM {of} UNION ALL {more}"
    keys = names_of(step["keys"])
    made = ", ".join(
        f"{sql_figure(fn, x)} AS {quoted(name)}" for name, (fn, x) in step["figures"].items()
    )
    order = ", ".join(f"{quoted(key)} NULLS LAST" for key in step["keys"])
    groups = f"SELECT {keys}, {made} FROM {of} GROUP BY {keys}"
    return f"SELECT *, row_number() OVER (ORDER BY {order}) AS row FROM ({groups})"


def in_sql(steps: Json, right: list[str]) -> str:
    """All steps as one query over t0 and t1, whose rows are numbered by "row"."""
    made = ["s0 AS (SELECT * FROM t0)"]
    for i, step in enumerate(steps):
        whole = step | {"all": {name for _, name in step.get("on", [])} >= set(right)}
        made.append(f"s{i + 1} AS ({sql_step(whole, f's{i}')})")
    return f"WITH {', '.join(made)} SELECT * EXCLUDE (row) FROM s{len(steps)} ORDER BY row"
