// Turns an expression into elements in memory: one kernel, and no memory but the result's.
import type { Gpu } from "../../gpu/index.ts";
import { DTYPES, type Dtype } from "./dtypes.ts";
import { type Expr, type Leaf, leaf } from "./expr.ts";
import { rowMajor, type Shape, sizeOf } from "./shape.ts";
import { allocate, type Storage } from "./storage.ts";
import { Element } from "./wgsl/element.ts";
import type { Kernel } from "./wgsl/kernel.ts";
import { launch, Signature } from "./wgsl/launch.ts";

/** The expression's elements in the order of the rows, in new memory that nobody holds yet. */
export function computed(gpu: Gpu, expr: Expr, shape: Shape, what: string): Leaf {
  const { dtype } = expr;
  const storage = allocate(gpu, shape, dtype, what);
  try {
    fill(gpu, storage, dtype, expr, shape, what);
  } catch (error) {
    storage.block.dispose();
    throw error;
  }
  return leaf(storage, dtype, rowMajor(shape));
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
  const count = sizeOf(shape);
  const { bits, computed } = DTYPES[dtype];
  if (bits === 32 && Element.vectors(expr, shape)) {
    fillVectors(kernel, to, expr, shape, what);
    return;
  }
  const element = new Element(kernel, expr, shape, [shape.map((_, axis) => axis)]);
  const per = 32 / bits;
  const total = kernel.word(count);
  if (per === 1) {
    const lines = [`if (at >= ${total}) { return; }`, ...element.unravel(0, "at")];
    const value = element.at();
    const out = kernel.bind(to, computed);
    kernel.run(
      what,
      count,
      [...lines, `${out.name}[at] = ${asType(out.type, computed, value)};`].join("\n"),
    );
    return;
  }
  const lines = [
    ...element.unravel(0, "i"),
    `word |= ${kernel.packed(dtype, element.at())} << (k * ${bits}u);`,
  ];
  const out = kernel.bind(to, "u32");
  const body = `let first = at * ${per}u;
if (first >= ${total}) { return; }
var word = 0u;
for (var k = 0u; k < min(${per}u, ${total} - first); k++) {
let i = first + k;
${lines.join("\n")}
}
${out.name}[at] = word;`;
  kernel.run(what, Math.ceil(count / per), body);
}

/** Four elements an invocation: on software adapters half the processor time of one each. */
function fillVectors(kernel: Kernel, to: Storage, expr: Expr, shape: Shape, what: string): void {
  const { computed } = DTYPES[expr.dtype];
  const element = new Element(kernel, expr, shape, [[]]);
  const { lines, values } = element.vector("at");
  const out = kernel.bind(to, `vec4<${computed}>`);
  const value = `vec4<${computed}>(${values.join(", ")})`;
  const quads = Math.ceil(sizeOf(shape) / 4);
  const body = [
    `if (at >= ${kernel.word(quads)}) { return; }`,
    ...lines,
    `${out.name}[at] = ${asType(out.type, `vec4<${computed}>`, value)};`,
  ];
  kernel.run(what, quads, body.join("\n"));
}

const asType = (type: string, found: string, value: string): string =>
  type === found ? value : `bitcast<${type}>(${value})`;
