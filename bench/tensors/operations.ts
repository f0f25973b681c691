// The operations that both sides have, as each writes them: x and y are f32 of one size, rows 1,024 wide where it
// matters; z is i32 indices, and m bools. Those of elements and along axes; structured.ts has the others.
import type { GpuTensor } from "../../kernel/src/compute/index.ts";

// biome-ignore lint/suspicious/noExplicitAny: TF.js is not installed where types are checked
export type Tf = any;

export interface Operands<T> {
  x: T;
  y: T;
  rows: T;
  z: T;
  m: T;
  other: T;
  /** Rows of eight. */
  eights: T;
  /** Squares of 32 by 32, of x and of y. */
  squares: T;
  factors: T;
  /** NHWC with 16 channels, and filters of 3 by 3. */
  image: T;
  filter: T;
  depthwise: T;
  /** A quarter of z and of y, and groups of elements. */
  places: T;
  updates: T;
  groups: T;
}

export interface Operation {
  readonly name: string;
  readonly ours: (of: Operands<GpuTensor>) => GpuTensor;
  readonly theirs: (tf: Tf, of: Operands<Tf>) => Tf;
  /** Allowed difference, relative. */
  readonly near?: number;
}

const unary = (name: string, theirs = name, near = 2e-3): Operation => ({
  name,
  ours: ({ x }) => x[name as "abs"](),
  theirs: (tf, { x }) => tf[theirs](x),
  near,
});
const binary = (name: string, theirs = name, near = 1e-5): Operation => ({
  name,
  ours: ({ x, y }) => x[name as "add"](y),
  theirs: (tf, { x, y }) => tf[theirs](x, y),
  near,
});
const reduction = (name: string, theirs = name): Operation => ({
  name,
  ours: ({ x }) => x[name as "sum"](),
  theirs: (tf, { x }) => tf[theirs](x),
  near: 1e-3,
});
const byRow = (name: string, theirs = name): Operation => ({
  name: `${name} of rows`,
  ours: ({ rows }) => rows[name as "sum"](1),
  theirs: (tf, { rows }) => tf[theirs](rows, 1),
  near: 1e-3,
});

const plain = (
  name: string,
  ours: Operation["ours"],
  theirs: Operation["theirs"],
  near?: number,
): Operation => ({ name, ours, theirs, ...(near === undefined ? {} : { near }) });

export const ELEMENTS: Operation[] = [
  ...[
    "neg",
    "abs",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "relu",
    "elu",
    "floor",
    "ceil",
    "square",
    "reciprocal",
    "erf",
    "softplus",
    "log1p",
    "expm1",
    "sign",
    "atan",
    "sinh",
    "cosh",
    "tan",
    "asin",
    "acos",
    "asinh",
    "acosh",
    "round",
    "relu6",
    "selu",
    "logSigmoid",
    "step",
    "isFinite",
    "isInf",
  ].map((name) => unary(name)),
  unary("isNan", "isNaN"),
  plain(
    "not",
    ({ m }) => m.not(),
    (tf, { m }) => tf.logicalNot(m),
  ),
  plain(
    "cast to i32",
    ({ x }) => x.cast("i32"),
    (tf, { x }) => tf.cast(x, "int32"),
  ),
  ...["add", "sub", "mul", "div", "maximum", "minimum", "atan2"].map((name) => binary(name)),
  binary("pow", "pow", 1e-3),
  binary("lt", "less"),
  binary("le", "lessEqual"),
  binary("gt", "greater"),
  binary("ge", "greaterEqual"),
  binary("eq", "equal"),
  binary("ne", "notEqual"),
  ...["floorDiv", "mod", "squaredDifference", "divNoNan"].map((name) => binary(name)),
  plain(
    "and",
    ({ m, other }) => m.and(other),
    (tf, { m, other }) => tf.logicalAnd(m, other),
  ),
  plain(
    "or",
    ({ m, other }) => m.or(other),
    (tf, { m, other }) => tf.logicalOr(m, other),
  ),
  plain(
    "xor",
    ({ m, other }) => m.xor(other),
    (tf, { m, other }) => tf.logicalXor(m, other),
  ),
  plain(
    "prelu",
    ({ x, y }) => x.leakyRelu(y),
    (tf, { x, y }) => tf.prelu(x, y),
  ),
  ...["sum", "mean", "max", "min"].map((name) => reduction(name)),
  ...["sum", "mean", "max", "min", "argMax", "argMin"].map((name) => byRow(name)),
  plain(
    "prod of eights",
    ({ eights }) => eights.prod(1),
    (tf, { eights }) => tf.prod(eights, 1),
    1e-3,
  ),
  plain(
    "any",
    ({ m }) => m.any(),
    (tf, { m }) => tf.any(m),
  ),
  plain(
    "all",
    ({ m }) => m.all(),
    (tf, { m }) => tf.all(m),
  ),
  plain(
    "sum of columns",
    ({ rows }) => rows.sum(0),
    (tf, { rows }) => tf.sum(rows, 0),
    1e-3,
  ),
  plain(
    "variance of rows (moments)",
    ({ rows }) => rows.variance(1),
    (tf, { rows }) => tf.moments(rows, 1).variance,
    1e-3,
  ),
  plain(
    "norm of rows",
    ({ rows }) => rows.norm(1),
    (tf, { rows }) => tf.norm(rows, "euclidean", 1),
    1e-3,
  ),
  {
    name: "softmax",
    ours: ({ rows }) => rows.softmax(),
    theirs: (tf, { rows }) => tf.softmax(rows),
    near: 1e-3,
  },
  plain(
    "logSoftmax",
    ({ rows }) => rows.logSoftmax(),
    (tf, { rows }) => tf.logSoftmax(rows),
    1e-3,
  ),
  plain(
    "cumProd of eights",
    ({ eights }) => eights.cumProd(1),
    (tf, { eights }) => tf.cumprod(eights, 1),
    1e-3,
  ),
  {
    name: "logSumExp",
    ours: ({ rows }) => rows.logSumExp(1),
    theirs: (tf, { rows }) => tf.logSumExp(rows, 1),
    near: 1e-3,
  },
  {
    name: "cumSum",
    ours: ({ rows }) => rows.cumSum(1),
    theirs: (tf, { rows }) => tf.cumsum(rows, 1),
    near: 1e-3,
  },
  {
    name: "transpose",
    ours: ({ rows }) => rows.T.copy(),
    theirs: (tf, { rows }) => tf.transpose(rows),
  },
  {
    name: "concat",
    ours: ({ x, y }) => x.concat([y]),
    theirs: (tf, { x, y }) => tf.concat([x, y]),
  },
  {
    name: "pad",
    ours: ({ rows }) =>
      rows.pad([
        [1, 1],
        [0, 0],
      ]),
    theirs: (tf, { rows }) =>
      tf.pad(rows, [
        [1, 1],
        [0, 0],
      ]),
  },
  { name: "flip", ours: ({ x }) => x.flip().add(0), theirs: (tf, { x }) => tf.reverse(x) },
  { name: "take", ours: ({ x, z }) => x.take(z), theirs: (tf, { x, z }) => tf.gather(x, z) },
  {
    name: "where",
    ours: ({ x, y, m }) => m.where(x, y),
    theirs: (tf, { x, y, m }) => tf.where(m, x, y),
  },
  {
    name: "clamp",
    ours: ({ x }) => x.clamp(0.2, 0.8),
    theirs: (tf, { x }) => tf.clipByValue(x, 0.2, 0.8),
  },
  {
    name: "leakyRelu",
    ours: ({ x }) => x.leakyRelu(0.1),
    theirs: (tf, { x }) => tf.leakyRelu(x, 0.1),
  },
];
