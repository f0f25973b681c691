// Lists and structs in queries: filtered and taken whole, their fields, lengths and elements; against the rows
// that pyarrow wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Table } from "apache-arrow";
import {
  coalesce,
  col,
  count,
  desc,
  first,
  lag,
  sum,
  tableOnHost,
  tableToGpu,
  when,
} from "../../kernel/src/compute/index.ts";
import { pythonFiles } from "../columns/files.ts";
import { gpu, scoped } from "../gpu/open.ts";

const table = pythonFiles("../columns/made.py", import.meta.url).arrow("nested");
const rows = table.numRows;

/** The rows of a column as plain values. */
function plain(found: Table, name: string): unknown[] {
  const text = JSON.stringify([...found.getChild(name)!], (_, value) =>
    typeof value === "bigint" ? Number(value) : value,
  );
  return JSON.parse(text) as unknown[];
}

// biome-ignore lint/suspicious/noExplicitAny: rows of any shape
const given = (name: string) => plain(table, name) as any[];

test("filtered, limited and taken whole, in chunks", async () => {
  const kept = Array.from({ length: rows }, (_, i) => i).filter((i) => i % 3 !== 1);
  await scoped(async () => {
    using cut = await tableToGpu(gpu, table, { chunkRows: 17 });
    using whole = await tableToGpu(gpu, table);
    for (const t of [cut, whole, tableOnHost(table)]) {
      const some = await t.filter(col("n").mod(3).ne(1)).toArrow();
      const first = await t.filter(col("n").mod(3).ne(1)).head(23).toArrow();
      const head = await t.head(40).toArrow();
      const none = await t.filter(col("n").lt(0)).toArrow();
      for (const name of table.schema.names as string[]) {
        const wanted = kept.map((i) => given(name)[i]);
        assert.deepEqual(plain(some, name), wanted, name);
        assert.deepEqual(plain(first, name), wanted.slice(0, 23), name);
        assert.deepEqual(plain(head, name), given(name).slice(0, 40), name);
      }
      assert.equal(none.numRows, 0);
      assert.equal(
        String(some.schema.fields.map(({ type }) => type)),
        String(table.schema.fields.map(({ type }) => type)),
      );
    }
  });
});

test("a filtered table is a table: it can be collected, filtered again and disposed whole", async () => {
  const { live } = gpu.pool.stats();
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 31 });
    using some = await t.filter(col("n").ge(10)).collect();
    const again = await some.filter(col("n").lt(12)).toArrow();
    assert.deepEqual(plain(again, "deep"), given("deep").slice(10, 12));
    assert.deepEqual(plain(again, "structs"), given("structs").slice(10, 12));
  });
  assert.equal(gpu.pool.stats().live, live);
});

test("fields, lengths and elements are columns like others", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 17 });
    const query = t.select({
      x: col("struct").field("x"),
      name: col("struct").field("name"),
      tags: col("struct").field("tags"),
      size: col("list").length(),
      fixedSize: col("fixed").length(),
      tagCount: col("struct").field("tags").length(),
      first: col("list").at(0),
      last: col("list").at(-1),
      nth: col("list").at(col("n").mod(4)),
      middle: col("fixed").at(2),
      text: col("texts").at(-1),
      code: col("coded").at(1),
      flag: col("flags").at(33),
      upper: coalesce(col("texts").at(1), "none").upper(),
    });
    const lists = given("list");
    const structs = given("struct");
    const wanted: Record<string, unknown[]> = {
      x: structs.map((s) => s?.x ?? null),
      name: structs.map((s) => s?.name ?? null),
      tags: structs.map((s) => s?.tags ?? null),
      size: lists.map((l) => l?.length ?? null),
      fixedSize: given("fixed").map((l) => l?.length ?? null),
      tagCount: structs.map((s) => s?.tags.length ?? null),
      first: lists.map((l) => l?.at(0) ?? null),
      last: lists.map((l) => l?.at(-1) ?? null),
      nth: lists.map((l, i) => l?.[i % 4] ?? null),
      middle: given("fixed").map((l) => l?.at(2) ?? null),
      text: given("texts").map((l) => l?.at(-1) ?? null),
      code: given("coded").map((l) => l?.at(1) ?? null),
      flag: given("flags").map((l) => l?.at(33) ?? null),
      upper: given("texts").map((l) =>
        (l?.at(1) ?? "none").replace(/[a-z]/g, (c: string) => c.toUpperCase()),
      ),
    };
    for (const on of ["gpu", "host"] as const) {
      const found = await query.toArrow({ on });
      for (const [name, values] of Object.entries(wanted))
        assert.deepEqual(plain(found, name), values, `${name} on ${on}`);
    }
  });
});

test("fields and elements filter, group and add up", async () => {
  await scoped(async () => {
    using uploaded = await tableToGpu(gpu, table, { chunkRows: 40 });
    for (const t of [uploaded, tableOnHost(table)]) {
      const x = col("struct").field("x");
      const kept = given("struct").filter((s) => s && s.x > 5);
      const found = await t
        .filter(x.gt(5))
        .agg({ n: count(), total: sum(x) })
        .toArrow();
      assert.deepEqual(plain(found, "n"), [kept.length]);
      assert.deepEqual(plain(found, "total"), [kept.reduce((a, s) => a + s.x, 0)]);
      const groups = await t
        .groupBy({ tag: col("coded").at(1), size: col("list").length() })
        .agg({ n: count() })
        .toArrow();
      const counts = new Map<string, number>();
      for (let i = 0; i < rows; i++) {
        const key = JSON.stringify([
          given("coded")[i]?.[1] ?? null,
          given("list")[i]?.length ?? null,
        ]);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const keys = plain(groups, "tag").map((tag, i) =>
        JSON.stringify([tag, plain(groups, "size")[i]]),
      );
      assert.deepEqual(
        Object.fromEntries(keys.map((key, i) => [key, plain(groups, "n")[i]])),
        Object.fromEntries(counts),
      );
    }
  });
});

test("sorted, joined, concatenated, shifted and grouped: rows keep their lists and structs", async () => {
  // Each column is a dozen kernels: these have all that the others have.
  const names = ["coded", "deep", "fixed", "struct", "nothing", "n"];
  const numbers = Array.from({ length: rows }, (_, i) => i);
  const order = numbers.toSorted((a, b) => (a % 7) - (b % 7) || b - a);
  const pairs = numbers.flatMap((i) => (i % 5 === 3 ? [] : [[i, (i * 3) % 11] as const]));
  const right = { ...Object.fromEntries(names.map((name) => [`r ${name}`, name])) };
  await scoped(async () => {
    using uploaded = await tableToGpu(gpu, table, { chunkRows: 40 });
    for (const whole of [uploaded, tableOnHost(table)]) {
      const t = whole.select(names);
      const check = (
        found: Table,
        name: string,
        at: readonly (number | undefined)[],
        what: string,
      ) =>
        assert.deepEqual(
          plain(found, name),
          at.map((i) => (i === undefined ? null : given(name.replace("r ", ""))[i])),
          `${name}, ${what}`,
        );
      const sorted = await t.sort(col("n").mod(7), desc("n")).toArrow();
      const tail = await t.sort(desc("n")).slice(3, 20).toArrow();
      const n = col("n");
      const keyed = t.withColumns({
        k: when(n.mod(5).eq(3)).then(null).otherwise(n.mul(3).mod(11)),
      });
      const other = t.select({ k: "n", ...right }).head(11);
      const left = await keyed.join(other, { on: "k", how: "left" }).toArrow();
      const full = await keyed
        .join(t.select({ k: n.sub(2), ...right }), { on: "k", how: "full" })
        .toArrow();
      const both = await t
        .filter(n.lt(5))
        .concat(t.select(names), t.filter(n.mod(2).eq(1)))
        .toArrow();
      const shifted = Object.fromEntries(names.map((name) => [name, lag(name, 2)]));
      const before = await t.withWindows(shifted, { orderBy: desc("n") }).toArrow();
      const firsts = Object.fromEntries(names.map((name) => [name, first(name)]));
      const groups = await t
        .filter(n.gt(3))
        .groupBy({ k: n.mod(6) })
        .agg(firsts)
        .toArrow();
      const none = await t.sort("n").filter(n.lt(0)).toArrow();
      const match = new Map(pairs);
      const used = new Set(pairs.map(([, to]) => to + 2));
      const fulls = [
        ...numbers.map((i) => (match.has(i) ? match.get(i)! + 2 : undefined)),
        ...numbers.filter((i) => !used.has(i)),
      ];
      for (const name of names) {
        check(sorted, name, order, "sorted");
        check(tail, name, numbers.toReversed().slice(3, 20), "a slice of the sorted");
        check(
          left,
          `r ${name}`,
          numbers.map((i) => match.get(i)),
          "joined",
        );
        check(full, `r ${name}`, fulls, "joined in full");
        check(
          full,
          name,
          fulls.map((_, i) => (i < rows ? i : undefined)),
          "joined in full",
        );
        check(
          both,
          name,
          [...numbers.slice(0, 5), ...numbers, ...numbers.filter((i) => i % 2)],
          "concat",
        );
        check(
          before,
          name,
          numbers.map((i) => (i + 2 < rows ? i + 2 : undefined)),
          "lag",
        );
        check(groups, name, [6, 7, 8, 9, 4, 5], "first");
      }
      assert.equal(none.numRows, 0);
      assert.equal(
        String(sorted.schema.fields.map(({ type }) => type)),
        String(table.select(names).schema.fields.map(({ type }) => type)),
      );
    }
  });
});

test("what lists and structs do not have is said", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    const error = (run: () => unknown, message: RegExp) => assert.throws(run, message);
    error(
      () => t.select(col("struct").field("z")),
      /has no field "z"\n.*The fields are: x, name, tags/,
    );
    error(() => t.select(col("n").field("x")), /column "n" is int32; wanted a column of structs/);
    error(() => t.select(col("n").at(0)), /column "n" is int32; wanted a column of lists/);
    error(() => t.select(col("deep").at(0)), /wanted lists of plain values/);
    error(() => t.filter(col("list").eq(1)), /column "list" is list<int32>; wanted/);
    error(() => t.groupBy("list"), /column "list" is list<int32>; wanted a number/);
    error(() => t.agg({ x: sum("list") }), /column "list" is list<int32>; wanted numbers/);
  });
});
