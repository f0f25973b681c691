// Random tables and expressions for property tests. A table is made twice: as an Arrow table (chunked,
// sliced, with nulls) and as plain JavaScript arrays, from which expected results are computed.
import * as arrow from "apache-arrow";
import fc from "fast-check";
import type { TYPES } from "../../kernel/src/columns/index.ts";
import type { HostValue } from "../../kernel/src/compute/evaluate.ts";
import { col, type Expr, lit, when } from "../../kernel/src/compute/index.ts";

export type ColumnName = keyof typeof TYPES | "text" | "codes" | "when";

const MOMENT = new arrow.TimestampMicrosecond();
const ARROW: Record<string, () => arrow.DataType> = {
  int8: () => new arrow.Int8(),
  int16: () => new arrow.Int16(),
  int32: () => new arrow.Int32(),
  int64: () => new arrow.Int64(),
  uint8: () => new arrow.Uint8(),
  uint16: () => new arrow.Uint16(),
  uint32: () => new arrow.Uint32(),
  uint64: () => new arrow.Uint64(),
  float32: () => new arrow.Float32(),
  float64: () => new arrow.Float64(),
  bool: () => new arrow.Bool(),
  date32: () => new arrow.DateDay(),
  when: () => MOMENT,
  text: () => new arrow.Utf8(),
  float16: () => new arrow.Float16(),
  decimal: () => new arrow.Decimal(2, 38, 128),
  seconds: () => new arrow.TimestampSecond(),
  nanos: () => new arrow.TimestampNanosecond(),
  span: () => new arrow.DurationMillisecond(),
  clock: () => new arrow.TimeMicrosecond(),
};

const float32 = fc.oneof(
  fc.float(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.5, -2.5),
  fc.integer({ min: -100, max: 100 }),
);
const small = (min: number, max: number) =>
  fc.oneof(
    fc.integer({ min, max }),
    fc.integer({ min: Math.max(min, -3), max: 3 }),
    fc.constantFrom(min, max),
  );
const big = (min: bigint, max: bigint) =>
  fc.oneof(
    fc.bigInt({ min, max }),
    fc.bigInt({ min: min < 0n ? -3n : 0n, max: 3n }),
    fc.constantFrom(min, max),
  );

/** Values of each sort of column; extremes and small values come often, so that they meet. */
export const VALUES: Record<string, fc.Arbitrary<HostValue>> = {
  int8: small(-128, 127),
  int16: small(-32768, 32767),
  int32: small(-(2 ** 31), 2 ** 31 - 1),
  int64: big(-(2n ** 63n), 2n ** 63n - 1n),
  uint8: small(0, 255),
  uint16: small(0, 65535),
  uint32: small(0, 2 ** 32 - 1),
  uint64: big(0n, 2n ** 64n - 1n),
  float32,
  float64: fc.oneof(fc.double(), float32),
  bool: fc.boolean(),
  date32: fc.integer({ min: -100_000, max: 100_000 }),
  when: fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
  text: fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("", "a", "ab", "abc", "LAX", "a longer text than a word"),
  ),
  float16: fc.oneof(float32, fc.constantFrom(2 ** -24, 2 ** -15, 65504)).map(Math.f16round),
  decimal: fc.oneof(big(-(10n ** 38n) + 1n, 10n ** 38n - 1n), big(-300n, 300n)),
  seconds: big(-9_000_000_000_000n, 9_000_000_000_000n),
  nanos: big(-(2n ** 63n), 2n ** 63n - 1n),
  span: big(-(10n ** 15n), 10n ** 15n),
  clock: fc.bigInt({ min: 0n, max: 86_399_999_999n }),
  codes: fc.constantFrom("red", "green", "blue", "", "ultraviolet"),
};

export interface RandomTable {
  readonly table: arrow.Table;
  readonly values: Record<string, HostValue[]>;
  readonly rows: number;
  readonly chunkRows: number;
}

/** The sort of a column of this name: of "2:int8" and of "a:int8" it is "int8". */
export const sortOf = (name: string): string => name.replace(/^.*:/, "");

/** A table of these columns, of up to `most` rows, in batches of random lengths, some of them of no rows. */
export function randomTable(names: readonly string[], most = 200): fc.Arbitrary<RandomTable> {
  const columns = (rows: number) =>
    fc.record(
      Object.fromEntries(
        names.map((name) => [
          name,
          fc.oneof(
            fc.array(VALUES[sortOf(name)]!, { minLength: rows, maxLength: rows }),
            fc.array(fc.option(VALUES[sortOf(name)]!, { freq: 3 }), {
              minLength: rows,
              maxLength: rows,
            }),
          ),
        ]),
      ),
    );
  return fc
    .tuple(
      fc.integer({ min: 0, max: most }),
      fc.array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: most })), { maxLength: 6 }),
      fc.nat({ max: 40 }),
      fc.integer({ min: 1, max: most }),
    )
    .chain(([rows, lengths, skip, chunkRows]) =>
      columns(rows + skip).map((all) => {
        const whole = batched(all as Record<string, HostValue[]>, rows + skip, lengths);
        const values = Object.fromEntries(
          Object.entries(all).map(([name, column]) => [name, (column as HostValue[]).slice(skip)]),
        );
        return { table: whole.slice(skip), values, rows, chunkRows };
      }),
    );
}

// Batches of these lengths, and one of the rows that are left.
function batched(
  columns: Record<string, HostValue[]>,
  rows: number,
  lengths: readonly number[],
): arrow.Table {
  const ends = [...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b)), rows];
  const cuts = ends.filter((end) => end <= rows);
  const names = Object.keys(columns);
  const parts = cuts.map((end, i) => {
    const from = cuts[i - 1] ?? 0;
    const children = names.map((name) => dataOf(name, columns[name]!.slice(from, end)));
    return { length: end - from, children };
  });
  const fields = names.map((name, i) => {
    return new arrow.Field(name, parts[0]!.children[i]!.type, true);
  });
  const schema = new arrow.Schema(fields);
  const type = new arrow.Struct(fields);
  const batches = parts.map(
    (part) => new arrow.RecordBatch(schema, arrow.makeData({ type, nullCount: 0, ...part })),
  );
  return new arrow.Table(schema, batches);
}

/** A vector of these values. */
export function vectorOf(name: string, values: readonly HostValue[]): arrow.Vector {
  return new arrow.Vector([dataOf(name, values)]);
}

const CODES = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8(), 7);

// Each batch of codes has a dictionary of its own, in its own order.
function dataOf(name: string, values: readonly HostValue[]): arrow.Data {
  const sort = sortOf(name);
  if (RAW[sort]) return rawData(sort, values);
  const type = sort === "codes" ? CODES : ARROW[sort]!();
  return arrow.vectorFromArray(values as (string | null)[], type).data[0]!;
}

const longs = (values: readonly HostValue[]) =>
  BigInt64Array.from(values as bigint[], (value) => value ?? 0n);

const RAW: Record<string, (values: readonly HostValue[]) => ArrayBufferView> = {
  float16: (values) => new Uint16Array(Float16Array.from(values as number[], (x) => x ?? 0).buffer),
  float32: (values) => Float32Array.from(values as number[], (x) => x ?? 0),
  float64: (values) => Float64Array.from(values as number[], (x) => x ?? 0),
  date32: (values) => Int32Array.from(values as number[], (x) => x ?? 0),
  decimal: (values) => {
    const pairs = values.flatMap((x) => [(x ?? 0n) as bigint, ((x ?? 0n) as bigint) >> 64n]);
    return new Uint32Array(BigInt64Array.from(pairs, (x) => BigInt.asIntN(64, x)).buffer);
  },
  when: longs,
  seconds: longs,
  nanos: longs,
  span: longs,
  clock: longs,
};

// Values as they are stored: builders would read dates as Date objects.
function rawData(name: string, values: readonly HostValue[]): arrow.Data {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, i) => {
    if (value !== null) bits[i >> 3]! |= 1 << (i & 7);
  });
  const type = ARROW[name]!();
  const data = RAW[name]!(values);
  const nullCount = values.filter((value) => value === null).length;
  return arrow.makeData({
    type,
    data,
    length: values.length,
    nullCount,
    nullBitmap: nullCount ? bits : null,
  } as never);
}

const INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];
export const NUMBERS = [...INTS, "float32", "float64"];

/** A random expression of numbers over columns that are named after their types. */
export function numberExpr(depth: number): fc.Arbitrary<Expr> {
  const column = fc.constantFrom(...NUMBERS).map(col);
  if (depth === 0) return column;
  const part = numberExpr(depth - 1);
  const constant = fc.oneof(
    fc.integer({ min: -100, max: 100 }),
    fc.constantFrom(0.5, 1000, 3600, 65_536, 7),
  );
  const operator = fc.constantFrom("add", "sub", "mul", "floorDiv", "mod", "fillNull" as const);
  return fc.oneof(
    column,
    fc.tuple(part, operator, part).map(([a, op, b]) => a[op as "add"](b)),
    fc.tuple(part, operator, constant).map(([a, op, b]) => a[op as "add"](b)),
    fc
      .tuple(constant, fc.constantFrom("add", "sub", "mul"), part)
      .map(([a, op, b]) => lit(a)[op as "add"](b)),
    fc.tuple(part, part).map(([a, b]) => a.cast("float32").div(b.cast("float32"))),
    fc.tuple(part, part).map(([a, b]) => a.cast("float64").div(b.cast("float64"))),
    part.map((a) => a.cast("float64").sqrt()),
    part.map((a) => a.cast("float32").sqrt()),
    fc
      .tuple(part, fc.constantFrom("neg", "abs", "floor", "ceil", "round"))
      .map(([a, op]) => a[op as "neg"]()),
    fc.tuple(part, fc.constantFrom(...NUMBERS)).map(([a, to]) => a.cast(to as "int8")),
  );
}

/** A random test over columns that are named after their types. */
export function testExpr(depth: number): fc.Arbitrary<Expr> {
  const comparison = fc.constantFrom("gt", "ge", "lt", "le", "eq", "ne");
  const constants = fc.oneof(
    fc.integer({ min: -5, max: 5 }),
    fc.double({ noNaN: true, min: -300, max: 300 }),
    fc.constantFrom(1e12, -1e12),
  );
  const leaf = fc.oneof(
    fc.tuple(numberExpr(1), comparison, constants).map(([a, op, b]) => a[op as "gt"](b)),
    fc.tuple(numberExpr(1), comparison, numberExpr(1)).map(([a, op, b]) => a[op as "gt"](b)),
    fc.constantFrom(...NUMBERS, "text", "codes").map((name) => col(name).isNull()),
    fc.array(VALUES["text"]!, { maxLength: 4 }).map((texts) => col("text").isIn(texts)),
    fc.constantFrom("red", "blue", "none").map((text) => col("codes").eq(text)),
    fc.constant(col("bool")),
  );
  if (depth === 0) return leaf;
  const part = testExpr(depth - 1);
  return fc.oneof(
    leaf,
    fc.tuple(part, fc.constantFrom("and", "or"), part).map(([a, op, b]) => a[op as "and"](b)),
    part.map((a) => a.not()),
  );
}

const PIECES = [
  "",
  "a",
  "ab",
  "é",
  "LAX",
  "r",
  "ee",
  "👩",
  "longer text",
  "a longer text than a word",
];

/** A random text expression over the columns "text" and "codes". */
export function textExpr(depth: number): fc.Arbitrary<Expr> {
  const column = fc.constantFrom("text", "codes").map(col);
  if (depth === 0) return column;
  const part = textExpr(depth - 1);
  const bound = fc.integer({ min: -6, max: 6 });
  return fc.oneof(
    column,
    fc.tuple(part, fc.constantFrom("upper", "lower")).map(([a, op]) => a[op as "upper"]()),
    fc.tuple(part, bound).map(([a, from]) => a.slice(from)),
    fc.tuple(part, bound, fc.nat(5)).map(([a, from, length]) => a.slice(from, length)),
    fc.tuple(part, part).map(([a, b]) => a.concat(b)),
    fc.tuple(part, fc.constantFrom(...PIECES)).map(([a, b]) => a.concat(b)),
    fc.tuple(fc.constantFrom(...PIECES), part).map(([a, b]) => lit(a).concat(b)),
    fc.tuple(part, part).map(([a, b]) => a.fillNull(b)),
    fc.tuple(part, fc.constantFrom(...PIECES)).map(([a, b]) => a.fillNull(b)),
    fc
      .tuple(fc.constantFrom(col("bool"), col("int8").gt(0)), part, part)
      .map(([test, a, b]) => when(test).then(a).otherwise(b)),
  );
}

/** A random test or measure of texts. */
export function textTestExpr(depth: number): fc.Arbitrary<Expr> {
  const part = textExpr(depth);
  const other = fc.oneof(part, fc.constantFrom(...PIECES));
  const tests = ["contains", "startsWith", "endsWith", "gt", "ge", "lt", "le", "eq", "ne"];
  return fc.oneof(
    fc.tuple(part, fc.constantFrom(...tests), other).map(([a, op, b]) => a[op as "eq"](b)),
    fc.tuple(part, fc.constantFrom("length", "byteLength")).map(([a, op]) => a[op as "length"]()),
    part.map((a) => a.isNull()),
    fc.tuple(part, fc.array(VALUES["text"]!, { maxLength: 40 })).map(([a, list]) => a.isIn(list)),
    fc.tuple(part, fc.subarray(PIECES)).map(([a, list]) => a.isIn(list)),
  );
}
