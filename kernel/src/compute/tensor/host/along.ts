// Along an axis on the host: reductions and running ones, in the same order of additions as the kernels (reduce.ts,
// scan.ts).
import type { Gpu } from "../../../gpu/index.ts";
import { DTYPES, type HostArray } from "../dtypes.ts";
import { type Expr, place } from "../expr.ts";
import type { Reducer } from "../ops.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { joinCode, type Summed } from "./code.ts";
import { hostValues, isFew, liesOnHost, made } from "./engine.ts";

/** `rows` rows of `each` elements, one after the other. */
export interface HostRows {
  readonly values: HostArray;
  readonly rows: number;
  readonly each: number;
}

/** The expression's elements with these axes last, in one row; undefined where the host does not compute them. */
export function hostRows(
  gpu: Gpu,
  expr: Expr,
  shape: Shape,
  axes: readonly number[],
): HostRows | undefined {
  if (!isFew(gpu, sizeOf(shape)) || !liesOnHost(expr)) return undefined;
  const order = [...shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const isPlain = order.every((axis, i) => axis === i);
  const turned = (of: readonly number[]) => order.map((axis) => of[axis]!);
  const moved = isPlain ? expr : place(expr, (one) => ({ ...one, strides: turned(one.strides) }));
  const values = hostValues(gpu, moved, isPlain ? shape : turned(shape));
  const each = sizeOf(axes.map((axis) => shape[axis]!));
  return values && { values, rows: values.length / each, each };
}

/** Rows of an axis, put back where the axis is. */
export function turnedBack(values: HostArray, shape: Shape, axis: number): HostArray {
  const inner = sizeOf(shape.slice(axis + 1));
  if (inner === 1) return values;
  const each = shape[axis]!;
  const out = values.slice();
  for (let row = 0, at = 0; at < values.length; row++) {
    const base = Math.floor(row / inner) * inner * each + (row % inner);
    for (let i = 0; i < each; i++) out[base + i * inner] = values[at++]!;
  }
  return out;
}

/** How an invocation of the kernel goes through its share of a row. */
interface Order {
  readonly lanes: number;
  readonly stretch: number;
  readonly parts: number;
}

type Fold = (from: HostArray, out: HostArray, rows: number, each: number, order: Order) => void;
type Run = (from: HostArray, out: HostArray, begin: number, end: number, first: number) => void;

const folds = new Map<string, Fold>();
const runs = new Map<string, Run>();

function cached<F>(of: Map<string, F>, key: string, text: () => string): F {
  let found = of.get(key);
  if (!found) {
    found = made<F>(text());
    of.set(key, found);
  }
  return found;
}

/** Four sums of every fourth element, joined in pairs. */
function foldText(join: (a: string, b: string) => string, identity: string): string {
  const sum = (k: number) => `s${k} = ${join(`s${k}`, `from[r + ${k}]`)};`;
  return `(from, out, rows, each, { lanes, stretch, parts }) => {
  for (let row = 0, at = 0; row < rows; row++) {
    for (let part = 0; part < parts; part++, at++) {
      const first = Math.floor(part / lanes) * stretch;
      const end = row * each + Math.min(each, first + stretch);
      let s0 = ${identity}, s1 = ${identity}, s2 = ${identity}, s3 = ${identity};
      let r = row * each + first + (part % lanes) * 4;
      for (; r + 3 < end; r += lanes * 4) { ${[0, 1, 2, 3].map(sum).join(" ")} }
      if (r < end) { ${sum(0)} }
      if (r + 1 < end) { ${sum(1)} }
      if (r + 2 < end) { ${sum(2)} }
      out[at] = ${join(`(${join("s0", "s1")})`, `(${join("s2", "s3")})`)};
    }
  }
}`;
}

/** What each row, or each part of it, comes to. */
export function folded(
  { values, rows, each }: HostRows,
  how: Reducer,
  computed: Summed,
  order: Order,
): HostArray {
  const { join, identity } = joinCode(how, computed);
  const fold = cached(folds, `${how} ${computed}`, () => foldText(join, identity));
  const out = new DTYPES[computed].array(rows * order.parts);
  fold(values, out, rows, each, order);
  return out;
}

/** One after the other, from `first` on. */
function runText(join: (a: string, b: string) => string): string {
  return `(from, out, begin, end, first) => {
  let sum = first;
  for (let i = begin; i < end; i++) out[i] = sum = ${join("sum", "from[i]")};
}`;
}

/** Running reductions of each row; stretches of a long one begin with what those before come to. */
export function running(
  { values, rows, each }: HostRows,
  how: Reducer,
  computed: Summed,
  stretch: number,
): HostArray {
  const { join, identity } = joinCode(how, computed);
  const run = cached(runs, `${how} ${computed}`, () => runText(join));
  const out = new DTYPES[computed].array(values.length);
  const whole = each > stretch ? Math.floor(each / stretch) : 0;
  const starts = whole > 0 ? startsOf({ values, rows, each }, how, computed, stretch) : undefined;
  for (let row = 0; row < rows; row++) {
    for (let begin = 0, part = 0; begin < each; begin += stretch, part++) {
      const first = starts && part > 0 ? starts[row * whole + part - 1]! : Number(identity);
      const base = row * each;
      run(values, out, base + begin, base + Math.min(each, begin + stretch), first);
    }
  }
  return out;
}

function startsOf(
  { values, rows, each }: HostRows,
  how: Reducer,
  computed: Summed,
  stretch: number,
): HostArray {
  const whole = Math.floor(each / stretch);
  const order = { lanes: 1, stretch, parts: whole };
  const totals = folded({ values, rows, each }, how, computed, order);
  return running({ values: totals, rows, each: whole }, how, computed, stretch);
}
