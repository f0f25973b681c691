// Running sums, products and extremes along an axis. A long line is cut into stretches: each is reduced, what
// the stretches give is scanned, and then each stretch goes on from what came before it.
import type { Gpu } from "../../gpu/index.ts";
import { DTYPES } from "./dtypes.ts";
import { type Expr, type Leaf, leaf, place } from "./expr.ts";
import { hostRows, running, turnedBack } from "./host/along.ts";
import { kept } from "./host/engine.ts";
import { castTo } from "./operands.ts";
import type { Reducer } from "./ops.ts";
import { JOINING, reduced, reducedIn } from "./reduce.ts";
import { rowMajor, type Shape, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import { Element } from "./wgsl/element.ts";
import { Kernel } from "./wgsl/kernel.ts";

/** Elements that one invocation goes through, where a line has more. */
const STRETCH = 256;

/** How often each element of a line is taken: where stretches go on from those before them, these are reduced first. */
export const scanReads = (length: number): number => (length > STRETCH ? 2 : 1);

/** The running reduction along `axis` as f32, i32 or u32, in the order of the rows. */
export function scanned(gpu: Gpu, expr: Expr, shape: Shape, axis: number, how: Reducer): Leaf {
  const source = castTo(expr, reducedIn(expr.dtype));
  const length = shape[axis]!;
  const what = `running ${how}`;
  const known = hostRows(gpu, source, shape, [axis]);
  if (known) {
    const values = turnedBack(running(known, how, reducedIn(expr.dtype), STRETCH), shape, axis);
    return kept(gpu, values, shape, source.dtype, what);
  }
  const out = allocate(gpu, shape, source.dtype, what);
  const result = leaf(out, source.dtype, rowMajor(shape));
  if (sizeOf(shape) === 0) return result;
  const stretches = Math.ceil(length / STRETCH);
  const starts = stretches > 1 ? startsOf(gpu, source, shape, axis, how) : undefined;
  const kernel = new Kernel(gpu);
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const element = new Element(kernel, source, shape, [others, [axis]]);
  const { computed } = DTYPES[source.dtype];
  const { identity, join, helpers } = JOINING[how];
  kernel.use(helpers(computed));
  const lines = sizeOf(others.map((i) => shape[i]!));
  const [total, count, parts] = [lines * stretches, length, stretches].map((n) => kernel.word(n));
  const first = kernel.word(identity(computed));
  const begun = starts && kernel.bind(starts.storage, computed);
  const zero = computed === "u32" ? first : `bitcast<${computed}>(${first})`;
  const { name } = kernel.bind(out, computed);
  // A line's elements lie `inner` apart; adjacent invocations take adjacent lines.
  const inner = kernel.word(sizeOf(shape.slice(axis + 1)));
  kernel.run(
    what,
    lines * stretches,
    `if (at >= ${total}) { return; }
let line = at / ${parts};
let part = at % ${parts};
${element.unravel(0, "line").join("\n")}
let base = (line / ${inner}) * ${inner} * ${count} + line % ${inner};
var sum = ${zero};
${begun ? `if (part > 0u) { sum = ${begun.name}[line * ${parts} + part - 1u]; }` : ""}
for (var i = part * ${STRETCH}u; i < min((part + 1u) * ${STRETCH}u, ${count}); i++) {
${element.unravel(1, "i").join("\n")}
sum = ${join(computed, "sum", element.at())};
${name}[base + i * ${inner}] = sum;
}`,
  );
  starts?.storage.block.dispose();
  return result;
}

/** What each stretch of each line has before its end: lines × stretches. */
function startsOf(gpu: Gpu, source: Expr, shape: Shape, axis: number, how: Reducer): Leaf {
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const whole = Math.floor(shape[axis]! / STRETCH);
  const lines = others.map((i) => shape[i]!);
  const cut = [...lines, whole, STRETCH];
  const moved = place(source, (one) => ({
    ...one,
    strides: [
      ...others.map((i) => one.strides[i]!),
      one.strides[axis]! * STRETCH,
      one.strides[axis]!,
    ],
  }));
  // A last stretch that is not whole has nobody after it.
  const totals = reduced(gpu, moved, cut, [cut.length - 1], how, `running ${how}`);
  const padded = Math.ceil(shape[axis]! / STRETCH);
  const running = scanned(gpu, totals, [...lines, whole], lines.length, how);
  totals.storage.block.dispose();
  if (padded === whole) return running;
  return spaced(gpu, running, [sizeOf(lines), whole], padded);
}

/** Rows of `wide` elements, of which the first are those of the rows given. */
function spaced(gpu: Gpu, rows: Leaf, [count, length]: [number, number], wide: number): Leaf {
  const kernel = new Kernel(gpu);
  const { computed } = DTYPES[rows.dtype];
  const out = allocate(gpu, [count, wide], rows.dtype, "running rows");
  const from = kernel.bind(rows.storage, computed).name;
  const to = kernel.bind(out, computed).name;
  const [total, size, width] = [count * length, length, wide].map((n) => kernel.word(n));
  kernel.run(
    "space rows",
    count * length,
    `if (at >= ${total}) { return; }
${to}[(at / ${size}) * ${width} + at % ${size}] = ${from}[at];`,
  );
  rows.storage.block.dispose();
  return leaf(out, rows.dtype, [wide, 1]);
}
