// Kernels that were built once, found again by what they do: a step that repeats builds no text. What differs
// between calls — memory, constants, where elements begin — is filled in.
import type { Gpu } from "../../../gpu/index.ts";
import type { Constant, Expr, Placed } from "../expr.ts";
import type { Storage } from "../storage.ts";
import { Kernel, type Ready, type Slots } from "./kernel.ts";

/** Kernels kept for each device. A program has tens to hundreds; one that has ever new shapes keeps the latest. */
const KEPT = 2048;

const keptOf = new WeakMap<Gpu, Map<string, Kept>>();

interface Kept extends Ready {
  /** For each binding: which of the signature's memory it is. */
  readonly order: readonly number[];
}

/**
 * What a kernel does, as text: equal ones have the same kernel. Everything that its text or its parameters depend on
 * must be added, but for what stands in `slots`.
 */
export class Signature {
  text: string;
  readonly memory: Storage[] = [];
  /** Numbers that may differ, and which of them an expression has: a constant's bits, or where elements begin. */
  readonly values: number[] = [];
  readonly slots: Map<Expr, number> = new Map();
  readonly #placed: Placed[] = [];
  readonly #calls: Expr[] = [];

  constructor(text: string) {
    this.text = text;
  }

  add(...words: readonly (string | number | readonly number[])[]): this {
    for (const word of words) this.text += ` ${word}`;
    return this;
  }

  /** Memory that is bound. */
  bind(storage: Storage): this {
    const number = this.#number(storage); // adds to the text too
    this.text += ` #${number}`;
    return this;
  }

  /** An expression, by its form. */
  expr(one: Expr): this {
    if (one.kind === "constant") this.#constant(one);
    else if (one.kind === "call") {
      const known = this.#calls.indexOf(one);
      if (known >= 0) {
        this.text += ` ^${known}`;
        return this;
      }
      this.text += ` ${one.op}:${one.dtype}(`;
      for (const arg of one.args) this.expr(arg);
      this.text += ")";
      this.#calls.push(one);
    } else this.#place(one);
    return this;
  }

  /** One that stands in several places has one value: it is not the same as several that are alike. */
  #constant(one: Constant): void {
    const known = this.slots.get(one);
    if (known !== undefined) {
      this.text += ` =${known}`;
      return;
    }
    this.slots.set(one, this.values.push(one.word) - 1);
    this.text += ` =${one.dtype}`;
  }

  #place(one: Placed): void {
    const known = this.#placed.findIndex((other) => isSame(one, other));
    if (known >= 0) {
      this.slots.set(one, this.slots.get(this.#placed[known]!)!);
      this.text += ` ~${known}`;
      return;
    }
    this.#placed.push(one);
    this.slots.set(one, this.values.push(one.offset) - 1);
    const where = one.kind === "leaf" ? this.#number(one.storage) : "ramp";
    this.text += ` ${where}:${one.dtype}[${one.strides}]${alignment(one.offset)}`;
  }

  #number(storage: Storage): number {
    const known = this.memory.findIndex(({ block }) => block === storage.block);
    if (known >= 0) return known;
    // A foreign buffer may end within a vector.
    if (storage.block.bytes % 16 !== 0) this.text += "!";
    return this.memory.push(storage) - 1;
  }
}

/** Whether nothing is added, whole vectors, or neither. */
const alignment = (offset: number): string => (offset === 0 ? "" : offset % 4 === 0 ? "+4" : "+");

const isSame = (a: Placed, b: Placed): boolean =>
  a === b ||
  (a.kind === b.kind &&
    a.dtype === b.dtype &&
    a.offset === b.offset &&
    (a as { storage?: Storage }).storage?.block === (b as { storage?: Storage }).storage?.block &&
    a.strides.every((stride, i) => stride === b.strides[i]));

/** Records the kernel of this signature, which `build` makes (by one `run`) where it is not known yet. */
export function launch(gpu: Gpu, of: Signature, build: (kernel: Kernel) => void): void {
  let kept = keptOf.get(gpu);
  if (!kept) {
    kept = new Map();
    keptOf.set(gpu, kept);
  }
  const { memory, values } = of;
  let found = kept.get(of.text);
  if (!found) {
    const kernel = new Kernel(gpu, of.slots);
    build(kernel);
    if (!kernel.ready) return; // nothing to do
    found = { ...kernel.ready, order: kernel.order(memory) };
    if (kept.size >= KEPT) dropOldest(kept, KEPT / 4);
    kept.set(of.text, found);
  }
  const params = filled(found.params, found.slots, values);
  const bindings = found.order.map((i) => ({ block: memory[i]!.ready() }));
  gpu.dispatch(found.pipeline, { bindings, params, workgroups: found.workgroups });
}

/** The parameters with these values in their places. */
function filled(params: Uint32Array, slots: readonly Slots[], values: readonly number[]) {
  if (slots.length === 0) return params;
  const made = params.slice();
  for (const { at, slot, divisor } of slots) made[at] = (values[slot]! / divisor) >>> 0;
  return made;
}

function dropOldest(kept: Map<string, Kept>, count: number): void {
  let left = count;
  for (const key of kept.keys()) {
    if (left-- <= 0) return;
    kept.delete(key);
  }
}
