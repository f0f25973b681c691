// Aggregates on the GPU against the same figures in JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import type { HostValue } from "../../kernel/src/compute/evaluate.ts";
import {
  type Aggregate,
  col,
  count,
  type Expr,
  max,
  mean,
  min,
  sum,
  tableToGpu,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { NUMBERS, type RandomTable, randomTable } from "./random.ts";

type Row = Record<string, HostValue>;

/** −0 is 0 where values are keys or extremes. */
const plain = (value: HostValue) => (Object.is(value, -0) ? 0 : value);

/** Groups of row numbers by the text of their keys. */
function grouped(rows: number, keys: (row: number) => HostValue[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (let row = 0; row < rows; row++) {
    const key = keyText(keys(row));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}

const keyText = (keys: readonly HostValue[]) =>
  JSON.stringify(keys.map((key) => `${typeof key}:${plain(key)}`));

/** x = whole × 2^exponent, exactly. */
function exact(x: number): bigint {
  // In units of 2^-1074, the least double.
  const [high, low] = [new DataView(new ArrayBuffer(8)), 0];
  high.setFloat64(low, x);
  const bits = high.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = (bits & ((1n << 52n) - 1n)) | (exponent > 0n ? 1n << 52n : 0n);
  const magnitude = fraction << (exponent > 0n ? exponent - 1n : 0n);
  return bits >> 63n ? -magnitude : magnitude;
}

/** The exact sum, rounded once: the decimal text of a rational is read back by Number(). */
function exactSum(values: readonly number[], divisor = 1): number {
  const odd = values.filter((x) => !Number.isFinite(x));
  if (odd.length > 0) return odd.reduce((a, b) => a + b);
  const total = values.reduce((sum, x) => sum + exact(x), 0n);
  // total × 2^-1074 = total × 5^1074 × 10^-1074; 30 more digits say on which side of a tie a quotient is.
  return Number(`${(total * 5n ** 1074n * 10n ** 30n) / BigInt(divisor)}e-1104`);
}

function expectedFigure(fn: string, values: readonly HostValue[]): HostValue {
  const valid = values.filter((value) => value !== null);
  if (fn === "count") return valid.length;
  if (fn === "min" || fn === "max") return extreme(fn, valid);
  if (fn === "mean" && valid.length === 0) return null;
  const whole = valid.every((x) => typeof x !== "number" || Number.isInteger(x));
  if (typeof valid[0] === "number") {
    return exactSum(valid as number[], fn === "sum" ? 1 : valid.length);
  }
  assert.ok(whole);
  const total = valid.reduce((sum: bigint, x) => sum + BigInt(x as bigint), 0n);
  return fn === "sum" ? total : Number(total) / valid.length;
}

function extreme(fn: "min" | "max", valid: readonly HostValue[]): HostValue {
  const numbers = valid.filter((x) => !Number.isNaN(x));
  if (valid.length === 0) return null;
  if (numbers.length === 0) return Number.NaN;
  return plain(numbers.reduce((a, b) => ((fn === "min" ? b! < a! : b! > a!) ? b : a)));
}

const same = (a: HostValue, b: HostValue) =>
  Object.is(a, b) || (typeof a !== typeof b && a !== null && b !== null && Number(a) === Number(b));

function rowsOf(table: arrow.Table): Row[] {
  return Array.from({ length: table.numRows }, (_, row) =>
    Object.fromEntries(
      table.schema.fields.map((field, i) => [
        field.name,
        table.getChildAt(i)!.get(row) as HostValue,
      ]),
    ),
  );
}

const FIGURES: Record<string, (of: string) => Aggregate> = { count, sum, mean, min, max };

async function check(
  random: RandomTable,
  keys: readonly string[],
  figures: readonly (readonly [string, string])[],
  where?: { expr: Expr; test: (row: number) => boolean },
): Promise<void> {
  const { table, values, rows, chunkRows } = random;
  using uploaded = await tableToGpu(gpu, table, { chunkRows });
  const filtered = where ? uploaded.filter(where.expr) : uploaded;
  const aggregates = Object.fromEntries([
    ["rows", count()],
    ...figures.map(([fn, of]) => [`${fn} ${of}`, FIGURES[fn]!(of)] as const),
  ]);
  const query =
    keys.length > 0 ? filtered.groupBy(...keys).agg(aggregates) : filtered.agg(aggregates);
  const found = rowsOf(await query.toArrow());
  const kept = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => where?.test(row) ?? true,
  );
  const groups = grouped(kept.length, (i) => keys.map((key) => values[key]![kept[i]!]!));
  if (keys.length === 0 && kept.length === 0) groups.set("[]", []);
  assert.equal(found.length, groups.size, `groups by ${keys}`);
  for (const row of found) {
    const members = groups.get(keyText(keys.map((key) => row[key]!)));
    assert.ok(members, `no group has the keys ${keyText(keys.map((key) => row[key]!))}`);
    assert.equal(row["rows"], members.length);
    for (const [fn, of] of figures) {
      const wanted = expectedFigure(
        fn,
        members.map((i) => values[of]![kept[i]!]!),
      );
      const value = row[`${fn} ${of}`]!;
      assert.ok(same(value, wanted), `${fn} ${of}: found ${value}, wanted ${wanted}`);
    }
  }
  checkOrder(found, keys);
}

// Ascending by the first key, nulls last.
function checkOrder(found: readonly Row[], keys: readonly string[]): void {
  if (keys.length === 0) return;
  const first = found.map((row) => row[keys[0]!]!);
  for (let i = 1; i < first.length; i++) {
    const [a, b] = [first[i - 1]!, first[i]!];
    if (b === null || Number.isNaN(b)) continue;
    assert.ok(a !== null, "nulls are last");
    if (typeof a === "string")
      assert.ok(Buffer.compare(Buffer.from(a), Buffer.from(b as string)) <= 0);
    else assert.ok(a <= b, `${a} is before ${b}`);
  }
}

const KEYS = [
  "int8",
  "int16",
  "int32",
  "int64",
  "uint64",
  "float32",
  "float64",
  "bool",
  "text",
  "codes",
];
// Sums of 64-bit extremes overflow, which is tested on its own.
const SUMMED = NUMBERS.filter((name) => name !== "int64" && name !== "uint64");

const figures = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom("count", "min", "max"), fc.constantFrom(...NUMBERS, "bool", "date32")),
    fc.tuple(fc.constantFrom("sum", "mean"), fc.constantFrom(...SUMMED)),
  ),
  { minLength: 1, maxLength: 4 },
);

test("figures of groups, by one and several keys of every type", async () => {
  const keys = fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 3 });
  const names = [...new Set([...KEYS, ...NUMBERS, "bool", "date32"])].filter(
    (name) => name !== "date32",
  );
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(randomTable(names, 150), keys, figures, async (table, by, wanted) => {
        await check(
          table,
          by,
          wanted.filter(([, of]) => of !== "date32"),
        );
      }),
      { numRuns: 15 },
    ),
  );
});

test("figures of all rows, filtered, also when none are left", async () => {
  const limit = fc.constantFrom(-200, 0, 50, 200);
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable([...NUMBERS, "bool"], 150),
        figures,
        limit,
        async (table, wanted, least) => {
          const { int16 } = table.values;
          const where = {
            expr: col("int16").gt(least),
            test: (row: number) => Number(int16![row] ?? Number.NEGATIVE_INFINITY) > least,
          };
          await check(
            table,
            [],
            wanted.filter(([, of]) => of !== "date32"),
            where,
          );
        },
      ),
      { numRuns: 15 },
    ),
  );
});

/** A table of one batch from typed arrays. */
function tableOf(columns: Record<string, arrow.Vector>): arrow.Table {
  return new arrow.Table(columns);
}

test("more groups than any first guess: the table grows, and atomics share it", async () => {
  const rows = 60_000;
  const key = Int32Array.from({ length: rows }, (_, i) => (i * 7919) % 41_000);
  const value = BigInt64Array.from(key, (k, i) => (BigInt(k) << 33n) - BigInt(i));
  const real = Float32Array.from(key, (k, i) => (i % 3 === 0 ? k : -k / 3));
  const table = tableOf({
    key: arrow.makeVector(key),
    value: arrow.makeVector(value),
    real: arrow.makeVector(real),
  });
  await scoped(async () => {
    using uploaded = await tableToGpu(gpu, table, { chunkRows: 37_000 });
    const query = uploaded.groupBy("key").agg({
      n: count(),
      total: sum("value"),
      lo: min("value"),
      hi: max("value"),
      real: sum("real"),
    });
    const found = rowsOf(await query.toArrow());
    const groups = grouped(rows, (row) => [key[row]!]);
    assert.equal(found.length, groups.size);
    found.forEach((row, i) => {
      if (i > 0) assert.ok(Number(found[i - 1]!["key"]) < Number(row["key"]));
      const members = groups.get(keyText([row["key"]!]))!;
      const values = members.map((at) => value[at]!);
      assert.equal(row["n"], members.length);
      assert.equal(
        row["total"],
        values.reduce((a, b) => a + b),
      );
      assert.equal(
        row["lo"],
        values.reduce((a, b) => (b < a ? b : a)),
      );
      assert.equal(
        row["hi"],
        values.reduce((a, b) => (b > a ? b : a)),
      );
      assert.ok(Object.is(row["real"], exactSum(members.map((at) => real[at]!))));
    });
  });
});

test("float sums are exact: the order of rows and cancellation change nothing", async () => {
  const values = Float32Array.from([1e30, 1, -1e30, 1e-30, 2 ** -149, -1, 3e38, 3e38, -3e38]);
  await scoped(async () => {
    for (const order of [values, values.toReversed()]) {
      using table = await tableToGpu(gpu, tableOf({ x: arrow.makeVector(order) }));
      const [row] = rowsOf(await table.agg({ total: sum("x"), mean: mean("x") }).toArrow());
      assert.equal(row!["total"], exactSum([...values]));
      assert.equal(row!["mean"], exactSum([...values], values.length));
    }
  });
});

test("a sum that does not fit 64 bits is an error that names it; its mean is right", async () => {
  const x = BigInt64Array.from([2n ** 63n - 1n, 1n]);
  await scoped(async () => {
    using table = await tableToGpu(gpu, tableOf({ x: arrow.makeVector(x) }));
    await assert.rejects(
      table.agg({ total: sum("x") }).toArrow(),
      /SUM_OVERFLOW|"total": a sum is 9223372036854775808/,
    );
    const [row] = rowsOf(await table.agg({ mean: mean("x") }).toArrow());
    assert.equal(row!["mean"], 2 ** 62);
  });
});
