// What cenote, TF.js, jax-js and onnxruntime-web do by turns (peers.ts): products of matrices, one row by a matrix, a
// convolution, attention, a chain, a sum, softmax and a small addition, in the words of each.
import type { GpuTensor } from "../../kernel/src/compute/index.ts";
import type { Model } from "./onnx.ts";
import type { Tf } from "./operations.ts";

type Ours = readonly GpuTensor[];
// biome-ignore lint/suspicious/noExplicitAny: peers are not installed where types are checked
export type Theirs = readonly any[];

export interface Race {
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

export const RACES = (size: number, products: readonly number[]): Race[] => [
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
