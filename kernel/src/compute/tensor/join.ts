// Tensors one beside the other, in one kernel for a few of them. Seen from the axis that they are joined along, each
// is rows of so many elements in order, and a row of the result is a row of each.
import type { Gpu } from "../../gpu/index.ts";
import { DTYPES, type Dtype, type HostArray } from "./dtypes.ts";
import { type Expr, type Leaf, placedOf, storagesOf } from "./expr.ts";
import { hostValues, isFew, kept, liesOnHost } from "./host/engine.ts";
import { joinedOnHost } from "./host/move.ts";
import { castTo } from "./operands.ts";
import { reducedIn } from "./reduce.ts";
import { type Shape, sizeOf } from "./shape.ts";
import type { Storage } from "./storage.ts";
import { Element } from "./wgsl/element.ts";
import { type Kernel, MAX_WORDS } from "./wgsl/kernel.ts";
import { launch, Signature } from "./wgsl/launch.ts";
import { written } from "./written.ts";

/** Parts that one kernel writes, at most. */
const MOST_PARTS = 4;
/** Memory that one kernel reads, at most: a binding is the result's. */
const MOST_MEMORY = 7;
/** Words of parameters that the parts of one kernel may take, of those that it has. */
const MOST_PARAMS = MAX_WORDS - 16;

interface Part {
  readonly expr: Expr;
  readonly shape: Shape;
  /** Elements of a row. */
  readonly width: number;
}

/**
 * Elements of each part along `axis`, as f32, i32 or u32: narrow dtypes are packed by what uses them. Those on the host
 * are of the dtype itself.
 */
export function joined(
  gpu: Gpu,
  parts: readonly { expr: Expr; shape: Shape }[],
  dtype: Dtype,
  axis: number,
): Leaf {
  const wide = reducedIn(dtype);
  const length = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  const shape = parts[0]!.shape.with(axis, length);
  const rows = sizeOf(shape.slice(0, axis));
  const known = valuesOnHost(gpu, parts, dtype, axis);
  if (known) return kept(gpu, joinedOnHost(known, dtype, rows), shape, dtype, "concat");
  const width = sizeOf(shape.slice(axis));
  return written(gpu, shape, wide, "concat", ({ storage }) => {
    let begin = 0;
    for (const group of grouped(parts, dtype, axis)) {
      writeGroup(gpu, group, storage, wide, { rows, width, begin });
      begin += group.reduce((sum, part) => sum + part.width, 0);
    }
  });
}

/** The elements of each part that has any, and how many a row has; undefined unless all are few, and on the host. */
function valuesOnHost(
  gpu: Gpu,
  parts: readonly { expr: Expr; shape: Shape }[],
  dtype: Dtype,
  axis: number,
): { values: HostArray; width: number }[] | undefined {
  const count = parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (!isFew(gpu, count) || !parts.every(({ expr }) => liesOnHost(expr))) return undefined;
  const found: { values: HostArray; width: number }[] = [];
  for (const { expr, shape } of parts) {
    if (sizeOf(shape) === 0) continue;
    const values = hostValues(gpu, castTo(expr, dtype), shape);
    if (!values) return undefined;
    found.push({ values, width: sizeOf(shape.slice(axis)) });
  }
  return found;
}

/** The parts that have elements, as many together as a kernel takes. */
function grouped(
  parts: readonly { expr: Expr; shape: Shape }[],
  dtype: Dtype,
  axis: number,
): Part[][] {
  const groups: Part[][] = [];
  let memory = new Set<Storage>();
  let words = 0;
  for (const { expr, shape } of parts) {
    if (sizeOf(shape) === 0) continue;
    const cast = castTo(castTo(expr, dtype), reducedIn(dtype));
    const part = { expr: cast, shape, width: sizeOf(shape.slice(axis)) };
    const group = groups.at(-1);
    const all = new Set([...memory, ...storagesOf(expr)]);
    const own = paramsOf(expr, shape.length);
    const fits = all.size <= MOST_MEMORY && words + own <= MOST_PARAMS;
    if (group && group.length < MOST_PARTS && fits) {
      group.push(part);
      memory = all;
      words += own;
    } else {
      groups.push([part]);
      memory = new Set(storagesOf(expr));
      words = own;
    }
  }
  return groups;
}

/** Words of parameters of a part, at most: strides and offsets, constants, sizes. */
const paramsOf = (expr: Expr, rank: number): number =>
  placedOf(expr).length * (rank + 1) + (expr.kind === "call" ? expr.calls * 3 : 1) + rank + 3;

interface Target {
  readonly rows: number;
  /** Elements of a row of the result, and where in it the group begins. */
  readonly width: number;
  readonly begin: number;
}

function writeGroup(
  gpu: Gpu,
  parts: readonly Part[],
  to: Storage,
  dtype: Dtype,
  target: Target,
): void {
  const { rows, width, begin } = target;
  const signature = new Signature("concat").add(rows, width, begin).bind(to);
  for (const { expr, shape } of parts) signature.add(shape).expr(expr);
  launch(gpu, signature, (kernel) => build(kernel, parts, to, dtype, target));
}

function build(
  kernel: Kernel,
  parts: readonly Part[],
  to: Storage,
  dtype: Dtype,
  { rows, width, begin }: Target,
): void {
  const { computed } = DTYPES[dtype];
  const four =
    [width, begin, ...parts.map((part) => part.width)].every((size) => size % 4 === 0) &&
    parts.every(({ expr, shape }) => Element.vectors(expr, shape));
  const step = four ? 4 : 1;
  const whole = parts.reduce((sum, part) => sum + part.width, 0) / step;
  const elements = parts.map(({ expr, shape }, i) => {
    const axes = shape.map((_, axis) => axis);
    return new Element(kernel, expr, shape, four ? [[]] : [axes], `part${i}`);
  });
  if (four) for (const element of elements) element.bindVectors();
  let first = 0;
  const branches = parts.map(({ width: size }, i) => {
    const element = elements[i]!;
    const { lines, values } = four
      ? element.vector("i")
      : { lines: element.unravel(0, "i"), values: [] };
    const value = four ? `vec4<${computed}>(${values.join(", ")})` : element.at();
    const from = kernel.word(first);
    first += size / step;
    const test = i === parts.length - 1 ? "" : `if (column < ${kernel.word(first)}) `;
    return [
      `${test}{`,
      `let i = row * ${kernel.word(size / step)} + column - ${from};`,
      ...lines,
      `value = ${value};`,
      "}",
    ].join("\n");
  });
  const type = four ? `vec4<${computed}>` : computed;
  const out = kernel.bind(to, type).name;
  const count = rows * whole;
  const across = kernel.word(whole);
  const body = [
    `if (at >= ${kernel.word(count)}) { return; }`,
    `let row = at / ${across};`,
    `let column = at % ${across};`,
    `var value: ${type};`,
    branches.join(" else "),
    `${out}[row * ${kernel.word(width / step)} + ${kernel.word(begin / step)} + column] = value;`,
  ];
  kernel.run("concat", count, body.join("\n"));
}
