// Turns an expression into elements in memory: one kernel, and no memory but the result's.
import type { Gpu } from "../../gpu/index.ts";
import { DTYPES, type Dtype } from "./dtypes.ts";
import type { Expr, Leaf } from "./expr.ts";
import { onHost } from "./host/engine.ts";
import { type Shape, sizeOf } from "./shape.ts";
import type { Storage } from "./storage.ts";
import { Element } from "./wgsl/element.ts";
import type { Kernel } from "./wgsl/kernel.ts";
import { launch, Signature } from "./wgsl/launch.ts";
import { written } from "./written.ts";

/** The expression's elements in the order of the rows, in new memory that nobody holds yet. */
export function computed(gpu: Gpu, expr: Expr, shape: Shape, what: string): Leaf {
  const known = onHost(gpu, expr, shape, what);
  if (known) return known;
  const { dtype } = expr;
  return written(gpu, shape, dtype, what, ({ storage }) => {
    fill(gpu, storage, dtype, expr, shape, what);
  });
}

/** Writes the expression's elements to the memory's beginning, in the order of the rows. */
export function fill(
  gpu: Gpu,
  to: Storage,
  dtype: Dtype,
  expr: Expr,
  shape: Shape,
  what: string,
): void {
  if (sizeOf(shape) === 0) return;
  const signature = new Signature("fill").add(dtype, shape).bind(to).expr(expr);
  launch(gpu, signature, (kernel) => build(kernel, to, dtype, expr, shape, what));
}

function build(
  kernel: Kernel,
  to: Storage,
  dtype: Dtype,
  expr: Expr,
  shape: Shape,
  what: string,
): void {
  const { bits, computed } = DTYPES[dtype];
  const vectors = Element.vectors(expr, shape);
  if (bits < 32) {
    fillPacked(kernel, to, expr, shape, what, vectors);
    return;
  }
  if (vectors) {
    fillVectors(kernel, to, expr, shape, what);
    return;
  }
  const count = sizeOf(shape);
  const element = new Element(kernel, expr, shape, [shape.map((_, axis) => axis)]);
  const lines = [`if (at >= ${kernel.word(count)}) { return; }`, ...element.unravel(0, "at")];
  const value = element.at();
  const out = kernel.bind(to, computed);
  lines.push(`${out.name}[at] = ${asType(out.type, computed, value)};`);
  kernel.run(what, count, lines.join("\n"));
}

/** Several elements a word: an invocation makes one word, or those of four elements. */
function fillPacked(
  kernel: Kernel,
  to: Storage,
  expr: Expr,
  shape: Shape,
  what: string,
  vectors: boolean,
): void {
  const count = sizeOf(shape);
  const { bits } = DTYPES[expr.dtype];
  const per = 32 / bits;
  const axes = shape.map((_, axis) => axis);
  const element = new Element(kernel, expr, shape, vectors ? [[]] : [axes]);
  const total = kernel.word(count);
  const each = vectors ? Math.max(4, per) : per;
  const parts = vectors ? fours(kernel, element, total, bits) : ones(kernel, element, total, bits);
  const out = kernel.bind(to, "u32");
  const stores =
    each > per
      ? [`${out.name}[at * 2u] = word;`, `${out.name}[at * 2u + 1u] = next;`]
      : [`${out.name}[at] = word;`];
  const body = [
    `let first = at * ${each}u;`,
    `if (first >= ${total}) { return; }`,
    ...parts,
    ...stores,
  ];
  kernel.run(what, Math.ceil(count / each), body.join("\n"));
}

/** Statements that pack the elements from `first` on one by one. */
function ones(kernel: Kernel, element: Element, total: string, bits: number): string[] {
  const lines = element.unravel(0, "i");
  const value = kernel.packed(element.expr.dtype, element.at());
  return [
    "var word = 0u;",
    `for (var k = 0u; k < min(${32 / bits}u, ${total} - first); k++) {`,
    "let i = first + k;",
    ...lines,
    `word |= ${value} << (k * ${bits}u);`,
    "}",
  ];
}

/** The same four by four; of halves two go to `word` and two to `next`. Bits beyond the last element say nothing. */
function fours(kernel: Kernel, element: Element, total: string, bits: number): string[] {
  const { lines, values } = element.vector("i");
  const packed = values.map((value) => kernel.packed(element.expr.dtype, value));
  if (bits === 16) {
    const [a, b, c, d] = packed;
    return [
      "let i = at;",
      ...lines,
      `let word = ${a} | (${b} << 16u);`,
      `let next = ${c} | (${d} << 16u);`,
    ];
  }
  const rounds = 8 / bits;
  return [
    "var word = 0u;",
    // A bound that is no constant: compilers would write the loop out, and take seconds over it.
    `for (var k = 0u; k < min(${rounds}u, (${total} - first + 3u) / 4u); k++) {`,
    `let i = at * ${rounds}u + k;`,
    ...lines,
    `word |= (${packed.map((value, lane) => `(${value} << ${lane * bits}u)`).join(" | ")}) << (k * ${bits * 4}u);`,
    "}",
  ];
}

/** Vectors that an invocation makes on software adapters, where it takes a third off the time of one each. */
const RUN = 4;

/** Four elements at a time: on software adapters half the processor time of one each. */
function fillVectors(kernel: Kernel, to: Storage, expr: Expr, shape: Shape, what: string): void {
  const { computed } = DTYPES[expr.dtype];
  const element = new Element(kernel, expr, shape, [[]]);
  const { lines, values } = element.vector("i");
  const out = kernel.bind(to, `vec4<${computed}>`);
  const value = `vec4<${computed}>(${values.join(", ")})`;
  const quads = Math.ceil(sizeOf(shape) / 4);
  const store = `${out.name}[i] = ${asType(out.type, `vec4<${computed}>`, value)};`;
  const run = kernel.gpu.adapter.software ? RUN : 1;
  const last = kernel.word(quads);
  const body =
    run === 1
      ? ["let i = at;", `if (i >= ${last}) { return; }`, ...lines, store]
      : [
          `let end = min((at + 1u) * ${run}u, ${last});`,
          `for (var i = at * ${run}u; i < end; i++) {`,
          ...lines,
          store,
          "}",
        ];
  kernel.run(what, Math.ceil(quads / run), body.join("\n"));
}

const asType = (type: string, found: string, value: string): string =>
  type === found ? value : `bitcast<${type}>(${value})`;
