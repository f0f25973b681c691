// Every kernel that multiplies matrices, those for other kinds of adapters too: on small whole numbers, whose sums are
// exact in any order, against plain loops. Shapes about the sides of blocks, operands as they come out of views.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createTensor,
  type GpuTensor,
  preferPlan,
  productPlans,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { generator } from "./random.ts";

type Dtype = "f32" | "f16" | "i32" | "i8" | "u8" | "i4";
const next = generator(77);
const whole = (dtype: Dtype) => Math.floor(next() * 8) - (dtype === "u8" ? 0 : 4);

interface Operand {
  readonly tensor: GpuTensor;
  readonly at: (batch: number, i: number, j: number) => number;
}

/** How an operand of `rows` and `columns` lies. */
const VIEWS: Record<
  string,
  (rows: number, columns: number) => [number[], (x: GpuTensor) => GpuTensor]
> = {
  plain: (rows, columns) => [[rows, columns], (x) => x],
  transposed: (rows, columns) => [[columns, rows], (x) => x.T],
  "within a larger one": (rows, columns) => [
    [rows + 2, columns + 8],
    (x) => x.slice([1, rows + 1], [4, columns + 4]),
  ],
  "beside a vector": (rows, columns) => [
    [rows, columns + 3],
    (x) => x.slice(null, [1, columns + 1]),
  ],
  "every second, backwards": (rows, columns) => [
    [rows * 2, columns],
    (x) => x.slice([null, null, -2], [null, null, -1]),
  ],
};

async function operand(
  dtype: Dtype,
  view: string,
  batch: number[],
  rows: number,
  columns: number,
): Promise<Operand> {
  const [shape, cut] = VIEWS[view]!(rows, columns);
  const sizes = [...batch, ...shape];
  const data = Array.from({ length: sizes.reduce((a, b) => a * b) }, () => whole(dtype));
  const source = await createTensor(gpu, data, { dtype, shape: sizes });
  const tensor = batch.length > 0 ? batched(source, cut, view, rows, columns) : cut(source);
  const elements = await tensor.read();
  const one = rows * columns;
  const count = elements.length / one;
  return { tensor, at: (b, i, j) => Number(elements[(b % count) * one + i * columns + j]) };
}

/** The view of each matrix of a batch. */
function batched(
  source: GpuTensor,
  cut: (x: GpuTensor) => GpuTensor,
  view: string,
  rows: number,
  columns: number,
): GpuTensor {
  if (view === "transposed") return source.transpose(0, 2, 1);
  if (view === "within a larger one") return source.slice(null, [1, rows + 1], [4, columns + 4]);
  return view === "plain" ? cut(source) : source.slice(null, [0, rows], [0, columns]);
}

async function mustMultiply(a: Operand, b: Operand, what: string): Promise<void> {
  const product = a.tensor.matmul(b.tensor);
  const [m, n] = product.shape.slice(-2) as [number, number];
  const k = a.tensor.shape.at(-1)!;
  const found = await product.read();
  for (let at = 0; at < found.length; at++) {
    const [batch, i, j] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n];
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a.at(batch, i, l) * b.at(batch, l, j);
    if (Number(found[at]) !== sum)
      assert.fail(`${what}: [${batch}, ${i}, ${j}]: wanted ${sum}, found ${found[at]}`);
  }
}

async function withPlan(plan: string | undefined, body: () => Promise<void>): Promise<void> {
  preferPlan(gpu, plan);
  try {
    await body();
  } finally {
    preferPlan(gpu);
  }
}

const SHARED = productPlans(gpu).filter((plan) => plan.startsWith("shared"));
/** The one that compilers are done with first. */
const SMALL = "shared 8x8 1x1 16";

// A kernel takes a compiler for processors up to a second: those of equal text serve many cases.
test("each kernel with shared memory at sizes about its blocks'", () =>
  scoped(async () => {
    assert.ok(SHARED.length >= 4 && SHARED.includes(SMALL), `${SHARED}`);
    for (const plan of [SHARED.find((one) => one.includes("2x1"))!, SHARED[0]!]) {
      await withPlan(plan, async () => {
        for (const [m, k, n] of [
          [1, 4, 4],
          [33, 20, 68],
          [130, 32, 132],
        ] as const) {
          const a = await operand("f32", "plain", [], m, k);
          const b = await operand("f32", "plain", [], k, n);
          await mustMultiply(a, b, `${plan}: ${m}×${k} by ${k}×${n}`);
        }
      });
    }
  }));

test("blocks of operands that lie along either axis or along none, of narrow dtypes and of batches", () =>
  scoped(async () => {
    await withPlan(SMALL, async () => {
      for (const [left, right, sizes] of [
        ["within a larger one", "within a larger one", [36, 24, 40]],
        ["transposed", "transposed", [36, 24, 40]],
        ["transposed", "transposed", [4, 100, 72]],
        ["every second, backwards", "beside a vector", [35, 21, 33]],
        ["beside a vector", "every second, backwards", [1, 1, 1]],
        ["plain", "every second, backwards", [7, 33, 65]],
      ] as const) {
        const [m, k, n] = sizes;
        const a = await operand("f32", left, [], m, k);
        const b = await operand("f32", right, [], k, n);
        await mustMultiply(a, b, `${left} by ${right}`);
      }
      for (const [x, y, view] of [
        ["f16", "f16", "plain"],
        ["i8", "i8", "transposed"],
        ["i4", "u8", "beside a vector"],
      ] as const) {
        const a = await operand(x, "plain", [], 9, 28);
        const b = await operand(y, view, [], 28, 36);
        await mustMultiply(a, b, `${x} by ${y}, ${view}`);
      }
      const a = await operand("f32", "plain", [3], 5, 12);
      await mustMultiply(a, await operand("f32", "plain", [3], 12, 36), "batches");
      await mustMultiply(a, await operand("f32", "plain", [], 12, 40), "one for all");
    });
  }));

test("one memory on both sides, read by vectors on one of them", () =>
  scoped(async () => {
    await withPlan(SHARED[0], async () => {
      const x = await operand("f32", "plain", [], 36, 40);
      const square: Operand = { tensor: x.tensor.slice([0, 36], [0, 36]), at: x.at };
      const late: Operand = {
        tensor: x.tensor.slice([0, 36], [3, 39]),
        at: (b, i, j) => x.at(b, i, j + 3),
      };
      await mustMultiply(square, late, "whole vectors by odd");
    });
  }));

test("few rows, few columns, and one of each", () =>
  scoped(async () => {
    for (const [view, sizes] of [
      ["plain", [1, 64, 4]],
      ["plain", [1, 200, 132]],
      ["within a larger one", [1, 68, 36]],
      ["transposed", [2, 64, 1]],
      ["transposed", [2, 200, 70]],
      ["beside a vector", [4, 131, 70]],
      ["every second, backwards", [4, 77, 15]],
      ["plain", [50, 96, 1]],
      ["plain", [7, 200, 1]],
      ["transposed", [37, 77, 3]],
    ] as const) {
      const [m, k, n] = sizes;
      const a = await operand("f32", "plain", [], m, k);
      const b = await operand("f32", view, [], k, n);
      await mustMultiply(a, b, `${m}×${k} by ${k}×${n}, ${view}`);
    }
    for (const [x, y, view] of [
      ["f16", "i4", "plain"],
      ["i8", "i8", "transposed"],
    ] as const) {
      const a = await operand(x, "plain", [], 2, 72);
      await mustMultiply(a, await operand(y, view, [], 72, 36), `${x} by ${y}, ${view}`);
    }
    const a = await operand("f32", "plain", [3], 1, 64);
    await mustMultiply(a, await operand("f32", "transposed", [3], 64, 20), "batches of one row");
    const b = await operand("f32", "plain", [3], 20, 64);
    await mustMultiply(b, await operand("f32", "plain", [], 64, 1), "batches by one column");
  }));

test("quantised weights: blocks and few rows give what the scales make of the integers", () =>
  scoped(async () => {
    for (const [m, k, n, group, dtype] of [
      [20, 96, 36, 32, "i8"],
      [20, 96, 33, 6, "i4"],
      [2, 96, 36, 32, "i4"],
      [1, 96, 33, 6, "i8"],
    ] as const) {
      const x = await operand("f32", "plain", [], m, k);
      const w = await operand("f32", "plain", [], k, n);
      const q = w.tensor.quantize({ dtype, group });
      const [values, scale] = [await q.values.read(), await q.scale.read()];
      await withPlan(m > 4 ? SMALL : undefined, async () => {
        const found = await x.tensor.matmulQuantized(q).read();
        for (const [at, got] of found.entries()) {
          const [i, j] = [Math.floor(at / n), at % n];
          let [sum, size] = [0, 0];
          for (let l = 0; l < k; l++) {
            const term =
              x.at(0, i, l) *
              Number(values[l * n + j]) *
              Number(scale[Math.floor(l / group) * n + j]);
            sum += term;
            size += Math.abs(term);
          }
          assert.ok(Math.abs(Number(got) - sum) <= 1e-5 * size, `${dtype} [${i}, ${j}]`);
        }
      });
    }
  }));
