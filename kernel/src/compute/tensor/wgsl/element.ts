// An expression as a function of its leaves' elements, `element(x0, x1, …)`, and the places of those elements.
import { DTYPES } from "../dtypes.ts";
import { type Call, type Expr, type Placed, placedOf } from "../expr.ts";
import { cast, opNamed, wrapped } from "../ops.ts";
import { collapse, isRowMajor, type Shape } from "../shape.ts";
import type { Kernel } from "./kernel.ts";

/** One operand of the function: where its elements are, by collapsed axes. */
interface Operand {
  readonly placed: Placed;
  readonly strides: readonly number[];
}

export class Element {
  readonly kernel: Kernel;
  readonly expr: Expr;
  /** Sizes of the axes after joining those that may be joined, in groups as they were given. */
  readonly axes: readonly (readonly number[])[];
  readonly operands: readonly Operand[];
  readonly #name: string;

  /** `groups`: the axes of the expression that are walked together, each group in order. */
  constructor(
    kernel: Kernel,
    expr: Expr,
    shape: Shape,
    groups: readonly (readonly number[])[],
    name = "element",
  ) {
    this.kernel = kernel;
    this.expr = expr;
    this.#name = name;
    const placed = unique(placedOf(expr));
    const joined = groups.map((axes) =>
      collapse(
        axes.map((axis) => shape[axis]!),
        placed.map(({ strides }) => axes.map((axis) => strides[axis]!)),
      ),
    );
    this.axes = joined.map((group) => group.shape);
    this.operands = placed.map((one, i) => ({
      placed: one,
      strides: joined.flatMap((group) => group.strides[i]!),
    }));
    this.#define();
  }

  /** Whether four elements can be loaded at a time: in the order of the rows, from a multiple of four. */
  static vectors(expr: Expr, shape: Shape): boolean {
    return placedOf(expr).every(
      (one) =>
        isScalar(one) ||
        (one.kind === "leaf" &&
          (DTYPES[one.dtype].bits < 32 || one.storage.block.bytes % 16 === 0) &&
          one.offset % 4 === 0 &&
          isRowMajor(shape, one.strides)),
    );
  }

  /** Names of the coordinates, for all groups. */
  get coordinates(): string[] {
    return this.axes.flatMap((axes, g) => axes.map((_, k) => `c${g}_${k}`));
  }

  /** Statements that make coordinates of group `g` from a number counted in the order of the rows. */
  unravel(g: number, from: string): string[] {
    const axes = this.axes[g]!;
    const lines: string[] = [];
    let rest = from;
    for (let k = axes.length - 1; k > 0; k--) {
      const size = this.kernel.word(axes[k]!);
      lines.push(`let c${g}_${k} = ${rest} % ${size};`, `let r${g}_${k} = ${rest} / ${size};`);
      rest = `r${g}_${k}`;
    }
    if (axes.length > 0) lines.push(`let c${g}_0 = ${rest};`);
    return lines;
  }

  /** The value at the coordinates. */
  at(): string {
    return this.#call(this.operands.map((operand) => this.#load(operand)));
  }

  /** Vectors first, of all elements of a kernel: how memory is bound is settled by its first use. */
  bindVectors(): void {
    for (const { placed } of this.operands) {
      if (placed.kind === "leaf" && !isScalar(placed) && DTYPES[placed.dtype].bits === 32) {
        this.kernel.bind(placed.storage, `vec4<${DTYPES[placed.dtype].computed}>`);
      }
    }
  }

  /** Statements that load four elements from index 4·i on, and the four values. */
  vector(i: string): { lines: string[]; values: string[] } {
    const lines: string[] = [];
    this.bindVectors();
    const parts = this.operands.map(({ placed }, k) => {
      if (placed.kind === "ramp" || isScalar(placed)) {
        lines.push(`let v${k} = ${this.#load({ placed, strides: [] })};`);
        return () => `v${k}`;
      }
      const offset =
        placed.offset === 0 ? i : `${i} + ${this.kernel.wordOf(placed, placed.offset, 4)}`;
      const { bits, computed } = DTYPES[placed.dtype];
      const { name, type } = this.kernel.bind(
        placed.storage,
        bits === 32 ? `vec4<${computed}>` : "u32",
      );
      if (bits < 32) {
        lines.push(`let v${k} = ${this.kernel.loadFour({ name, type }, placed.dtype, offset)};`);
      } else {
        const loaded = `${name}[${offset}]`;
        const same = type === `vec4<${computed}>`;
        lines.push(`let v${k} = ${same ? loaded : `bitcast<vec4<${computed}>>(${loaded})`};`);
      }
      return (lane: string) => `v${k}.${lane}`;
    });
    const values = ["x", "y", "z", "w"].map((lane) => this.#call(parts.map((part) => part(lane))));
    return { lines, values };
  }

  #call(values: string[]): string {
    return `${this.#name}(${values.join(", ")})`;
  }

  #load({ placed, strides }: Operand): string {
    const terms = this.coordinates.flatMap((name, i) => {
      const stride = strides[i] ?? 0;
      if (stride === 0) return [];
      return stride === 1 ? name : `${name} * ${this.kernel.word(stride)}`;
    });
    if (placed.offset !== 0) terms.push(this.kernel.wordOf(placed, placed.offset));
    const index = terms.join(" + ") || "0u";
    if (placed.kind === "ramp") return placed.dtype === "u32" ? index : `bitcast<i32>(${index})`;
    const { bits, computed } = DTYPES[placed.dtype];
    return this.kernel.load(
      this.kernel.bind(placed.storage, bits === 32 ? computed : "u32"),
      placed.dtype,
      index,
    );
  }

  /** Adds the function. */
  #define(): void {
    const lines: string[] = [];
    const names = new Map<Expr, string>();
    const keys = this.operands.map(({ placed }) => keyOf(placed));
    const visit = (one: Expr): string => {
      const known = names.get(one);
      if (known !== undefined) return known;
      const name = this.#text(one, keys, visit);
      if (one.kind !== "call") return name;
      const kept = `t${lines.length}`;
      lines.push(`  let ${kept} = ${name};`);
      names.set(one, kept);
      return kept;
    };
    const result = visit(this.expr);
    const params = this.operands.map(({ placed }, i) => `x${i}: ${DTYPES[placed.dtype].computed}`);
    const { computed } = DTYPES[this.expr.dtype];
    this.kernel.add(
      `fn ${this.#name}(${params.join(", ")}) -> ${computed} {\n${[...lines, `  return ${result};`].join("\n")}\n}`,
    );
  }

  #text(one: Expr, keys: readonly string[], visit: (arg: Expr) => string): string {
    if (one.kind === "call") return this.#apply(one, one.args.map(visit));
    if (one.kind !== "constant") return `x${keys.indexOf(keyOf(one))}`;
    return constantText(this.kernel.wordOf(one, one.word), DTYPES[one.dtype].computed);
  }

  #apply({ op, args, dtype }: Call, x: readonly string[]): string {
    const types = args.map((arg) => DTYPES[arg.dtype].computed);
    if (op === "cast") {
      const made = cast(args[0]!.dtype, dtype, types[0]!, DTYPES[dtype].computed, x[0]!);
      this.kernel.use(made.helpers);
      return made.code;
    }
    if (op === "where") return `select(${x[2]}, ${x[1]}, ${x[0]})`;
    if (op === "threefry") {
      this.kernel.use(["threefry"]);
      return `threefry(vec2u(${x[0]}, ${x[1]}), vec2u(${x[2]}, ${x[3]})).x`;
    }
    const spec = opNamed(op);
    this.kernel.use(spec.helpers?.(types[0]!) ?? []);
    const text = spec.code(types[0]!, x[0]!, x[1] ?? "");
    return spec.wraps ? wrapped(dtype, text) : text;
  }
}

const isScalar = (one: Placed): boolean => one.strides.every((stride) => stride === 0);

function keyOf(one: Placed): string {
  const where = one.kind === "leaf" ? one.storage.block.id : one.dtype;
  return `${where} ${one.offset} ${one.strides.join(",")}`;
}

function unique(placed: readonly Placed[]): Placed[] {
  return [...new Map(placed.map((one) => [keyOf(one), one])).values()];
}

function constantText(word: string, computed: string): string {
  if (computed === "bool") return `(${word} != 0u)`;
  return computed === "u32" ? word : `bitcast<${computed}>(${word})`;
}
