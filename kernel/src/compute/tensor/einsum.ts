// Sums of products by Einstein's notation, as in NumPy: each pair of operands is one product of matrices, in order from
// the left; what only one operand has and the result has not is summed first.
import { CenoteError } from "../../base/index.ts";
import { tensorOf, told } from "./arguments.ts";
import { sizeOf } from "./shape.ts";
import type { GpuTensor } from "./tensor.ts";
import { tidy } from "./tidy.ts";

/** A tensor whose axes have letters, each once. */
interface Lettered {
  readonly x: GpuTensor;
  readonly letters: string;
}

/**
 * The sum of products that the notation says: `einsum("bij,bjk->bik", x, y)`. Letters are axes; those that are not in
 * the result are summed over; one that an operand has twice is its diagonal. Without an arrow the result has the letters
 * that are there once, in the alphabet's order. Derivative: the other operands. Throws NOTATION, SHAPE, OPERAND.
 */
export function einsum(notation: string, ...operands: GpuTensor[]): GpuTensor {
  const { inputs, output } = parsed(notation, operands);
  checkSizes(notation, inputs, operands);
  return tidy(() => {
    const all = operands.map((x, i) => diagonals(x, inputs[i]!));
    const joined = all.reduce((left, right, i) => {
      const later = all.slice(i + 1).map(({ letters }) => letters);
      return multiplied(left, right, output + later.join(""));
    });
    return ordered(summed(joined, output), output);
  });
}

function parsed(notation: unknown, operands: readonly unknown[]) {
  const wrong = (why: string) =>
    new CenoteError("NOTATION", `einsum: ${why}, found ${told(notation)}`, {
      mend: 'As in einsum("ij,jk->ik", x, y).',
    });
  if (typeof notation !== "string") throw wrong("wanted the notation as text");
  const [left = "", given, more] = notation.replaceAll(" ", "").split("->");
  const inputs = left.split(",");
  if (more !== undefined || !inputs.concat(given ?? "").every((part) => /^[A-Za-z]*$/.test(part)))
    throw wrong("wanted letters, commas and one arrow");
  if (operands.length === 0 || inputs.length !== operands.length)
    throw wrong(`wanted letters for each of ${operands.length} operands`);
  const known = [...inputs.join("")];
  const once = known.filter((letter) => known.indexOf(letter) === known.lastIndexOf(letter));
  const output = given ?? once.sort().join("");
  const sure = [...output].every((letter) => known.includes(letter));
  if (!sure || new Set(output).size !== output.length)
    throw wrong("wanted in the result letters of the operands, each once");
  return { inputs, output };
}

function checkSizes(notation: string, inputs: readonly string[], operands: GpuTensor[]): void {
  const sizes = new Map<string, number>();
  for (const [i, x] of operands.entries()) {
    const { rank, shape, described } = tensorOf(x, "einsum", `operand ${i}`);
    const letters = inputs[i]!;
    if (letters.length !== rank) {
      throw new CenoteError(
        "SHAPE",
        `einsum: wanted ${letters.length} axes (${letters}) in operand ${i}, found ${described}`,
      );
    }
    for (const [axis, letter] of [...letters].entries()) {
      const size = sizes.get(letter) ?? shape[axis]!;
      sizes.set(letter, size);
      if (size === shape[axis]) continue;
      throw new CenoteError(
        "SHAPE",
        `einsum: wanted size ${size} for ${letter} of ${told(notation)}, found ${shape[axis]} in operand ${i}, ${described}`,
      );
    }
  }
}

/** The axes of each letter that is there twice as one: their diagonal. */
function diagonals(x: GpuTensor, letters: string): Lettered {
  const twice = [...letters].find((one) => letters.indexOf(one) !== letters.lastIndexOf(one));
  if (twice === undefined) return { x, letters };
  const [i, j] = [letters.indexOf(twice), letters.lastIndexOf(twice)];
  const rest = x.shape.map((_, axis) => axis).filter((axis) => axis !== i && axis !== j);
  const found = x.transpose(...rest, i, j).diagonal();
  return diagonals(found, rest.map((axis) => letters[axis]).join("") + twice);
}

function summed({ x, letters }: Lettered, kept: string): Lettered {
  const gone = [...letters].flatMap((letter, axis) => (kept.includes(letter) ? [] : axis));
  if (gone.length === 0) return { x, letters };
  const left = [...letters].filter((letter) => kept.includes(letter)).join("");
  return { x: x.sum(gone), letters: left };
}

function ordered({ x, letters }: Lettered, wanted: string): GpuTensor {
  return x.transpose(...[...wanted].map((letter) => letters.indexOf(letter)));
}

/** The product of two, summed over what neither the result nor later operands have. */
function multiplied(a: Lettered, b: Lettered, needed: string): Lettered {
  const [left, right] = [summed(a, b.letters + needed), summed(b, a.letters + needed)];
  const both = [...left.letters].filter((letter) => right.letters.includes(letter));
  const batch = both.filter((letter) => needed.includes(letter));
  const inner = both.filter((letter) => !needed.includes(letter));
  const rows = [...left.letters].filter((letter) => !both.includes(letter));
  const columns = [...right.letters].filter((letter) => !both.includes(letter));
  const sizes = (of: Lettered, letters: readonly string[]) =>
    letters.map((letter) => of.x.shape[of.letters.indexOf(letter)]!);
  const parts = (of: Lettered, ...groups: string[][]) =>
    ordered(of, groups.flat().join("")).reshape(
      ...sizes(of, groups[0]!),
      ...groups.slice(1).map((group) => sizeOf(sizes(of, group))),
    );
  const product = parts(left, batch, rows, inner).matmul(parts(right, batch, inner, columns));
  const shape = [...sizes(left, batch), ...sizes(left, rows), ...sizes(right, columns)];
  return { x: product.reshape(shape), letters: [...batch, ...rows, ...columns].join("") };
}
