// Operations of which an allocation fails, each in turn: what they took until then goes back to the pool at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTensor, type GpuTensor, sparseFrom } from "../../kernel/src/compute/index.ts";
import { gpu } from "../gpu/open.ts";

/** What can be disposed, or several such in an array or by names. */
type Made = Disposable | object;
/** `waits` is of the matrix x's shape, and not computed yet. */
type Operation = (x: GpuTensor, index: GpuTensor, waits: GpuTensor) => Made | Promise<Made>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  sort: (_x, _index, waits) => waits.sort(),
  topK: (x) => x.topK(3),
  scatter: (x, index, waits) => x.scatter(index, waits),
  scatterAdd: (x, index, waits) => x.scatterAdd(index, waits),
  bincount: (_, index) => index.bincount(16),
  searchSorted: (x, _index, waits) => x.searchSorted(waits),
  inTopK: (_x, index, waits) => waits.inTopK(index, 2),
  unique: (x) => x.unique(),
  nonZero: (x) => x.nonZero(),
  select: (x, _index, waits) => x.select(waits),
  softmax: (_x, _index, waits) => waits.softmax(),
  matmul: (x, _index, waits) => waits.matmul(x),
  attention: (x, _index, waits) => x.attention(waits, x),
  conv2d: (x, _index, waits) => {
    using image = x.reshape(1, 16, 4, 4);
    using filter = waits.reshape(4, 4, 4, 4);
    return image.conv2d(filter, { padding: "same" });
  },
  "csr to bsr": async (x) => {
    using csr = await sparseFrom(x);
    return await sparseFrom(csr, { format: "bsr", block: [2, 2] });
  },
  "2:4": (x) => sparseFrom(x, { format: "2:4" }),
  "sum of sparse ones": async (x) => {
    using csr = await sparseFrom(x);
    using turned = csr.transpose();
    return await csr.add(turned);
  },
};

/** Lets the n-th allocation from now on fail. */
function failAt(n: number): Disposable & { readonly failed: boolean } {
  const allocate = gpu.allocate;
  let left = n;
  gpu.allocate = (...given) => {
    if (--left >= 0) return allocate.apply(gpu, given);
    throw new Error("no memory, as arranged");
  };
  return {
    get failed() {
      return left < 0;
    },
    [Symbol.dispose]: () => {
      gpu.allocate = allocate;
    },
  };
}

function dispose(made: Made): void {
  const all: Disposable[] = Symbol.dispose in made ? [made] : Object.values(made);
  for (const one of all) one[Symbol.dispose]();
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  test(`${name}: no memory stays behind, whichever allocation fails`, async () => {
    using x = await createTensor(
      gpu,
      Float32Array.from({ length: 256 }, (_, i) => (i * 7) % 5),
      {
        shape: [16, 16],
      },
    );
    using index = await createTensor(
      gpu,
      Int32Array.from({ length: 16 }, (_, i) => i % 5),
    );
    const { live } = gpu.pool.stats();
    for (let n = 0, done = false; !done; n++) {
      using failing = failAt(n);
      try {
        using waits = x.add(1);
        dispose(await operation(x, index, waits));
        assert.equal(failing.failed, false, "an error was swallowed");
        done = true;
      } catch (error) {
        assert.match((error as Error).message, /as arranged/);
      }
      assert.equal(gpu.pool.stats().live, live, `when allocation ${n} failed`);
    }
  });
}
