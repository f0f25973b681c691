// Tables for pages: orders and facts of columns against what JavaScript finds by itself, rows in messages of
// bounded size, previews, and the threads that are ended when nobody waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Bool,
  DateDay,
  Decimal,
  Dictionary,
  DurationSecond,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  makeData,
  Table,
  TimeMicrosecond,
  TimestampNanosecond,
  tableFromIPC,
  Uint32,
  Uint64,
  Utf8,
  Vector,
  vectorFromArray,
} from "apache-arrow";
import fc from "fast-check";
import {
  type CenoteError,
  columnOrder,
  columnStatistics,
  PREVIEW_BYTES,
  valueText,
} from "../../kernel/src/base/index.ts";
import { encodePreview } from "../../kernel/src/browse/encode.ts";
import { TableView } from "../../kernel/src/browse/table-view.ts";

const nullable = <T>(values: fc.Arbitrary<T>) =>
  fc.array(fc.option(values, { freq: 5 }), { maxLength: 60 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
/** Values of a kind, and the column of them. */
const COLUMNS = {
  int8: [nullable(fc.integer({ min: -128, max: 127 })), new Int8()],
  float64: [nullable(fc.double()), new Float64()],
  int64: [nullable(int64), new Int64()],
  uint32: [nullable(fc.nat(2 ** 32 - 1)), new Uint32()],
  uint64: [nullable(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), new Uint64()],
  utf8: [nullable(fc.string({ maxLength: 4 })), new Utf8()],
  bool: [nullable(fc.boolean()), new Bool()],
} as const;

/** A stable order, by a comparison of values: NaN after all, nulls last. */
function expectedOrder(values: readonly unknown[], descending: boolean): number[] {
  const group = (value: unknown) => (value === null ? 2 : Number.isNaN(value) ? 1 : 0);
  const compare = (a: never, b: never) => (a < b ? -1 : a > b ? 1 : 0);
  return values
    .map((_, i) => i)
    .sort((a, b) => {
      const [x, y] = [values[a], values[b]];
      if (group(x) !== group(y) || group(x) > 0) return group(x) - group(y);
      return descending ? -compare(x as never, y as never) : compare(x as never, y as never);
    });
}

for (const [name, [values, type]] of Object.entries(COLUMNS)) {
  test(`${name}: the order is that of the values, stable, over chunks`, () => {
    fc.assert(
      fc.property(
        values as fc.Arbitrary<unknown[]>,
        values as fc.Arbitrary<unknown[]>,
        fc.boolean(),
        (a, b, descending) => {
          const column = vectorFromArray(a, type).concat(vectorFromArray(b, type));
          assert.deepEqual(
            [...columnOrder(column, descending)],
            expectedOrder([...a, ...b], descending),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
}

test("facts of numbers are those of the values", () => {
  fc.assert(
    fc.property(nullable(fc.double({ noDefaultInfinity: true })), (values) => {
      const facts = columnStatistics(vectorFromArray(values, new Float64()));
      const present = values.filter((value) => value !== null);
      const numbers = present.filter((value) => !Number.isNaN(value));
      assert.equal(facts.rows, values.length);
      assert.equal(facts.nulls, values.length - present.length);
      assert.equal(facts.nans ?? 0, present.length - numbers.length);
      if (numbers.length === 0) return;
      assert.equal(Number(facts.least) + 0, Math.min(...numbers) + 0);
      assert.equal(Number(facts.greatest) + 0, Math.max(...numbers) + 0);
      if (facts.histogram) {
        assert.equal(
          facts.histogram.reduce((sum, n) => sum + n, 0),
          numbers.length,
        );
      }
    }),
  );
});

test("facts of decimals are those of the values, however wide", () => {
  const most = 10n ** 38n - 1n;
  const values = fc.array(fc.bigInt({ min: -most, max: most }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(values, fc.constantFrom(128, 256), fc.nat(6), (numbers, bits, scale) => {
      const words = numbers.flatMap((value) =>
        Array.from({ length: bits / 32 }, (_, i) =>
          Number(BigInt.asUintN(32, value >> BigInt(32 * i))),
        ),
      );
      const type = new Decimal(scale, 38, bits);
      // The first is null; what it holds does not count.
      const nullBitmap = new Uint8Array(8).fill(0xff);
      nullBitmap[0] = 0xfe;
      const data = makeData({
        ...{ type, data: new Uint32Array(words), length: numbers.length },
        ...{ nullCount: 1, nullBitmap },
      });
      const facts = columnStatistics(new Vector([data]));
      const present = numbers.slice(1);
      assert.equal(facts.nulls, 1);
      if (present.length === 0) return;
      const sorted = present.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      const bare = (text: string | undefined) => BigInt(text!.replace(".", ""));
      assert.equal(bare(facts.least), sorted[0]);
      assert.equal(bare(facts.greatest), sorted.at(-1));
      const mean = Number(present.reduce((sum, value) => sum + value, 0n)) / present.length;
      const most = Math.max(...present.map((value) => Math.abs(Number(value))), 1);
      assert.ok(
        Math.abs(facts.mean! * 10 ** scale - mean) <= 1e-12 * most,
        `${facts.mean} for ${mean}`,
      );
      assert.equal(
        facts.histogram!.reduce((sum, n) => sum + n, 0),
        present.length,
      );
    }),
  );
});

test("facts are of what is finite, and of every value", () => {
  const facts = (values: (number | null)[]) =>
    columnStatistics(vectorFromArray(values, new Float64()));
  const { POSITIVE_INFINITY, NEGATIVE_INFINITY, NaN: nan, MIN_VALUE } = Number;
  assert.deepEqual(facts([1, nan, 1, null]).histogram, [2]);
  const tiny = facts([0, MIN_VALUE, 0]).histogram!;
  assert.deepEqual([tiny[0], tiny.at(-1)], [2, 1]);
  for (const values of [[POSITIVE_INFINITY], [1, NEGATIVE_INFINITY, POSITIVE_INFINITY]]) {
    const found = facts(values);
    assert.deepEqual(JSON.parse(JSON.stringify(found)), found, "JSON keeps it");
    assert.equal(found.greatest, "Infinity");
  }
});

test("entries of dictionaries are told, counted and sorted, by codes of 64 bits and null ones too", () => {
  // Arrow allows these codes; apache-arrow's types don't.
  const type = new Dictionary(new Utf8(), new Int64() as unknown as Int32);
  const data = BigInt64Array.of(0n, 1n, 2n, 1n) as unknown as Int32Array;
  const dictionary = vectorFromArray(["b", null, "a"], new Utf8());
  const words = new Vector([makeData({ type, data, dictionary })]);
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => valueText(words, row)),
    ["b", null, "a", null],
  );
  assert.deepEqual([...columnOrder(words, false)], [2, 0, 1, 3]);
  assert.deepEqual([...columnOrder(words, true)], [0, 2, 1, 3]);
  const top = [
    { value: "b", count: 1 },
    { value: "a", count: 1 },
  ];
  assert.deepEqual(columnStatistics(words), { rows: 4, nulls: 2, distinct: 2, top });
  const times = new Vector([
    makeData({ type: new TimestampNanosecond(), data: BigInt64Array.of(1n) }),
  ]);
  const codes = makeData({
    type: new Dictionary(times.type, new Int32()),
    data: Int32Array.of(0),
    dictionary: times,
  });
  assert.equal(
    columnStatistics(new Vector([codes])).top![0]!.value,
    "1970-01-01 00:00:00.000000001",
  );
  assert.equal(valueText(vectorFromArray([null]), 0), null);
});

test("values are told exactly", () => {
  const text = (values: unknown[], type: never) => valueText(vectorFromArray(values, type), 0);
  const moment = (value: bigint, timezone?: string) => {
    const type = new TimestampNanosecond(timezone);
    return valueText(new Vector([makeData({ type, data: BigInt64Array.of(value) })]), 0);
  };
  assert.equal(text([2n ** 62n + 1n], new Int64() as never), "4611686018427387905");
  assert.equal(moment(1_500_000_000_123_456_789n, "UTC"), "2017-07-14 02:40:00.123456789Z");
  assert.equal(moment(-1n), "1969-12-31 23:59:59.999999999");
  assert.equal(text([new Date(Date.UTC(2024, 1, 29))], new DateDay() as never), "2024-02-29");
  assert.equal(text([3_723_000_001n], new TimeMicrosecond() as never), "01:02:03.000001");
  assert.equal(text([90n], new DurationSecond() as never), "90 s");
  assert.equal(text([null], new Int32() as never), null);
  const words = new Uint32Array([0xffffff85, 0xffffffff, 0xffffffff, 0xffffffff]); // −123
  const decimal = makeData({ type: new Decimal(2, 10, 128), data: words, length: 1, nullCount: 0 });
  assert.equal(valueText(new Vector([decimal]), 0), "-1.23");
});

test("rows are served from anywhere, sorted too; a column that has no order is refused", async () => {
  const n = 5000;
  const numbers = Int32Array.from({ length: n }, (_, i) => (i * 7919) % n);
  const codes = Int32Array.from({ length: n }, (_, i) => i % 2);
  const dictionary = vectorFromArray(["b", "a"], new Utf8());
  const table = new Table({
    n: new Vector([makeData({ type: new Int32(), data: numbers })]),
    f: vectorFromArray(
      Array.from(numbers, (x) => x / 2),
      new Float32(),
    ),
    d: new Vector([
      makeData({ type: new Dictionary(new Utf8(), new Int32()), data: codes, dictionary }),
    ]),
    l: vectorFromArray(Array.from(numbers, (x) => [x])),
  });
  const view = new TableView(table);
  const column = (from: number, count: number, name: string) =>
    [...tableFromIPC(view.rows(from, count).bytes).getChild(name)!].map((value) => value);
  assert.deepEqual(column(4990, 100, "n"), [...numbers.subarray(4990)]);
  await view.sort(0, true);
  assert.deepEqual(column(0, 3, "f"), [4999 / 2, 4998 / 2, 4997 / 2]);
  await view.sort(2, false);
  assert.deepEqual(column(2499, 2, "d"), ["a", "b"]);
  await view.sort(null, false);
  assert.deepEqual(column(1, 1, "n"), [7919 % n]);
  await assert.rejects(view.sort(3, false), (error: CenoteError) => error.code === "NOT_SORTABLE");
  assert.equal((await view.statistics(2)).distinct, 2);
  view.close();
});

test("a sort that nobody waits for any more ends, and the later one counts", async () => {
  const table = new Table({
    n: vectorFromArray(
      Array.from({ length: 200_000 }, (_, i) => -i),
      new Int32(),
    ),
  });
  const view = new TableView(table);
  const first = assert.rejects(
    view.sort(0, true),
    (error: CenoteError) => error.code === "CANCELLED",
  );
  await view.sort(0, false);
  await first;
  assert.equal(tableFromIPC(view.rows(0, 1).bytes).getChild("n")!.get(0), -199_999);
  const closed = assert.rejects(
    view.sort(0, true),
    (error: CenoteError) => error.code === "CANCELLED",
  );
  view.close();
  await closed;
});

test("messages are bounded; a row that is too long is refused by its size", () => {
  const long = (bytes: number, rows: number) =>
    new TableView(
      new Table({
        t: vectorFromArray(
          Array.from({ length: rows }, () => "x".repeat(bytes)),
          new Utf8(),
        ),
      }),
    );
  const { bytes, rows } = long(10_000, 500).rows(0, 500);
  assert.ok(
    rows > 10 && rows < 30 && bytes.length <= 256 * 1024,
    `${rows} rows, ${bytes.length} bytes`,
  );
  assert.equal(long(600_000, 2).rows(0, 2).rows, 1);
  assert.throws(
    () => long(2_000_000, 1).rows(0, 1),
    (error: CenoteError) => error.code === "TOO_LARGE" && /1\.9 MiB/.test(error.message),
  );
});

test("a preview is capped, without the whole of a long dictionary", () => {
  const words = Array.from({ length: 100_000 }, (_, i) => `word ${i}`);
  const codes = Int32Array.from({ length: 100_000 }, (_, i) => i);
  const type = new Dictionary(new Utf8(), new Int32());
  const word = makeData({ type, data: codes, dictionary: vectorFromArray(words, new Utf8()) });
  const saved = tableFromIPC(encodePreview(new Table({ word: new Vector([word]) }))!);
  assert.deepEqual([...saved.getChild("word")!], words.slice(0, 1000));
  const large = new Table({
    t: vectorFromArray(
      Array.from({ length: 2000 }, () => "é".repeat(500)),
      new Utf8(),
    ),
  });
  const bytes = encodePreview(large)!;
  assert.ok(bytes.length <= PREVIEW_BYTES && bytes.length > PREVIEW_BYTES / 2, `${bytes.length}`);
});
