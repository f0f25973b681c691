// The text of one kernel over tensors: its bindings, its parameters as words of a uniform, the helpers that it
// calls, and how elements are loaded and packed. Shapes, strides and constants are parameters, so that another
// shape is the same kernel.
import { CenoteError } from "../../../base/index.ts";
import type { Gpu, Pipeline } from "../../../gpu/index.ts";
import { DTYPES, type Dtype } from "../dtypes.ts";
import type { Expr } from "../expr.ts";
import type { Storage } from "../storage.ts";
import { helperText } from "./helpers.ts";

/** Words of parameters, at most: a uniform binding of the pool has 1 KiB. */
export const MAX_WORDS = 256;
/** Invocations of a workgroup. */
export const GROUP = 256;
/** Workgroups in a row of a dispatch. */
const ROW = 32768;

export interface Bound {
  readonly name: string;
  readonly type: string;
  readonly storage: Storage;
}

/** A parameter that differs from call to call: word `at` is the value of `slot`, divided. */
export interface Slots {
  readonly at: number;
  readonly slot: number;
  readonly divisor: number;
}

/** A kernel with all but its memory. */
export interface Ready {
  readonly pipeline: Pipeline;
  readonly params: Uint32Array;
  readonly slots: readonly Slots[];
  readonly workgroups: [number, number];
}

export class Kernel {
  readonly gpu: Gpu;
  /** What run() made, where the kernel is built to be kept. */
  ready: Ready | undefined;
  readonly #varying: ReadonlyMap<Expr, number> | undefined;
  readonly #slots: Slots[] = [];
  readonly #bound: Bound[] = [];
  readonly #words: number[] = [];
  readonly #helpers = new Set<string>();
  readonly #functions: string[] = [];

  /** `varying`: which value of a call each of these expressions has; such a kernel is kept, and not run at once. */
  constructor(gpu: Gpu, varying?: ReadonlyMap<Expr, number>) {
    this.gpu = gpu;
    this.#varying = varying;
  }

  /** The name by which the kernel knows this memory; `type` is that of its first use. */
  bind(storage: Storage, type = "u32"): Bound {
    let found = this.#bound.find((one) => one.storage.block === storage.block);
    if (!found) {
      found = { name: `mem${this.#bound.length}`, type, storage };
      this.#bound.push(found);
    }
    return found;
  }

  /** Where the kernel finds this parameter, a u32; negative ones wrap. */
  word(value: number): string {
    const at = this.#words.push(value >>> 0) - 1;
    return `p[${at >> 2}].${"xyzw"[at & 3]}`;
  }

  /** The same for a number that belongs to an expression, and may differ at the next call. */
  wordOf(expr: Expr, value: number, divisor = 1): string {
    const slot = this.#varying?.get(expr);
    if (slot !== undefined) this.#slots.push({ at: this.#words.length, slot, divisor });
    return this.word(value / divisor);
  }

  /** For each binding: which of `memory` it is. */
  order(memory: readonly Storage[]): number[] {
    return this.#bound.map(({ name, storage }) => {
      const at = memory.findIndex(({ block }) => block === storage.block);
      if (at < 0) throw new Error(`${name} is not in the kernel's signature`);
      return at;
    });
  }

  use(helpers: Iterable<string>): void {
    for (const name of helpers) this.#helpers.add(name);
  }

  add(code: string): void {
    if (!this.#functions.includes(code)) this.#functions.push(code);
  }

  /** The element of `dtype` at index `i` of the memory, as it is computed. */
  load({ name, type }: Pick<Bound, "name" | "type">, dtype: Dtype, i: string): string {
    const { bits, computed } = DTYPES[dtype];
    if (bits === 32) {
      const at = type.startsWith("vec4") ? `${name}[(${i}) >> 2u][(${i}) & 3u]` : `${name}[${i}]`;
      return type.includes(computed) ? at : `bitcast<${computed}>(${at})`;
    }
    this.add(unpacking(name, dtype));
    if (dtype === "f16") this.use(["half_to_f32"]);
    return `${name}_${dtype}(${i})`;
  }

  /** The four elements of a packed `dtype` from index 4·i on. */
  loadFour({ name, type }: Pick<Bound, "name" | "type">, dtype: Dtype, i: string): string {
    const word = (at: string) =>
      type.startsWith("vec4") ? `${name}[(${at}) >> 2u][(${at}) & 3u]` : `${name}[${at}]`;
    this.add(unpackingFour(name, dtype, word));
    if (dtype === "f16") this.use(["half_to_f32"]);
    return `${name}_${dtype}_four(${i})`;
  }

  /** A value as the bits of a packed dtype, in the low bits of a u32. */
  packed(dtype: Dtype, x: string): string {
    if (dtype === "f16") {
      this.use(["f32_to_half"]);
      return `f32_to_half(${x})`;
    }
    if (dtype === "bool") return `u32(${x})`;
    const { bits, computed } = DTYPES[dtype];
    return `(${computed === "i32" ? `bitcast<u32>(${x})` : x} & ${2 ** bits - 1}u)`;
  }

  /** The whole text. */
  code(main: string): string {
    const declared = this.#bound.map(
      ({ name, type }, i) =>
        `@group(0) @binding(${i}) var<storage, read_write> ${name}: array<${type}>;`,
    );
    const size = Math.max(1, Math.ceil(this.#words.length / 4));
    declared.push(`@group(1) @binding(0) var<uniform> p: array<vec4u, ${size}>;`);
    return [declared.join("\n"), helperText(this.#helpers), ...this.#functions, main].join("\n");
  }

  /** Memory of a workgroup, of `count` elements that no one has set. */
  share(name: string, type: string, count: number): void {
    this.add(`var<workgroup> ${name}: array<${type}, ${count}>;`);
  }

  /** Records the kernel with at least this many invocations; `at` in its main is the invocation's number. */
  run(label: string, invocations: number, body: string, group = GROUP): void {
    const head = `@builtin(global_invocation_id) id: vec3u) {
  let at = id.x + id.y * ${ROW * group}u;`;
    this.#run(label, Math.ceil(invocations / group), head, body, group);
  }

  /** The same with so many workgroups of `size`, which may share memory: `group` is the workgroup's number, `lane` the invocation's in it. */
  runGroups(label: string, groups: number, body: string, size: number): void {
    const head = `@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.x + id.y * ${ROW}u;`;
    this.#run(label, groups, head, body, size);
  }

  #run(label: string, groups: number, head: string, body: string, size: number): void {
    if (groups === 0) return;
    const main = `@compute @workgroup_size(${size})
fn main(${head}
${body}
}`;
    const code = this.code(main);
    const bindings = this.#bound.length;
    if (this.#words.length > MAX_WORDS) {
      throw new CenoteError(
        "TOO_COMPLEX",
        `${label}: wanted ${this.#words.length} words of parameters, at most ${MAX_WORDS} fit`,
      );
    }
    const pipeline = this.gpu.pipeline({ label, code, bindings, params: true });
    const params = new Uint32Array(Math.max(4, Math.ceil(this.#words.length / 4) * 4));
    params.set(this.#words);
    const workgroups: [number, number] = [Math.min(groups, ROW), Math.ceil(groups / ROW)];
    if (this.#varying) {
      this.ready = { pipeline, params, slots: this.#slots, workgroups };
      return;
    }
    const blocks = this.#bound.map(({ storage }) => ({ block: storage.ready() }));
    this.gpu.dispatch(pipeline, { bindings: blocks, params, workgroups });
  }
}

/** A function that unpacks the element at an index. */
function unpacking(name: string, dtype: Dtype): string {
  const { bits, computed } = DTYPES[dtype];
  const per = Math.log2(32 / bits);
  const word = `${name}[i >> ${per}u]`;
  const shift = `(i & ${2 ** per - 1}u) * ${bits}u`;
  const value = {
    f16: `half_to_f32((${word} >> (${shift})) & 0xffffu)`,
    i8: `extractBits(bitcast<i32>(${word}), ${shift}, 8u)`,
    i4: `extractBits(bitcast<i32>(${word}), ${shift}, 4u)`,
    u8: `extractBits(${word}, ${shift}, 8u)`,
    bool: `((${word} >> (${shift})) & 1u) != 0u`,
  }[dtype as string];
  return `fn ${name}_${dtype}(i: u32) -> ${computed} { return ${value}; }`;
}

/** A function that unpacks the four elements from index 4·i on, which lie in one word, of halves in two. */
function unpackingFour(name: string, dtype: Dtype, word: (at: string) => string): string {
  const { bits, computed } = DTYPES[dtype];
  const head = `fn ${name}_${dtype}_four(i: u32) -> vec4<${computed}> {`;
  if (dtype === "f16") {
    return `${head}
let low = ${word("i * 2u")};
let high = ${word("i * 2u + 1u")};
return vec4f(half_to_f32(low & 0xffffu), half_to_f32(low >> 16u), half_to_f32(high & 0xffffu), half_to_f32(high >> 16u));
}`;
  }
  const shift = Math.log2(8 / bits); // fours in a word
  const lanes = [0, 1, 2, 3].map((lane) => {
    const part = (from: string) => `extractBits(${from}, ${lane * bits}u, ${bits}u)`;
    if (dtype === "bool") return `${part("word")} != 0u`;
    return computed === "i32" ? part("bitcast<i32>(word)") : part("word");
  });
  return `${head}
let word = ${word(`i >> ${shift}u`)} >> ((i & ${2 ** shift - 1}u) * ${bits * 4}u);
return vec4<${computed}>(${lanes.join(", ")});
}`;
}
