// Reductions over any axes. An invocation adds up four sums of every fourth element and joins them; where one
// result has many elements, sixteen invocations share each stretch of 4,096, and what they give is reduced again.
// The order depends on the shape alone, so that the same numbers come out on every adapter.
import type { Gpu } from "../../gpu/index.ts";
import { DTYPES, type Dtype, type HostArray } from "./dtypes.ts";
import { type Expr, type Leaf, leaf } from "./expr.ts";
import { folded, type HostRows, hostRows } from "./host/along.ts";
import type { Summed } from "./host/code.ts";
import { kept } from "./host/engine.ts";
import { castTo } from "./operands.ts";
import type { Reducer } from "./ops.ts";
import { rowMajor, type Shape, sizeOf } from "./shape.ts";
import { allocate, checkElements, type Storage } from "./storage.ts";
import { Element } from "./wgsl/element.ts";
import type { Kernel } from "./wgsl/kernel.ts";
import { launch, Signature } from "./wgsl/launch.ts";

const LANES = 16;
/** Elements that the lanes reduce together. */
const STRETCH = 4096;
/** Elements that one invocation reduces alone, at most, where there are few results. */
const ALONE = 1024;
/** Results from which on an invocation each is enough. */
const MANY = 8192;

interface Joining {
  readonly identity: (computed: string) => number;
  readonly join: (computed: string, a: string, b: string) => string;
  readonly helpers: (computed: string) => readonly string[];
}

const f32Bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]!;
const F32_INF = 0x7f800000;
const extreme = (own: string, built: string, f32: number, i32: number, u32: number): Joining => ({
  identity: (at) => ({ f32, i32, u32 })[at as "f32"],
  join: (at, a, b) => `${at === "f32" ? own : built}(${a}, ${b})`,
  helpers: (at) => (at === "f32" ? [own] : []),
});
export const JOINING: Readonly<Record<Reducer, Joining>> = {
  sum: { identity: () => 0, join: (_, a, b) => `${a} + ${b}`, helpers: () => [] },
  prod: {
    identity: (at) => (at === "f32" ? 0x3f800000 : 1),
    join: (_, a, b) => `${a} * ${b}`,
    helpers: () => [],
  },
  min: extreme("least", "min", F32_INF, 0x7fffffff, 0xffffffff),
  max: extreme("greatest", "max", F32_INF + 2 ** 31, 0x80000000, 0),
};

/** What elements are brought to before they are reduced: sums of narrow integers are of 32 bits. */
export const reducedIn = (dtype: Dtype): Summed => {
  const { computed } = DTYPES[dtype];
  return computed === "bool" ? "u32" : computed;
};

/** Whether an invocation each is enough for so many rows of so many elements. */
export const isAlone = (rows: number, each: number): boolean => each <= ALONE || rows >= MANY;

/** Four sums in pairs. */
export const joinedSums = (join: (a: string, b: string) => string): string =>
  join(`(${join("s0", "s1")})`, `(${join("s2", "s3")})`);

/**
 * The expression reduced over `axes` (counted from 0, in order), as f32, i32 or u32 in the order of the other axes.
 * `divisor`: what sums of floats are divided by.
 */
export function reduced(
  gpu: Gpu,
  expr: Expr,
  shape: Shape,
  axes: readonly number[],
  how: Reducer,
  what: string = how,
  divisor = 1,
): Leaf {
  const outer = shape.map((_, i) => i).filter((axis) => !axes.includes(axis));
  const rows = sizeOf(outer.map((axis) => shape[axis]!));
  const each = sizeOf(axes.map((axis) => shape[axis]!));
  checkElements(gpu, [rows, each], "bool", what);
  const dtype = reducedIn(expr.dtype);
  const source = castTo(expr, dtype);
  const left = outer.map((axis) => shape[axis]!);
  const known = hostRows(gpu, source, shape, axes);
  if (known) return kept(gpu, reducedRows(known, how, dtype, divisor), left, dtype, what);
  const { lanes, parts } = sharing(rows, each);
  const target = lanes === 1 ? left : [rows, parts];
  const storage = allocate(gpu, target, source.dtype, what);
  try {
    const last = lanes === 1 ? divisor : 1;
    const signature = new Signature(how).add(shape, axes, last).bind(storage).expr(source);
    launch(gpu, signature, (kernel) => {
      const reduction = new Reduction(kernel, source, shape, [outer, axes], how);
      reduction.run(storage, { rows, each, parts, lanes, what, divisor: last });
    });
    if (lanes === 1) return leaf(storage, source.dtype, rowMajor(left));
    const partial = leaf(storage, source.dtype, [parts, 1]);
    const whole = reduced(gpu, partial, target, [1], how, what, divisor);
    storage.block.dispose();
    return { ...whole, strides: rowMajor(left) };
  } catch (error) {
    storage.block.dispose();
    throw error;
  }
}

/** How many invocations share each row, and how many stretches of it they give each. */
function sharing(rows: number, each: number): { lanes: number; parts: number } {
  if (isAlone(rows, each)) return { lanes: 1, parts: 1 };
  return { lanes: LANES, parts: Math.ceil(each / STRETCH) * LANES };
}

/** The same by the host, in the same order. */
function reducedRows(of: HostRows, how: Reducer, dtype: Summed, divisor: number): HostArray {
  const { lanes, parts } = sharing(of.rows, of.each);
  const stretch = lanes === 1 ? of.each : STRETCH;
  const values = folded(of, how, dtype, { lanes, parts, stretch });
  if (lanes > 1) return reducedRows({ values, rows: of.rows, each: parts }, how, dtype, divisor);
  if (divisor !== 1) for (let i = 0; i < values.length; i++) values[i]! /= Math.fround(divisor);
  return values;
}

interface Extent {
  readonly rows: number;
  readonly each: number;
  readonly parts: number;
  readonly lanes: number;
  readonly what: string;
  readonly divisor: number;
}

class Reduction {
  readonly #kernel: Kernel;
  readonly #element: Element;
  readonly #computed: string;
  readonly #joining: Joining;
  /** Whether four elements are one load: what is reduced lies at the end of each row. */
  readonly #vectors: boolean;

  constructor(
    kernel: Kernel,
    expr: Expr,
    shape: Shape,
    [outer, inner]: [readonly number[], readonly number[]],
    how: Reducer,
  ) {
    this.#kernel = kernel;
    const trailing = [...outer, ...inner].every((axis, i) => axis === i);
    const each = sizeOf(inner.map((axis) => shape[axis]!));
    this.#vectors = trailing && each % 4 === 0 && Element.vectors(expr, shape);
    this.#element = new Element(
      this.#kernel,
      expr,
      shape,
      this.#vectors ? [[], []] : [outer, inner],
    );
    this.#computed = DTYPES[expr.dtype].computed;
    this.#joining = JOINING[how];
    this.#kernel.use(this.#joining.helpers(this.#computed));
  }

  run(to: Storage, { rows, each, parts, lanes, what, divisor }: Extent): void {
    const kernel = this.#kernel;
    const [total, of, count] = [rows * parts, parts, each].map((value) => kernel.word(value));
    const identity = kernel.word(this.#joining.identity(this.#computed));
    const [step, stretch] = [kernel.word(lanes * 4), kernel.word(lanes === 1 ? 0 : STRETCH)];
    const end = lanes === 1 ? count : `min(${count}, first + ${stretch})`;
    const zero = this.#computed === "u32" ? identity : `bitcast<${this.#computed}>(${identity})`;
    const sums = [0, 1, 2, 3];
    const lines = [
      `if (at >= ${total}) { return; }`,
      `let row = at / ${of};`,
      `let part = at % ${of};`,
      ...(this.#vectors ? [] : this.#element.unravel(0, "row")),
      `let first = (part / ${LANES}u) * ${stretch};`,
      ...sums.map((k) => `var s${k} = ${zero};`),
      `for (var r = first + (part % ${LANES}u) * 4u; r < ${end}; r += ${step}) {`,
      ...(this.#vectors ? this.#loadVector(count!) : this.#loadScalars(count!)),
      "}",
    ];
    const out = kernel.bind(to, this.#computed);
    const whole = joinedSums((a, b) => this.#join(a, b));
    const share =
      divisor === 1 ? whole : `(${whole}) / bitcast<f32>(${kernel.word(f32Bits(divisor))})`;
    lines.push(`${out.name}[at] = ${share};`);
    kernel.run(what, rows * parts, lines.join("\n"));
  }

  #join(a: string, b: string): string {
    return this.#joining.join(this.#computed, a, b);
  }

  #loadVector(count: string): string[] {
    const { lines, values } = this.#element.vector("q");
    return [
      `let q = (row * ${count} + r) >> 2u;`,
      ...lines,
      ...values.map((value, k) => `s${k} = ${this.#join(`s${k}`, value)};`),
    ];
  }

  #loadScalars(count: string): string[] {
    return [0, 1, 2, 3].flatMap((k) => [
      `if (r + ${k}u < ${count}) {`,
      ...this.#element.unravel(1, `(r + ${k}u)`),
      `s${k} = ${this.#join(`s${k}`, this.#element.at())};`,
      "}",
    ]);
  }
}
