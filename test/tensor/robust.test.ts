// What tensors do with what they are not made for: wrong arguments, numbers out of range, nothing at all, memory that
// was spilled, and loops that never end an expression.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CenoteError } from "../../kernel/src/base/index.ts";
import {
  createSparse,
  createTensor,
  GpuTensor,
  type HostSparse,
  preferHost,
  sparseFrom,
} from "../../kernel/src/compute/index.ts";

const parent = mkdtempSync(join(tmpdir(), "cenote-tensor-spill-"));
process.env["CENOTE_SPILL_DIR"] = parent;
after(() => rmSync(parent, { recursive: true, force: true }));
const { gpu, scoped } = await import("../gpu/open.ts");

const NEVER_RIGHT: unknown[] = [null, "x", 10n, Symbol("s"), () => 1, { a: 1 }, [null], Number.NaN];

/** Methods of an object's classes, but those that end it or are given what they need by others. */
function methodsOf(of: object): string[] {
  const names = new Set<string>();
  for (
    let at = Object.getPrototypeOf(of);
    at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === "function") names.add(name);
    }
  }
  const inner = ["constructor", "make", "expression", "stored", "packed", "dispose"];
  return [...names].filter((name) => !inner.includes(name));
}

/** Whatever a call throws or rejects with must be an error of ours. */
async function mustBeOurs(name: string, call: () => unknown): Promise<void> {
  try {
    const found = await call();
    for (const one of [found].flat()) if (one instanceof GpuTensor) one.dispose();
  } catch (error) {
    assert.ok(error instanceof CenoteError, `${name}: ${error}`);
    assert.ok(!["WGSL", "PIPELINE", "GPU_ERROR"].includes(error.code), `${name}: ${error}`);
  }
}

test("whatever a method is called with, the error says what it wanted", () =>
  scoped(async () => {
    const x = await createTensor(gpu, [
      [1, 2],
      [3, 4],
    ]);
    const s = await sparseFrom(x);
    for (const one of [x, s]) {
      for (const method of methodsOf(one)) {
        for (const wrong of NEVER_RIGHT) {
          const call = (...args: unknown[]) =>
            (one as unknown as Record<string, (...given: unknown[]) => unknown>)[method]!(...args);
          await mustBeOurs(`${method}(${String(wrong)})`, () => call(wrong));
          await mustBeOurs(`${method}(x, ${String(wrong)})`, () => call(x, wrong));
        }
      }
    }
    for (const wrong of NEVER_RIGHT) {
      const given = wrong as never;
      await mustBeOurs("sparse options", () => sparseFrom(x, given));
      await mustBeOurs("sparse block", () => sparseFrom(x, { format: "bsr", block: given }));
      await mustBeOurs("sparse format", () => sparseFrom(x, { format: given }));
      await mustBeOurs("tensor", () => createTensor(gpu, given));
      for (const option of ["dtype", "shape", "name"]) {
        await mustBeOurs(option, () => createTensor(gpu, [1, 2], { [option]: given }));
      }
    }
    assert.throws(() => x.matmul(null as never), {
      code: "OPERAND",
      message: /matmul: wanted a tensor as the second operand, found null/,
    });
    assert.throws(() => x.argSort(null as never), { code: "OPTIONS", message: /argSort/ });
  }));

test("numbers that an integer dtype does not hold are refused, fractions go towards zero", () =>
  scoped(async () => {
    for (const [dtype, bad] of [
      ["u8", 256],
      ["u8", -1],
      ["i8", 128],
      ["i4", 8],
      ["i4", -9],
      ["i32", 2 ** 31],
      ["u32", -1],
      ["u32", 2 ** 32],
      ["i32", Number.NaN],
      ["u8", Number.POSITIVE_INFINITY],
    ] as const) {
      const message = new RegExp(`that ${dtype} holds .*found ${bad} at element 1`);
      await assert.rejects(createTensor(gpu, [0, bad], { dtype }), { code: "RANGE", message });
      const array = Float64Array.of(0, bad);
      await assert.rejects(createTensor(gpu, array, { dtype }), { code: "RANGE", message });
    }
    const held = await createTensor(gpu, [7.9, -8.9, -0.5], { dtype: "i4" });
    assert.deepEqual(Array.from(await held.read()), [7, -8, 0]);
    const edges = await createTensor(gpu, [2 ** 32 - 1, 0], { dtype: "u32" });
    assert.deepEqual(Array.from(await edges.read()), [2 ** 32 - 1, 0]);
  }));

test("a sparse matrix whose parts don't fit each other is refused", () =>
  scoped(async () => {
    const csr = {
      format: "csr",
      shape: [2, 3],
      indptr: Int32Array.of(0, 1, 2),
      indices: Int32Array.of(0, 2),
      data: Float32Array.of(1, 2),
    } as const;
    const coo = {
      format: "coo",
      shape: [2, 3],
      coords: [Int32Array.of(0, 1), Int32Array.of(2, 0)],
      data: csr.data,
    } as const;
    const wrong: Record<string, unknown>[] = [
      { ...csr, format: "dia" },
      { ...csr, shape: [2] },
      { ...csr, shape: [2, 2 ** 31] },
      { ...csr, indptr: Int32Array.of(0, 1) },
      { ...csr, indptr: Int32Array.of(1, 1, 2) },
      { ...csr, indptr: Int32Array.of(0, 2, 1) },
      { ...csr, indptr: Int32Array.of(0, 1, 3) },
      { ...csr, indptr: [0, 1, 2] },
      { ...csr, indices: Int32Array.of(0, 3) },
      { ...csr, indices: Int32Array.of(-1, 2) },
      { ...csr, indices: Int32Array.of(0) },
      { ...csr, data: [1, 2] },
      { ...coo, coords: [coo.coords[0]] },
      { ...coo, coords: [Int32Array.of(0, 2), coo.coords[1]] },
      { ...coo, coords: [coo.coords[0], Int32Array.of(0)] },
    ];
    for (const one of wrong) {
      const made = createSparse(gpu, one as unknown as HostSparse);
      await assert.rejects(made, { code: "SPARSE_FORMAT" }, JSON.stringify(one));
    }
    using right = await createSparse(gpu, { ...csr, indices: BigInt64Array.of(0n, 2n) });
    using dense = right.toDense();
    assert.deepEqual(Array.from(await dense.read()), [1, 0, 0, 0, 0, 2]);
  }));

test("nothing to go through: of no elements none, and an extreme of none is an error", () =>
  scoped(async () => {
    const none = await createTensor(gpu, new Float32Array(0), { shape: [3, 0] });
    for (const found of [none.softmax(), none.logSoftmax(), none.softmax(0), none.T.softmax()]) {
      assert.deepEqual([found.size, (await found.read()).length], [0, 0]);
    }
    assert.deepEqual(Array.from(await none.sum(1).read()), [0, 0, 0]);
    assert.deepEqual(Array.from(await none.mean(1).read()), [Number.NaN, Number.NaN, Number.NaN]);
    for (const method of ["max", "min", "argMax", "argMin", "logSumExp"] as const) {
      assert.throws(() => none[method](1), { code: "EMPTY" }, method);
    }
  }));

test("what waits from before a scope and is computed in it outlives it; what is made in it does not", () =>
  scoped(async () => {
    for (const few of [0, 64]) {
      preferHost(gpu, few);
      try {
        const x = await createTensor(gpu, [1, 2, 3, 4], { shape: [2, 2] });
        const [known, read] = [x.add(1), x.exp().log().add(1).round()];
        const made = await gpu.pool.scope(async () => {
          const inside = x.sub(1).compute();
          gpu.pool.scope(() => known.matmul(inside));
          await read.read();
          return { inside };
        });
        assert.deepEqual([...(await known.sum(1).read())], [5, 9]);
        assert.deepEqual([...(await read.sum(1).read())], [5, 9]);
        assert.deepEqual([...(await made.inside.read())], [0, 1, 2, 3]);
        const gone: GpuTensor[] = [];
        gpu.pool.scope(() => void gone.push(x.mul(2).compute()));
        assert.throws(() => gone[0]!.add(1), { code: "DISPOSED" });
      } finally {
        preferHost(gpu, 0);
      }
    }
  }));

test("a query whose keys are all masked gives zeros", () =>
  scoped(async () => {
    const q = await createTensor(gpu, Float32Array.of(1, 2, 3, 4), { shape: [2, 2] });
    const hidden = Number.NEGATIVE_INFINITY;
    const mask = await createTensor(gpu, Float32Array.of(0, 0, hidden, hidden), { shape: [2, 2] });
    const found = await q.attention(q, q, { mask }).read();
    assert.deepEqual(Array.from(found.subarray(2), Number), [0, 0]);
    assert.ok(Number(found[0]) > 1 && Number(found[1]) > 2);
    // By the least finite number they weigh alike, and so do keys of no elements.
    const least = await createTensor(gpu, new Float32Array(4).fill(-3.4028235e38), {
      shape: [2, 2],
    });
    const none = await createTensor(gpu, new Float32Array(0), { shape: [2, 0] });
    for (const even of [q.attention(q, q, { mask: least }), none.attention(none, q)])
      assert.deepEqual(await even.toArray(), [
        [2, 3],
        [2, 3],
      ]);
  }));

test("what was spilled to disk is fetched by what waits, and named by what can't", async () => {
  const { tiers } = gpu.pool;
  try {
    await scoped(async () => {
      const x = await createTensor(
        gpu,
        Float32Array.from({ length: 5000 }, (_, i) => i + 1),
        { name: "weights" },
      );
      const away = async () => {
        // What takes more than three quarters of the host's part is written on, behind our back.
        gpu.pool.tiers = { host: 24_000, disk: "64 MiB" };
        const onDisk = async () => gpu.pool.stats().disk > 0 && !(await isAtHand(x));
        for (let i = 0; i < 100_000 && !(await onDisk()); i++) {
          gpu.pool.spill(2 ** 30);
          await new Promise(setImmediate);
        }
        assert.ok(gpu.pool.stats().disk > 0);
      };
      await away();
      assert.deepEqual([...(await x.read()).slice(0, 4)], [1, 2, 3, 4]);
      assert.deepEqual([...(await x.add(1).read()).slice(0, 4)], [2, 3, 4, 5]);
      await away();
      await x.resident();
      assert.deepEqual([...(await x.mul(2).compute().read()).slice(0, 4)], [2, 4, 6, 8]);
    });
  } finally {
    gpu.pool.tiers = tiers;
  }
});

/** Whether a kernel could use it now. */
async function isAtHand(x: GpuTensor): Promise<boolean> {
  try {
    x.add(0).compute().dispose();
    return true;
  } catch (error) {
    assert.equal((error as CenoteError).code, "NOT_RESIDENT");
    assert.match((error as CenoteError).message, /weights.*await tensor\.resident\(\)/s);
    return false;
  }
}

test("a long loop of small operations keeps to a few blocks", () =>
  scoped(async () => {
    const x = await createTensor(gpu, new Float32Array(256).fill(1));
    const before = gpu.pool.stats();
    let sum = x.mul(0);
    let most = 0;
    for (let i = 0; i < 3000; i++) {
      const next = sum.add(x);
      sum.dispose();
      sum = next;
      if (i % 100 === 0) most = Math.max(most, gpu.pool.stats().liveBlocks);
    }
    assert.ok(most <= before.liveBlocks + 3, `${most} blocks, ${before.liveBlocks} before`);
    assert.deepEqual(new Set(await sum.read()), new Set([3000]));
  }));

test("what dropped expressions held of a disposed tensor is garbage, though the tensor is at hand", async () => {
  await scoped(async () => {
    const before = gpu.pool.stats().live;
    const x = await createTensor(gpu, new Float32Array(2 ** 16));
    const drop = () => void x.neg().exp();
    drop();
    x.dispose();
    assert.ok(gpu.pool.stats().live > before, "the expression holds it");
    for (let turn = 0; turn < 100 && gpu.pool.stats().live > before; turn++) {
      await new Promise(setImmediate);
      gpu.pool.collect();
    }
    assert.equal(gpu.pool.stats().live, before);
    assert.throws(() => x.neg(), { code: "DISPOSED" });
  });
});

test("eight axes are repeated, of views too; losses of bytes do not wrap", () =>
  scoped(async () => {
    const x = await createTensor(gpu, Int32Array.of(1, 2, 3, 4), {
      shape: [2, 1, 1, 1, 1, 2, 1, 1],
    });
    const all = x.transpose(5, 1, 2, 3, 4, 0, 6, 7).tile(2, 1, 2, 1, 1, 2, 1, 3);
    assert.deepEqual(all.shape, [4, 1, 2, 1, 1, 4, 1, 3]);
    const row = (a: number, b: number) => [a, a, a, b, b, b, a, a, a, b, b, b];
    const half = [...row(1, 3), ...row(1, 3), ...row(2, 4), ...row(2, 4)];
    assert.deepEqual(Array.from(await all.read()), [...half, ...half]);
    assert.deepEqual(x.tile(1, 1, 0, 1, 1, 2, 1, 1).shape, [2, 1, 0, 1, 1, 4, 1, 1]);
    assert.throws(() => x.reshape(1, 1, 1, 1, 1, 1, 1, 1, 4), { message: /at most 8 sizes/ });
    const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(2, 0)];
    const bytes = await createTensor(gpu, a);
    const target = await createTensor(gpu, b);
    assert.deepEqual(Array.from(await bytes.l1Loss(target).read()), [1.5]);
    assert.deepEqual(Array.from(await bytes.mseLoss(target).read()), [2.5]);
  }));

test("a layout and groups that do not fit are named", () =>
  scoped(async () => {
    const image = await createTensor(gpu, new Float32Array(48), { shape: [1, 4, 4, 3] });
    const filter = await createTensor(gpu, new Float32Array(12), { shape: [2, 2, 3, 1] });
    assert.throws(() => image.depthwiseConv2d(filter, { layout: "NCHW" }), {
      code: "OPTIONS",
      message: /channels last/,
    });
    for (const groups of [0, 2, 1.5, "x" as never]) {
      const wanted = { code: "SHAPE", message: /wanted groups that \d channels fall into/ };
      assert.throws(() => image.conv2d(filter, { groups }), wanted);
      assert.throws(() => image.conv2dTranspose(filter.transpose(0, 1, 3, 2), { groups }), wanted);
    }
  }));
