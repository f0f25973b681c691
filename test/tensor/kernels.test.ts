// Kernels that are kept and used again, and those that take four elements at a time: against plain loops, at every
// length about a vector and a word, at offsets that are whole vectors and that are not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTensor, full, type GpuTensor } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

function range(count: number): number[];
function range<T>(count: number, value: (i: number) => T): T[];
function range(count: number, value: (i: number) => unknown = (i) => i): unknown[] {
  return Array.from({ length: count }, (_, i) => value(i));
}
const read = async (x: GpuTensor) => Array.from(await x.read(), Number);

test("one kernel serves other offsets and constants, and none where operands become one", () =>
  scoped(async () => {
    const data = range(200, (i) => (i * 37) % 101);
    const a = await createTensor(gpu, data);
    const before = gpu.counts.pipelines;
    for (const [from, to, by] of [
      [0, 0, 2],
      [0, 64, 3],
      [4, 64, 5],
      [8, 8, 7],
      [3, 64, 11],
      [5, 7, 13],
      [7, 5, 17],
      [9, 9, 19],
      [64, 4, 0.5],
    ] as const) {
      const x = a.slice([from, from + 100]);
      const y = a.slice([to, to + 100]);
      const found = await read(x.mul(by).add(y));
      assert.deepEqual(
        found,
        range(100, (i) => data[from + i]! * by + data[to + i]!),
        `${from}, ${to}, ${by}`,
      );
    }
    // Twice the same memory or not; whole vectors or not.
    assert.ok(gpu.counts.pipelines - before <= 8, `${gpu.counts.pipelines - before} pipelines`);
  }));

test("a kept kernel tells memory that is used twice from memory that is not", () =>
  scoped(async () => {
    const [x, y] = [
      await createTensor(gpu, range(8)),
      await createTensor(
        gpu,
        range(8, (i) => i * 10),
      ),
    ];
    assert.deepEqual(
      await read(x.add(y)),
      range(8, (i) => i * 11),
    );
    assert.deepEqual(
      await read(x.add(x)),
      range(8, (i) => i * 2),
    );
    assert.deepEqual(
      await read(y.add(x)),
      range(8, (i) => i * 11),
    );
    const both = x.mul(2);
    assert.deepEqual(
      await read(both.add(both)),
      range(8, (i) => i * 4),
    );
    assert.deepEqual(
      await read(x.mul(2).add(x.mul(3))),
      range(8, (i) => i * 5),
    );
  }));

test("a constant that stands in two places is not the same as two constants", () =>
  scoped(async () => {
    const a = await createTensor(gpu, [1, 2, 3]);
    const two = full(gpu, [3], 2);
    assert.deepEqual(await read(a.add(two).mul(two)), [6, 8, 10]);
    assert.deepEqual(await read(a.add(3).mul(5)), [20, 25, 30]);
    assert.deepEqual(await read(a.add(7).mul(11)), [88, 99, 110]);
    const four = full(gpu, [3], 4);
    assert.deepEqual(await read(a.add(four).mul(four)), [20, 24, 28]);
    const parts = (x: GpuTensor, y: GpuTensor) => read(a.add(x).concat([a.mul(y)], 0));
    assert.deepEqual(await parts(two, two), [3, 4, 5, 2, 4, 6]);
    assert.deepEqual(await parts(two, four), [3, 4, 5, 4, 8, 12]);
  }));

const PACKED = ["f16", "i8", "u8", "i4", "bool"] as const;
const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 36, 100, 129];

test("packed elements go in and out by fours, at every length and offset", () =>
  scoped(async () => {
    const data = range(140, (i) => i % 7);
    for (const dtype of PACKED) {
      const held = data.map((value) => (dtype === "bool" ? Number(value !== 0) : value));
      const source = await createTensor(gpu, data);
      const packed = source.cast(dtype).compute();
      for (const length of LENGTHS) {
        for (const offset of [0, 3, 4, 8]) {
          const here = held.slice(offset, offset + length);
          const cut = (x: GpuTensor) => x.slice([offset, offset + length]);
          assert.deepEqual(await read(cut(source).cast(dtype)), here, `to ${dtype} ${length}`);
          assert.deepEqual(await read(cut(packed).cast("f32")), here, `from ${dtype} ${length}`);
        }
        const counted = await read(packed.slice([0, length]).cast("i32").sum());
        assert.equal(
          counted[0],
          held.slice(0, length).reduce((a, b) => a + b),
          `sum of ${dtype}`,
        );
      }
    }
  }));

test("tensors of any width one beside the other, many at once", () =>
  scoped(async () => {
    for (const widths of [
      [4, 8],
      [1, 2, 3],
      [4, 0, 4, 12, 8, 4],
      [5, 1, 0, 2, 7, 3, 1],
    ]) {
      for (const rows of [1, 3]) {
        const parts = widths.map((width, k) => range(rows * width, (i) => k * 100 + i));
        const tensors = await Promise.all(
          parts.map((part, k) => createTensor(gpu, part, { shape: [rows, widths[k]!] })),
        );
        const lazy = tensors.map((one, k) => (k % 2 === 0 ? one.add(0.5) : one));
        const found = await read(lazy[0]!.concat(lazy.slice(1), 1));
        const wanted = range(rows, (row) =>
          parts.flatMap((part, k) =>
            part
              .slice(row * widths[k]!, (row + 1) * widths[k]!)
              .map((value) => value + (k % 2 === 0 ? 0.5 : 0)),
          ),
        ).flat();
        assert.deepEqual(found, wanted, `${rows} × ${widths}`);
      }
    }
  }));

test("one memory beside itself, as one element everywhere and as vectors", () =>
  scoped(async () => {
    const x = await createTensor(gpu, range(8));
    const first = x.slice([0, 1]).broadcastTo([4]);
    assert.deepEqual(
      await read(first.concat([x.slice([4, 8]), first], 0)),
      [0, 0, 0, 0, 4, 5, 6, 7, 0, 0, 0, 0],
    );
    const packed = x.cast("u8").compute();
    assert.deepEqual(
      await read(
        packed
          .slice([1, 2])
          .broadcastTo([4])
          .concat([packed.slice([4, 8])], 0),
      ),
      [1, 1, 1, 1, 4, 5, 6, 7],
    );
  }));

/** Along the middle axis of [2, length, inner], in doubles. */
function alongMiddle(
  data: number[],
  [, length, inner]: number[],
  line: (row: number[]) => number[],
) {
  const out: number[] = [];
  const count = line(range(length!, () => 0)).length;
  for (let a = 0; a < 2; a++) {
    for (let c = 0; c < inner!; c++) {
      const row = range(length!, (b) => data[(a * length! + b) * inner! + c]!);
      for (const [b, value] of line(row).entries()) out[(a * count + b) * inner! + c] = value;
    }
  }
  return out;
}

/** The greatest, and the sum of powers of what is left without it. */
function parts(row: number[]) {
  const most = Math.max(...row);
  const top = Number.isFinite(most) ? most : 0;
  const powers = row.map((value) => Math.exp(value - top));
  return { most, top, powers, total: powers.reduce((a, b) => a + b, 0) };
}

const LINES = {
  softmax: (row: number[]) => {
    const { powers, total } = parts(row);
    return powers.map((value) => value / total);
  },
  logSoftmax: (row: number[]) => {
    const { top, total } = parts(row);
    return row.map((value) => value - Math.log(total) - top);
  },
  logSumExp: (row: number[]) => {
    const { top, total } = parts(row);
    return [Math.log(total) + top];
  },
  argMax: (row: number[]) => {
    const nan = row.findIndex(Number.isNaN);
    return [nan >= 0 ? nan : row.indexOf(parts(row).most)];
  },
} as const;

test("what goes through rows more than once, along any axis and at any length", () =>
  scoped(async () => {
    const special = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, 80, -80];
    for (const shape of [
      [2, 3, 1],
      [2, 8, 1],
      [2, 12, 3],
      [2, 33, 4],
      [2, 2000, 2], // in parts
    ]) {
      const size = shape.reduce((a, b) => a * b);
      const data = range(size, (i) => ((i * 7919) % 97) / 9 - 5);
      for (let i = 5; i < size; i += 37) data[i] = special[i % 5]!;
      const x = await createTensor(gpu, data, { shape });
      const rounded = await read(x);
      for (const [name, line] of Object.entries(LINES)) {
        const found = await read(x[name as "softmax"](1));
        const wanted = alongMiddle(rounded, shape, line);
        for (const [i, value] of wanted.entries()) {
          const same =
            Object.is(found[i], value) ||
            Math.abs(found[i]! - value) <= 2e-5 * Math.max(1, Math.abs(value));
          assert.ok(
            same || (Number.isNaN(value) && Number.isNaN(found[i])),
            `${name} ${shape} at ${i}: ${found[i]}, wanted ${value}`,
          );
        }
      }
    }
  }));
