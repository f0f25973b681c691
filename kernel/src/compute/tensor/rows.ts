// What goes through each row of an axis and needs it more than once — softmax, log-sum-exp, the place of the extreme —
// in one kernel: an invocation has a row. Rows that are few and long are for reductions in parts (reduce.ts).
import type { Gpu } from "../../gpu/index.ts";
import { DTYPES, type Dtype } from "./dtypes.ts";
import type { Expr, Leaf } from "./expr.ts";
import { hostRows, turnedBack } from "./host/along.ts";
import { kept } from "./host/engine.ts";
import { type RowOperation, rowsOnHost } from "./host/rows.ts";
import { castTo } from "./operands.ts";
import { isAlone, joinedSums, reducedIn } from "./reduce.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { checkElements } from "./storage.ts";
import { Element } from "./wgsl/element.ts";
import type { Kernel } from "./wgsl/kernel.ts";
import { launch, Signature } from "./wgsl/launch.ts";
import { written } from "./written.ts";

const GIVES_ROW = new Set<RowOperation>(["softmax", "logSoftmax"]);
/** Invocations of a workgroup: rows are few, and all processors shall have some. */
const GROUP = 64;

/** Whether an invocation for each row of `axis` is enough. */
export function suitsRows(shape: Shape, axis: number): boolean {
  const each = shape[axis]!;
  return each > 0 && isAlone(sizeOf(shape) / each, each);
}

/** The operation along `axis`, f32 or i32: of the whole shape, or of what is left without the axis. */
export function byRows(
  gpu: Gpu,
  expr: Expr,
  shape: Shape,
  axis: number,
  how: RowOperation,
): { result: Leaf; shape: number[] } {
  const isArg = how === "argMin" || how === "argMax";
  const source = castTo(expr, isArg ? reducedIn(expr.dtype) : "f32");
  const dtype: Dtype = isArg ? "i32" : "f32";
  const outer = shape.map((_, i) => i).filter((i) => i !== axis);
  const to = GIVES_ROW.has(how) ? [...shape] : outer.map((i) => shape[i]!);
  checkElements(gpu, shape, "bool", how);
  const known = hostRows(gpu, source, shape, [axis]);
  if (known) {
    const values = rowsOnHost(known, how);
    const turned = GIVES_ROW.has(how) ? turnedBack(values, shape, axis) : values;
    return { result: kept(gpu, turned, to, dtype, how), shape: to };
  }
  const result = written(gpu, to, dtype, how, ({ storage }) => {
    if (sizeOf(shape) === 0) return;
    const signature = new Signature(how).add(shape, axis).bind(storage).expr(source);
    launch(gpu, signature, (kernel) => {
      const rows = new Rows(kernel, source, shape, axis);
      const name = kernel.bind(storage, rows.outType(dtype, GIVES_ROW.has(how))).name;
      const body = isArg ? rows.extreme(name, how) : rows.powers(name, how);
      rows.run(how, body);
    });
  });
  return { result, shape: to };
}

const SUMS = [0, 1, 2, 3];

class Rows {
  readonly #kernel: Kernel;
  readonly #element: Element;
  readonly #vectors: boolean;
  readonly #computed: string;
  readonly #rows: number;
  readonly #count: string;
  readonly #inner: string;

  constructor(kernel: Kernel, expr: Expr, shape: Shape, axis: number) {
    const outer = shape.map((_, i) => i).filter((i) => i !== axis);
    const each = shape[axis]!;
    this.#kernel = kernel;
    this.#vectors = axis === shape.length - 1 && each % 4 === 0 && Element.vectors(expr, shape);
    this.#element = new Element(kernel, expr, shape, this.#vectors ? [[], []] : [outer, [axis]]);
    this.#computed = DTYPES[expr.dtype].computed;
    this.#rows = sizeOf(shape) / each;
    this.#count = kernel.word(each);
    this.#inner = kernel.word(sizeOf(shape.slice(axis + 1)));
  }

  /** How the result is bound: rows of it in vectors where the source is read so. */
  outType(dtype: Dtype, givesRow: boolean): string {
    const { computed } = DTYPES[dtype];
    return givesRow && this.#vectors ? `vec4<${computed}>` : computed;
  }

  run(what: string, body: readonly string[]): void {
    const lines = [
      `if (at >= ${this.#kernel.word(this.#rows)}) { return; }`,
      "let row = at;",
      ...(this.#vectors ? [] : this.#element.unravel(0, "row")),
      ...body,
    ];
    this.#kernel.run(what, this.#rows, lines.join("\n"), GROUP);
  }

  /** A loop over the row: `body` has the value, the number of its sum (a fourth of the row each), and its index. */
  #each(
    body: (value: string, sum: number, index: string) => string[],
    end: string[] = [],
  ): string[] {
    const head = `for (var r = 0u; r < ${this.#count}; r += 4u) {`;
    if (this.#vectors) {
      const { lines, values } = this.#element.vector("q");
      const parts = values.flatMap((value, k) => body(value, k, `(r + ${k}u)`));
      return [head, `let q = (row * ${this.#count} + r) >> 2u;`, ...lines, ...parts, ...end, "}"];
    }
    const parts = SUMS.flatMap((k) => [
      `if (r + ${k}u < ${this.#count}) {`,
      ...this.#element.unravel(1, `(r + ${k}u)`),
      ...body(this.#element.at(), k, `(r + ${k}u)`),
      "}",
    ]);
    return [head, ...parts, "}"];
  }

  /** Where the element at an index of the row lies in a result of the same shape. */
  #place(index: string): string {
    return `(row / ${this.#inner}) * ${this.#inner} * ${this.#count} + row % ${this.#inner} + ${index} * ${this.#inner}`;
  }

  /** What sums of powers are made of: the greatest is taken off first, so that none overflows. */
  powers(out: string, how: RowOperation): string[] {
    this.#kernel.use(["greatest", "exp_f32", "log_f32"]);
    const lines = [
      `var most = bitcast<f32>(${this.#kernel.word(0xff800000)});`,
      ...this.#each((value) => [`most = greatest(most, ${value});`]),
      "if ((bitcast<u32>(most) & 0x7fffffffu) == 0x7f800000u) { most = 0.0; }",
      ...SUMS.map((k) => `var s${k} = 0.0;`),
      ...this.#each(
        (value, k) => [
          `let e${k} = exp_f32(${value} - most);`,
          `s${k} += e${k};`,
          ...(how === "softmax" && !this.#vectors
            ? [`${out}[${this.#place(`(r + ${k}u)`)}] = e${k};`]
            : []),
        ],
        how === "softmax" ? [`${out}[q] = vec4f(e0, e1, e2, e3);`] : [],
      ),
      `let sum = ${joinedSums((a, b) => `${a} + ${b}`)};`,
    ];
    if (how !== "softmax") lines.push("let whole = log_f32(sum) + most;");
    if (how === "logSumExp") return [...lines, `${out}[row] = whole;`];
    return [...lines, ...this.#written(out, how)];
  }

  /** The row of the result from `sum`, or its logarithm `whole`. */
  #written(out: string, how: RowOperation): string[] {
    const { lines, values } = this.#vectors
      ? this.#element.vector("q")
      : { lines: this.#element.unravel(1, "r"), values: [this.#element.at()] };
    const place = this.#vectors ? "q" : this.#place("r");
    const logs = values.map((value) => `${value} - whole`);
    const store =
      how === "softmax"
        ? [`${out}[${place}] /= sum;`]
        : [
            ...lines,
            `${out}[${place}] = ${this.#vectors ? `vec4f(${logs.join(", ")})` : logs[0]};`,
          ];
    return [
      `for (var r = 0u; r < ${this.#count}; r += ${this.#vectors ? 4 : 1}u) {`,
      ...(this.#vectors ? [`let q = (row * ${this.#count} + r) >> 2u;`] : []),
      ...store,
      "}",
    ];
  }

  /** The index of the extreme: of equal ones the first, and of NaN where there is one. */
  extreme(out: string, how: RowOperation): string[] {
    const sign = how === "argMax" ? ">" : "<";
    const isFloat = this.#computed === "f32";
    if (isFloat) this.#kernel.use(["is_nan"]);
    const better = isFloat
      ? `!is_nan(best) && (is_nan(value) || value ${sign} best)`
      : `value ${sign} best`;
    return [
      `var best = ${this.#computed}(0);`,
      "var found = 0u;",
      ...this.#each((value, _, index) => [
        "{",
        `let value = ${value};`,
        `if (${index} == 0u || (${better})) { best = value; found = ${index}; }`,
        "}",
      ]),
      `${out}[row] = i32(found);`,
    ];
  }
}
