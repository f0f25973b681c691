// Products of matrices and attention against NumPy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { arange, createTensor, full, type GpuTensor } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { type HostTensor, judge, numpy } from "./oracle.ts";
import { RandomTensors } from "./random.ts";

const PLAIN = { special: 0, scale: 1 };
const NEAR = { relative: 1e-5, absolute: 2e-5 };

test("matrix products of all sizes, batches and strides", () =>
  scoped(async () => {
    const random = new RandomTensors(41);
    const cases: [number[], number[]][] = [
      [
        [1, 1],
        [1, 1],
      ],
      [
        [3, 5],
        [5, 4],
      ],
      [
        [17, 33],
        [33, 65],
      ],
      [
        [64, 64],
        [64, 64],
      ],
      [
        [1, 200],
        [200, 3],
      ],
      [
        [130, 7],
        [7, 1],
      ],
      [
        [259, 6],
        [6, 301],
      ],
      [
        [7, 67, 3],
        [3, 150],
      ],
      [
        [2, 3, 9, 8],
        [8, 10],
      ],
      [
        [3, 1, 4, 5],
        [2, 5, 6],
      ],
      [
        [0, 4],
        [4, 3],
      ],
      [
        [3, 0],
        [0, 4],
      ],
    ];
    for (const [left, right] of cases) {
      const [a, b] = [
        await random.tensor("f32", left, PLAIN),
        await random.tensor("f32", right, PLAIN),
      ];
      const wanted = await numpy("x.astype('float64') @ y.astype('float64')", {
        x: a.host,
        y: b.host,
      });
      await judge(a.tensor.matmul(b.tensor), wanted, NEAR, `[${left}] @ [${right}]`);
    }
    const [a, b] = [
      await random.tensor("f32", [9, 20], PLAIN),
      await random.tensor("f32", [9, 30], PLAIN),
    ];
    const given = { x: a.host, y: b.host };
    const copies = gpu.counts.gpuCopies;
    await judge(
      a.tensor.T.matmul(b.tensor),
      await numpy("x.T @ y", given),
      NEAR,
      "transposed left",
    );
    await judge(
      a.tensor.slice([1, null, 2], [null, null, -1]).matmul(a.tensor.T),
      await numpy("x[1::2, ::-1] @ x.T", given),
      NEAR,
      "views",
    );
    await judge(
      b.tensor.T.matmul(a.tensor.slice(null, [3, 10])),
      await numpy("y.T @ x[:, 3:10]", given),
      NEAR,
      "of slices",
    );
    assert.equal(gpu.counts.gpuCopies, copies);
  }));

test("halves add up in f32; bytes give i32, four at a time where they lie so", () =>
  scoped(async () => {
    const random = new RandomTensors(42);
    const [a, b] = [
      await random.tensor("f16", [20, 300], PLAIN),
      await random.tensor("f16", [300, 12], PLAIN),
    ];
    const halves = a.tensor.matmul(b.tensor);
    assert.equal(halves.dtype, "f16");
    await judge(
      halves,
      await numpy("(x.astype('float32') @ y.astype('float32')).astype('float16')", {
        x: a.host,
        y: b.host,
      }),
      { relative: 1e-3, absolute: 1e-3 },
      "f16",
    );
    const [c, d] = [await random.tensor("i8", [13, 64]), await random.tensor("i8", [9, 64])];
    const whole = c.tensor.matmul(d.tensor.T);
    assert.equal(whole.dtype, "i32");
    const wanted = await numpy("x.astype('int32') @ y.astype('int32').T", { x: c.host, y: d.host });
    await judge(whole, wanted, {}, "i8 by words");
    await judge(c.tensor.matmul(d.tensor.T.copy()), wanted, {}, "i8 by elements");
    const [e, f] = [await random.tensor("i4", [5, 6]), await random.tensor("u8", [6, 7])];
    await judge(
      e.tensor.matmul(f.tensor),
      await numpy("x.astype('int32') @ y.astype('int32')", { x: e.host, y: f.host }),
      {},
      "i4 and u8",
    );
  }));

test("quantised weights: what they stand for, multiplied, and their bytes", () =>
  scoped(async () => {
    const random = new RandomTensors(43);
    const [x, w] = [
      await random.tensor("f32", [5, 96], PLAIN),
      await random.tensor("f32", [96, 40], PLAIN),
    ];
    for (const [dtype, most, group] of [
      ["i8", 127, 96],
      ["i8", 127, 32],
      ["i4", 7, 32],
    ] as const) {
      const q = w.tensor.quantize({ dtype, group });
      const scale = `np.abs(w.reshape(-1, ${group}, 40)).max(1, keepdims=True) / np.float32(${most})`;
      const values = `np.clip(np.round(w.reshape(-1, ${group}, 40) / (${scale})), -${most}, ${most})`;
      const given = { x: x.host, w: w.host };
      await judge(q.scale, await numpy(`(${scale})[:, 0]`, given), { relative: 1e-6 }, "scale");
      const stands = await numpy(`((${values}) * (${scale})).reshape(96, 40)`, given);
      const found = await q.values.read();
      const scales = await q.scale.read();
      for (const [i, want] of stands.values.entries()) {
        const step = Number(scales[Math.floor(Math.floor(i / 40) / group) * 40 + (i % 40)]);
        assert.ok(Math.abs(Number(found[i]) * step - want) <= step * 1.001, `${dtype} weight ${i}`); // a tie may round to either side
      }
      const floats = Float32Array.from(
        stands.values,
        (_, i) =>
          Number(found[i]) * Number(scales[Math.floor(Math.floor(i / 40) / group) * 40 + (i % 40)]),
      );
      const told: HostTensor = { shape: [96, 40], dtype: "float32", data: floats };
      await judge(
        x.tensor.matmulQuantized(q),
        await numpy("x @ v", { x: x.host, v: told }),
        NEAR,
        `${dtype} product`,
      );
      assert.equal(q.values.bytes, dtype === "i8" ? 96 * 40 : 96 * 20);
      q.dispose();
    }
  }));

test("attention, with batches, a mask, and causal; without the matrix of scores", () =>
  scoped(async () => {
    const random = new RandomTensors(46);
    const [q, k, v] = [
      await random.tensor("f32", [2, 3, 10, 16], PLAIN),
      await random.tensor("f32", [2, 1, 21, 16], PLAIN),
      await random.tensor("f32", [2, 1, 21, 5], PLAIN),
    ];
    const mask = await random.tensor("f32", [10, 21], { special: 0, scale: 3 });
    const given = { q: q.host, k: k.host, v: v.host, m: mask.host };
    const scores = "(q.astype('float64') @ k.swapaxes(-1, -2) / 4)";
    const answer = (with_: string) => numpy(`special.softmax(${with_}, -1) @ v`, given);
    await judge(q.tensor.attention(k.tensor, v.tensor), await answer(scores), NEAR, "plain");
    await judge(
      q.tensor.attention(k.tensor, v.tensor, { mask: mask.tensor }),
      await answer(`${scores} + m`),
      NEAR,
      "mask",
    );
    await judge(
      q.tensor.attention(k.tensor, v.tensor, { causal: true }),
      await answer(`np.where(np.tri(10, 21, 11) > 0, ${scores}, -np.inf)`),
      NEAR,
      "causal",
    );
    // One query for an invocation, and two where they are wide; hidden values are no part of it, whatever they are.
    for (const [queries, width] of [
      [3, 6],
      [5, 132],
    ] as const) {
      const [one, other] = [
        await random.tensor("f32", [queries, width], PLAIN),
        await random.tensor("f32", [9, width], PLAIN),
      ];
      const data = Float32Array.from(other.host.data as Float32Array);
      data.fill(Number.POSITIVE_INFINITY, 8 * width); // of the key that the last query alone sees
      const found = one.tensor.attention(
        other.tensor,
        await createTensor(gpu, data, { shape: [9, width] }),
        { causal: true },
      );
      const own = `np.where(np.tri(${queries}, 9, ${9 - queries}) > 0, x.astype('float64') @ y.T / np.sqrt(${width}), -np.inf)`;
      const wanted = await numpy(`(special.softmax(${own}, -1) @ y)[:-1]`, {
        x: one.host,
        y: other.host,
      });
      await judge(found.slice([0, -1]), wanted, NEAR, `${queries} queries of ${width}`);
    }
    gpu.pool.trim();
    const before = gpu.pool.stats().live;
    const [long, wide] = [
      await random.tensor("f32", [600, 8], PLAIN),
      await random.tensor("f32", [600, 8], PLAIN),
    ];
    const region = gpu.pool.region(() => long.tensor.attention(wide.tensor, wide.tensor).compute());
    assert.ok(region.peak - before < 600 * 600 * 4, `peak ${region.peak}`);
  }));

test("errors name shapes, dtypes and arguments", async () => {
  const [a, b] = [
    await createTensor(gpu, new Float32Array(6), { shape: [2, 3], name: "weights" }),
    await createTensor(gpu, new Float32Array(8), { shape: [4, 2] }),
  ];
  const fails = (body: () => unknown, code: string, ...texts: string[]) =>
    assert.throws(body, (error: Error & { code?: string }) => {
      assert.equal(error.code, code);
      for (const text of texts) assert.ok(error.message.includes(text), error.message);
      return true;
    });
  fails(() => a.matmul(b), "SHAPE", "3 rows", "found 4", "[2, 3] and [4, 2]");
  fails(() => a.add(b), "SHAPE", "[2, 3]", "[4, 2]", "axis");
  fails(() => a.sum(2), "AXIS", "-2 to 1", "found 2");
  fails(() => a.reshape(4, 2), "SHAPE", "6 elements", "[4, 2]");
  fails(() => a.slice(5), "SLICE", "-2 to 1", "found 5");
  fails(() => a.bitAnd(1), "DTYPE", "f32");
  fails(() => a.cast("f64" as never), "DTYPE", "f64");
  fails(() => a.cast("i8").add(300), "DTYPE", "-128 to 127", "300");
  fails(() => a.take(b), "DTYPE", "integers", "f32[4, 2]");
  fails(() => a.conv2d(b), "SHAPE", "4 axes");
  fails(() => a.slice([0, 0]).max(), "EMPTY", "[0, 3]");
  fails(
    () =>
      a
        .broadcastTo(1 << 20, 1 << 10, 2, 3)
        .add(1)
        .compute(),
    "TOO_LARGE",
    "elements",
    "MiB",
  );
  await assert.rejects(createTensor(gpu, [[1, 2], [3]]), { code: "TENSOR_DATA" });
  await assert.rejects(createTensor(gpu, new BigInt64Array(2)), { code: "TENSOR_DATA" });
  const view: GpuTensor = a.T;
  a.dispose();
  fails(() => a.add(1), "DISPOSED", '"weights" f32[2, 3]');
  assert.deepEqual([...(await view.read())], [0, 0, 0, 0, 0, 0]); // a view holds the memory
  view.dispose();
  b.dispose();
});

test("indices at the far end of large tensors", () =>
  scoped(async () => {
    // 2^30 bools are 128 MiB, the most that some adapters bind.
    const count = Math.min(gpu.maxBinding, 2 ** 27) * 8;
    const all = full(gpu, [count], false).compute();
    const end = all.slice([count - 40, null]);
    assert.equal((await end.read()).length, 40);
    const spot = all.slice([count - 8, null, 3]).not();
    assert.deepEqual([...(await spot.read())], [1, 1, 1]);
    // A view of more elements than 32 bits count is only an error when it is computed.
    const wide = full(gpu, [1], 1).broadcastTo(2 ** 16, 2 ** 16, 2);
    assert.throws(() => wide.compute(), { code: "TOO_LARGE" });
    assert.deepEqual([...(await wide.slice(65535, 65535).read())], [1, 1]);
    // Strided reads beyond 2^31 elements from the first wrap nowhere: a ramp over 2^31 says where it is.
    const far = arange(gpu, 0, 2 ** 31 - 8).slice([2 ** 31 - 12, null]);
    assert.deepEqual(
      [...(await far.read())],
      [2 ** 31 - 12, 2 ** 31 - 11, 2 ** 31 - 10, 2 ** 31 - 9],
    );
  }));
