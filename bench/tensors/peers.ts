// Cenote beside TF.js, jax-js and onnxruntime-web: products of matrices, a chain, a sum, softmax and a small addition,
// all four by turns on one device. Everyone has the same numbers, results are compared with ours, and inputs and
// results of all stay on the device.
import assert from "node:assert/strict";
import type { GpuTensor } from "../../kernel/src/compute/index.ts";
import { RandomStream } from "../../kernel/src/compute/index.ts";
import { countOutside } from "../../kernel/src/gpu/index.ts";
import { type Jax, loadJaxOn, loadOrtOn, type OrtLibrary } from "./libraries.ts";
import { done, medians, type Sides, type Times, tfDone, timed } from "./measure.ts";
import type { Model } from "./onnx.ts";
import type { Tf } from "./operations.ts";

type Ours = readonly GpuTensor[];
// biome-ignore lint/suspicious/noExplicitAny: peers are not installed where types are checked
type Theirs = readonly any[];

interface Race {
  readonly name: string;
  readonly shapes: readonly number[][];
  readonly ours: (...of: Ours) => GpuTensor;
  readonly tf: (tf: Tf, ...of: Theirs) => Tf;
  /** Takes its operands' references, as jax-js does; compiled by its jit. */
  readonly jax: (np: Tf, jax: Tf, ...of: Theirs) => Tf;
  readonly onnx: Omit<Model, "inputs">;
  readonly near: number;
}

const node = (
  op: string,
  inputs: string[],
  output: string,
  attributes: Record<string, number[]> = {},
) => ({ op, inputs, output, attributes });

const RACES = (size: number, products: readonly number[]): Race[] => [
  ...products.map(
    (n): Race => ({
      name: `matmul ${n}²`,
      shapes: [
        [n, n],
        [n, n],
      ],
      ours: (x, y) => x!.matmul(y!),
      tf: (tf, x, y) => tf.matMul(x, y),
      jax: (np, _, x, y) => np.matmul(x, y),
      onnx: { nodes: [node("MatMul", ["x0", "x1"], "z")], output: "z" },
      near: 1e-3,
    }),
  ),
  {
    name: "one row by 2048²",
    shapes: [
      [1, 2048],
      [2048, 2048],
    ],
    ours: (x, y) => x!.matmul(y!),
    tf: (tf, x, y) => tf.matMul(x, y),
    jax: (np, _, x, y) => np.matmul(x, y),
    onnx: { nodes: [node("MatMul", ["x0", "x1"], "z")], output: "z" },
    near: 1e-3,
  },
  {
    name: "one row by 2048², transposed",
    shapes: [
      [1, 2048],
      [2048, 2048],
    ],
    ours: (x, y) => x!.matmul(y!.T),
    tf: (tf, x, y) => tf.matMul(x, y, false, true),
    jax: (np, _, x, y) => np.matmul(x, np.transpose(y)),
    onnx: {
      nodes: [node("Transpose", ["x1"], "y"), node("MatMul", ["x0", "y"], "z")],
      output: "z",
    },
    near: 1e-3,
  },
  {
    name: "conv2d 64²·32, 3×3·64",
    shapes: [
      [2, 64, 64, 32],
      [3, 3, 32, 64],
    ],
    ours: (x, y) => x!.conv2d(y!),
    tf: (tf, x, y) => tf.conv2d(x, y, 1, "valid"),
    // Both want channels first: their transposes are part of it.
    jax: (np, jax, x, y) =>
      np.transpose(
        jax.lax.convGeneralDilated(
          np.transpose(x, [0, 3, 1, 2]),
          np.transpose(y, [3, 2, 0, 1]),
          [1, 1],
          "VALID",
        ),
        [0, 2, 3, 1],
      ),
    onnx: {
      nodes: [
        node("Transpose", ["x0"], "image", { perm: [0, 3, 1, 2] }),
        node("Transpose", ["x1"], "filter", { perm: [3, 2, 0, 1] }),
        node("Conv", ["image", "filter"], "made"),
        node("Transpose", ["made"], "z", { perm: [0, 2, 3, 1] }),
      ],
      output: "z",
    },
    near: 1e-3,
  },
  {
    name: "attention 8·256·64",
    shapes: [
      [8, 256, 64],
      [8, 256, 64],
      [8, 256, 64],
    ],
    ours: (q, k, v) => q!.attention(k!, v!, { scale: 1 / 64 }),
    tf: (tf, q, k, v) =>
      tf.tidy(() => tf.matMul(tf.softmax(tf.div(tf.matMul(q, k, false, true), 64)), v)),
    jax: (np, jax, q, k, v) =>
      np.matmul(jax.nn.softmax(np.matmul(q, np.transpose(k, [0, 2, 1])).mul(1 / 64), -1), v),
    onnx: {
      nodes: [
        node("Transpose", ["x1"], "t", { perm: [0, 2, 1] }),
        node("MatMul", ["x0", "t"], "s"),
        node("Mul", ["s", "part"], "r"),
        node("Softmax", ["r"], "w"),
        node("MatMul", ["w", "x2"], "z"),
      ],
      constants: { part: 1 / 64 },
      output: "z",
    },
    near: 1e-3,
  },
  {
    name: "chain of five",
    shapes: [[size], [size]],
    ours: (x, y) => x!.mul(y!).add(1).relu().sub(y!).square(),
    tf: (tf, x, y) => tf.tidy(() => tf.square(tf.sub(tf.relu(tf.add(tf.mul(x, y), 1)), y))),
    jax: (np, jax, x, y) => np.square(jax.nn.relu(x.mul(y.ref).add(1)).sub(y)),
    onnx: {
      nodes: [
        node("Mul", ["x0", "x1"], "a"),
        node("Add", ["a", "one"], "b"),
        node("Relu", ["b"], "c"),
        node("Sub", ["c", "x1"], "d"),
        node("Mul", ["d", "d"], "z"),
      ],
      constants: { one: 1 },
      output: "z",
    },
    near: 1e-4,
  },
  {
    name: "sum",
    shapes: [[size]],
    ours: (x) => x!.sum(),
    tf: (tf, x) => tf.sum(x),
    jax: (np, _, x) => np.sum(x),
    onnx: { nodes: [node("ReduceSum", ["x0"], "z")], output: "z" },
    near: 1e-3,
  },
  {
    name: "softmax of rows of 1,024",
    shapes: [[size / 1024, 1024]],
    ours: (x) => x!.softmax(),
    tf: (tf, x) => tf.softmax(x),
    jax: (_np, jax, x) => jax.nn.softmax(x, -1),
    onnx: { nodes: [node("Softmax", ["x0"], "z")], output: "z" },
    near: 1e-4,
  },
  {
    name: "small addition, 1,024",
    shapes: [[1024], [1024]],
    ours: (x, y) => x!.add(y!),
    tf: (tf, x, y) => tf.add(x, y),
    jax: (_np, _jax, x, y) => x.add(y),
    onnx: { nodes: [node("Add", ["x0", "x1"], "z")], output: "z" },
    near: 0,
  },
];

interface Runner {
  readonly name: string;
  /** Runs it until the device is done; gives its result's end, and its first elements where they are asked for. */
  run(): Promise<Result>;
  end(): void;
}

interface Result {
  read(): Promise<ArrayLike<number>>;
  end(): void;
}

interface Libraries extends Sides {
  readonly jax: Jax;
  readonly ort: OrtLibrary;
}

/** All four with their operands on the device. */
async function runners(libraries: Libraries, race: Race): Promise<Runner[]> {
  const {
    gpu,
    tf,
    jax: { jax },
    ort,
  } = libraries;
  const { shapes } = race;
  const mine = shapes.map((shape, i) =>
    new RandomStream(() => gpu, i + 20).uniform(shape, 0.05, 2).compute(),
  );
  const data = (await Promise.all(mine.map((one) => one.read()))) as Float32Array[];
  const waited = () => gpu.device.queue.onSubmittedWorkDone();
  const its = shapes.map((shape, i) => tf.tensor(data[i], shape, "float32"));
  const arrays = shapes.map((shape, i) => jax.numpy.array(data[i]).reshape(shape));
  const compiled = jax.jit((...of: Theirs) => race.jax(jax.numpy, jax, ...of));
  const inputs = Object.fromEntries(shapes.map(({ length }, i) => [`x${i}`, length]));
  const session = await ort.session({ ...race.onnx, inputs });
  const buffers = shapes.map((shape, i) => onDevice(libraries, data[i]!, shape));
  const feeds = Object.fromEntries(buffers.map(({ tensor }, i) => [`x${i}`, tensor]));
  return [
    {
      name: "cenote",
      run: async () => {
        const made = await done(gpu, () => race.ours(...mine).compute());
        return { read: () => made.read(), end: () => made.dispose() };
      },
      end: () =>
        mine.forEach((one) => {
          one.dispose();
        }),
    },
    {
      name: "TF.js",
      run: async () => {
        const made = race.tf(tf, ...its);
        await tfDone(libraries);
        return { read: () => made.data(), end: () => made.dispose() };
      },
      end: () =>
        its.forEach((one) => {
          one.dispose();
        }),
    },
    {
      name: "jax-js",
      run: async () => {
        const made = compiled(...arrays.map((one) => one.ref));
        await jax.blockUntilReady(made);
        await waited();
        return { read: () => made.ref.data(), end: () => made.dispose() };
      },
      end: () =>
        arrays.forEach((one) => {
          one.dispose();
        }),
    },
    {
      name: "onnxruntime-web",
      run: async () => {
        const made = await session.run(feeds);
        await waited();
        return { read: () => made.getData(), end: () => made.dispose() };
      },
      end: () =>
        buffers.forEach(({ buffer }) => {
          buffer.destroy();
        }),
    },
  ];
}

/** An input of onnxruntime-web's that lies on the device. */
function onDevice(
  { gpu: { device }, ort: { ort } }: Libraries,
  data: Float32Array,
  dims: number[],
) {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const buffer = device.createBuffer({ size: data.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, data.slice());
  return { buffer, tensor: ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims }) };
}

function mustAgree(
  name: string,
  who: string,
  found: ArrayLike<number>,
  ours: ArrayLike<number>,
  near: number,
) {
  assert.equal(found.length, ours.length, `${name}: sizes of ${who}`);
  for (let i = 0; i < ours.length; i++) {
    const apart = Math.abs(found[i]! - ours[i]!);
    const fits = apart <= near * Math.max(1, Math.abs(ours[i]!));
    assert.ok(fits, `${name}: element ${i}: cenote ${ours[i]}, ${who} ${found[i]}`);
  }
}

async function raced(libraries: Libraries, race: Race, runs: number): Promise<[string, Times][]> {
  const all = await runners(libraries, race);
  const times = all.map((): Times[] => []);
  let ours: ArrayLike<number> = [];
  for (const [i, { name, run }] of all.entries()) {
    const result = await run();
    const found = await result.read();
    if (i === 0) ours = found;
    mustAgree(race.name, name, found, ours, race.near);
    result.end();
  }
  for (let turn = 0; turn < runs; turn++) {
    for (const [i, { run }] of all.entries()) {
      let result: Result | undefined;
      const took = await timed(async () => {
        result = await run();
      });
      result!.end();
      times[i]!.push(took);
    }
  }
  for (const one of all) one.end();
  return all.map(({ name }, i) => [name, medians(times[i]!)]);
}

/** Prints a row for each race, or for those whose names begin so: medians, and the quickest peer's time divided by ours. */
export async function againstAll(
  sides: Sides,
  size: number,
  products: readonly number[],
  runs: number,
  only: readonly string[],
) {
  const device = countOutside(sides.gpu.device);
  const libraries = { ...sides, jax: await loadJaxOn(device), ort: await loadOrtOn(device) };
  console.log(
    `\nbeside jax-js ${libraries.jax.version} and onnxruntime-web ${libraries.ort.version}; ${size.toLocaleString("en")} elements; wall (processor) in ms, and the quickest peer ÷ cenote`,
  );
  const races = RACES(size, products).filter(
    ({ name }) => only.length === 0 || only.some((one) => name.startsWith(one)),
  );
  for (const race of races) {
    const times = await raced(libraries, race, race.name.startsWith("small") ? runs * 20 : runs);
    const best = (kind: keyof Times) =>
      Math.min(...times.slice(1).map(([, took]) => took[kind])) / times[0]![1][kind];
    const cells = times.map(([name, { wall, processor }]) =>
      `${name} ${wall.toFixed(2)} (${processor.toFixed(2)})`.padEnd(28),
    );
    console.log(
      `${race.name.padEnd(28)} ${cells.join("")} ${best("wall").toFixed(2)} × (${best("processor").toFixed(2)} ×)`,
    );
  }
}
