// Tensors that can't be used any more — disposed, lost with their device or with their spill file, of another device —
// are named, with the cell that made them; and indices stay right where they are near 2³¹ and 2³².
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type CenoteError, lineWord, runInCell } from "../../kernel/src/base/index.ts";
import {
  arange,
  createTensor,
  einsum,
  eye,
  full,
  type GpuTensor,
  linspace,
  sparseFrom,
} from "../../kernel/src/compute/index.ts";
import { RandomStream } from "../../kernel/src/compute/tensor/index.ts";
import { openGpu } from "../../kernel/src/gpu/index.ts";

const parent = mkdtempSync(join(tmpdir(), "cenote-misuse-"));
process.env["CENOTE_SPILL_DIR"] = parent;
after(() => rmSync(parent, { recursive: true, force: true }));
const { gpu, scoped } = await import("../gpu/open.ts");

const numbers = async (x: GpuTensor) => Array.from(await x.read(), Number);

/** Runs `body` as cell 7, at line 3. */
const inCell = <T>(body: () => T): T =>
  runInCell(7, () => {
    lineWord[0] = 3;
    return body();
  });

const named = (code: string, what: RegExp) => (error: unknown) => {
  const { code: found, message } = error as CenoteError;
  assert.equal(found, code, message);
  assert.match(message, what);
  assert.match(message, /cell \[7\] line 3/);
  return true;
};

/** Operations with one tensor, and with it beside another one. */
const uses = (x: GpuTensor, y: GpuTensor): Record<string, () => unknown> => ({
  read: () => x.read(),
  resident: () => x.resident(),
  view: () => x.slice(0),
  add: () => x.add(1),
  sum: () => x.sum(),
  beside: () => y.add(x),
  where: () => y.where(0, x),
  matmul: () => y.matmul(x),
  take: () => y.take(x.cast("i32")),
  scatter: () => y.scatterAdd(arange(y.gpu, 0, 2), x),
  concat: () => y.concat([x]),
  attention: () => y.attention(x, x),
  conv2d: () => y.reshape(1, 2, 2, 1).conv2d(x.reshape(2, 2, 1, 1)),
  loss: () => y.mseLoss(x),
  einsum: () => einsum("ij,jk->ik", y, x),
  sparse: () => sparseFrom(x),
});

test("a disposed tensor, and a disposed sparse matrix, are named with their cell", () =>
  scoped(async () => {
    const made = await inCell(() =>
      createTensor(
        gpu,
        [
          [1, 2],
          [3, 4],
        ],
        { name: "weights" },
      ),
    );
    const [x, y] = [
      inCell(() => made.mul(2)),
      await createTensor(gpu, [
        [1, 2],
        [3, 4],
      ]),
    ];
    const s = await sparseFrom(y);
    const halves = inCell(() => s.map((values) => values.div(2)));
    made.dispose();
    x.dispose();
    made.dispose(); // twice is harmless
    for (const [name, call] of Object.entries(uses(x, y)))
      await assert.rejects(async () => call(), named("DISPOSED", /tensor "mul" f32\[2, 2\]/), name);
    await assert.rejects(made.read(), named("DISPOSED", /tensor "weights"/));
    halves.dispose();
    const gone = named("DISPOSED", /sparse matrix csr f32\[2, 2\]/);
    for (const call of [
      () => halves.toDense(),
      () => halves.matmul(y),
      () => halves.transpose(),
      () => halves.toHost(),
      () => s.add(halves),
    ])
      await assert.rejects(async () => call(), gone);
  }));

test("a tensor whose spill file is gone or cut short is named with its cell", async () => {
  const { tiers } = gpu.pool;
  const files = () =>
    (readdirSync(parent, { recursive: true, withFileTypes: true }) as import("node:fs").Dirent[])
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name));
  try {
    for (const harm of [(path: string) => rmSync(path), (path: string) => truncateSync(path, 4)]) {
      await scoped(async () => {
        const data = new Float32Array(5000).fill(1);
        const x = await inCell(() => createTensor(gpu, data, { name: "weights" }));
        // What takes more than three quarters of the host's part is written on, behind our back.
        gpu.pool.tiers = { host: 24_000, disk: "64 MiB" };
        gpu.pool.spill(2 ** 30);
        for (let i = 0; i < 100_000 && gpu.pool.stats().disk === 0; i++)
          await new Promise(setImmediate);
        const found = files();
        assert.ok(found.length > 0);
        for (const path of found) harm(path);
        const isNamed = named("SPILL_LOST", /weights f32\[5000\]/);
        await assert.rejects(x.read(), isNamed);
        await assert.rejects(x.add(1).read(), isNamed);
        await assert.rejects(x.resident(), isNamed);
        x.dispose();
      });
    }
  } finally {
    gpu.pool.tiers = tiers;
  }
});

test("views, steps, diagonals and windows far out in ranges and constants, which take no memory", () =>
  scoped(async () => {
    const [half, all] = [2 ** 31, 2 ** 32];
    const words = arange(gpu, 0, all, 1, "u32");
    const square = words.reshape(2 ** 16, 2 ** 16);
    const signed = arange(gpu, -half, half - 1);
    const random = () => new RandomStream(() => gpu, 5);
    const row = await createTensor(gpu, [1, 2, 3]);
    const cases: [string, GpuTensor, number[]][] = [
      ["around 2³¹", words.slice([half - 2, half + 2]), [half - 2, half - 1, half, half + 1]],
      ["the end", words.slice([-2, null]), [all - 2, all - 1]],
      ["steps", words.slice([half - 1, null, 2 ** 30]), [half - 1, 3 * 2 ** 30 - 1, all - 1]],
      ["backwards", words.flip().slice([0, 2]), [all - 1, all - 2]],
      ["signed", signed.slice([half - 1, half + 1]), [-1, 0]],
      ["signed end", signed.slice([-1, null]), [half - 2]],
      ["columns", square.T.slice(-1, [-2, null]), [all - 2 ** 16 - 1, all - 1]],
      ["diagonal", square.diagonal().slice([-2, null]), [all - 2 ** 16 - 2, all - 1]],
      ["windows", words.unfold(0, 2, half - 1).slice([-1, null]), [all - 2, all - 1]],
      ["split", words.split(2)[1]!.slice([0, 2]), [half, half + 1]],
      [
        "sum of a part",
        words
          .slice([half, half + 3])
          .sub(half)
          .sum(),
        [3],
      ],
      ["place", signed.slice([all - 1000, null]).argMax(), [998]],
      [
        "constants",
        full(gpu, [all + 5], 1, "u8")
          .slice([half - 5, half + 5])
          .sum(),
        [10],
      ],
      ["repeated", row.broadcastTo(2 ** 31, 3).slice([-1, null], [1, null]), [2, 3]],
      ["identity", eye(gpu, 2 ** 20).slice([-2, null], [-2, null]), [1, 0, 0, 1]],
      [
        "fractions",
        arange(gpu, 0, half, 0.5).slice([half, half + 512, 256]),
        [2 ** 30, 2 ** 30 + 128],
      ],
      ["linspace", linspace(gpu, 0, all, all).slice([-1, null]), [all]],
      ["middle", linspace(gpu, 0, 2, all).slice([half, half + 1]), [1]],
    ];
    for (const [name, found, wanted] of cases) {
      const got = await numbers(found);
      assert.deepEqual(got, wanted, name);
    }
    const last = random()
      .bits([2 ** 16, 2 ** 16])
      .slice(-1, [-2, null]);
    assert.deepEqual(await numbers(last), await numbers(random().bits([all]).slice([-2, null])));
    const far = await createTensor(gpu, Int32Array.of(half - 1, -half, 1 - half, 2, -3));
    const none = Number.NaN;
    assert.deepEqual(await numbers(row.take(far)), [none, none, none, 3, 1]);
    assert.deepEqual(await numbers(row.gatherND(far.expandDims(1))), [none, none, none, 3, 1]);
    const ones = full(gpu, [5], 1);
    assert.deepEqual(await numbers(row.scatterAdd(far, ones)), [2, 2, 4]);
  }));

test("what no kernel could count or hold is refused, with both figures", () =>
  scoped(async () => {
    const row = await createTensor(gpu, [1, 2, 3]);
    const big = full(gpu, [2 ** 32], 1);
    const random = new RandomStream(() => gpu, 5);
    const tooLarge: Record<string, () => unknown> = {
      sum: () => big.sum(),
      argMax: () => big.argMax(),
      sort: () => big.sort(),
      cumSum: () => big.cumSum(),
      concat: () => big.concat([big]),
      take: () => big.take(arange(gpu, 0, 2)),
      unfold: () =>
        full(gpu, [2 ** 27], 1)
          .unfold(0, 2 ** 26)
          .sum(),
      matmul: () => full(gpu, [2 ** 20, 4], 1).matmul(full(gpu, [4, 2 ** 20], 1)),
      pad: () => row.pad([[2 ** 32, 0]]),
      tile: () => row.tile(2 ** 40),
      read: () => big.read(),
      conv: () => full(gpu, [1, 2 ** 16, 2 ** 16, 1], 1).conv2d(full(gpu, [1, 1, 1, 1], 1)),
      einsum: () => einsum("i,j->ij", full(gpu, [2 ** 17], 1), full(gpu, [2 ** 17], 1)),
      sparse: async () => (await sparseFrom(eye(gpu, 4))).matmul(full(gpu, [4, 2 ** 31], 1)),
    };
    for (const [name, call] of Object.entries(tooLarge))
      await assert.rejects(
        async () => call(),
        { code: "TOO_LARGE", message: /found|wanted/ },
        name,
      );
    for (const [call, code] of [
      [() => full(gpu, [2 ** 27, 2 ** 27], 1), "SHAPE"],
      [() => row.broadcastTo(2 ** 53, 3), "SHAPE"],
      [() => arange(gpu, 0, 2 ** 33), "RANGE"],
      [() => arange(gpu, 0, 1e300), "RANGE"],
      [() => arange(gpu, 0, 2 ** 32, 0.5), "RANGE"],
      [() => linspace(gpu, 0, 1, 2 ** 33), "RANGE"],
      [() => random.bits([2 ** 20, 2 ** 20]), "RANGE"],
      [() => full(gpu, [2], Number.NaN, "i32"), "RANGE"],
      [() => full(gpu, [2], 256, "u8"), "RANGE"],
    ] as const)
      assert.throws(call, { code }, String(call));
  }));

test("errors name what was called, not what it is made of", () =>
  scoped(async () => {
    const [x, two] = [
      await createTensor(gpu, [
        [1, 2, 3],
        [4, 5, 6],
      ]),
      await createTensor(gpu, [1, 2]),
    ];
    const wrong: Record<string, () => unknown> = {
      mseLoss: () => x.mseLoss(two),
      l1Loss: () => x.l1Loss(two),
      huberLoss: () => x.huberLoss(1, "a" as never),
      crossEntropy: () => x.crossEntropy(arange(gpu, 0, 3)),
      layerNorm: () => x.layerNorm(two),
      batchNorm: () => x.batchNorm(two, 1),
      stack: () => x.stack([two]),
      clamp: () => x.clamp("a" as never, 1),
      sort: () => x.sort({ axis: 2 }),
      leakyRelu: () => x.leakyRelu(two),
      squaredDifference: () => x.squaredDifference(two),
      divNoNan: () => x.divNoNan(two),
      variance: () => x.variance(0, { ddof: "a" as never }),
      transpose: () => x.transpose([0, 0]),
      split: () => x.split(2, 1),
      gatherND: () => x.gatherND(x),
    };
    for (const [name, call] of Object.entries(wrong))
      assert.throws(call, { name: "CenoteError", message: new RegExp(`^${name}: `) }, name);
    assert.deepEqual([...x.transpose([1, 0]).shape, ...x.tile([2, 1]).shape], [3, 2, 4, 3]);
  }));

// The last one: the device that the others use ends here.
test("tensors of a device that was lost are named with their cell, beside those of the next one too", async () => {
  const x = await inCell(() =>
    createTensor(
      gpu,
      [
        [1, 2],
        [3, 4],
      ],
      { name: "weights" },
    ),
  );
  const s = await inCell(() => sparseFrom(x));
  gpu.device.destroy();
  await gpu.device.lost;
  await new Promise(setImmediate);
  const next = await openGpu();
  assert.notEqual(next, gpu);
  const y = await inCell(() =>
    createTensor(
      next,
      [
        [1, 2],
        [3, 4],
      ],
      { name: "others" },
    ),
  );
  for (const [name, call] of Object.entries(uses(x, y)))
    await assert.rejects(async () => call(), named("TENSOR_LOST", /"weights"/), name);
  const gone = named("TENSOR_LOST", /sparse matrix csr/);
  await assert.rejects(async () => s.matmul(y), gone);
  await assert.rejects((await sparseFrom(y)).add(s), gone);
  for (const call of [() => x.matmul(y), () => x.where(y, 0), () => x.concat([y])])
    assert.throws(call, (error: CenoteError) => /FOREIGN_TENSOR|TENSOR_LOST/.test(error.code));
  assert.deepEqual(await numbers(y.add(1)), [2, 3, 4, 5]);
  x.dispose();
  y.dispose();
});
