// Random tensors for properties: shapes with sizes 0 and 1 among them, special values, and views of all kinds.

import type { Dtype } from "../../kernel/src/compute/index.ts";
import { createTensor, type GpuTensor } from "../../kernel/src/compute/index.ts";
import { gpu } from "../gpu/open.ts";
import type { HostTensor } from "./oracle.ts";

/** Numbers from a seed (mulberry32), so that a failure can be repeated. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ARRAYS = {
  f32: Float32Array,
  f16: Float16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i8: Int8Array,
  u8: Uint8Array,
  i4: Int8Array,
  bool: Uint8Array,
};
const NUMPY = {
  f32: "float32",
  f16: "float16",
  i32: "int32",
  u32: "uint32",
  i8: "int8",
  u8: "uint8",
  i4: "int8",
  bool: "bool",
};
const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1];

export interface Given {
  readonly host: HostTensor;
  readonly tensor: GpuTensor;
}

/** Added to every seed: CENOTE_SEED draws other tensors, "random" ever new ones, and says which. */
const shift = (() => {
  const given = process.env["CENOTE_SEED"];
  if (given !== "random") return Number(given ?? 0);
  const drawn = Math.floor(Math.random() * 2 ** 31);
  console.log(`CENOTE_SEED=${drawn}`);
  return drawn;
})();

export class RandomTensors {
  readonly next: () => number;

  constructor(seed: number) {
    this.next = generator(seed + shift);
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  shape(rank = this.below(5), largest = 6): number[] {
    return Array.from({ length: rank }, () => (this.next() < 0.05 ? 0 : 1 + this.below(largest)));
  }

  values(dtype: Dtype, count: number, { special = 0.1, scale = 4 } = {}): HostTensor["data"] {
    const one = (): number => {
      if (dtype === "bool") return this.below(2);
      if (dtype === "f32" || dtype === "f16") {
        return this.next() < special
          ? SPECIAL[this.below(SPECIAL.length)]!
          : (this.next() * 2 - 1) * scale;
      }
      if (dtype === "i4") return this.below(16) - 8;
      const small = this.below(21) - (dtype.startsWith("u") ? 0 : 10);
      return this.next() < special
        ? Math.floor((this.next() * 2 - (dtype.startsWith("u") ? 0 : 1)) * 2 ** 31)
        : small;
    };
    const values = new ARRAYS[dtype](count);
    for (let i = 0; i < count; i++) values[i] = one();
    return values;
  }

  async tensor(
    dtype: Dtype,
    shape: readonly number[],
    options: { special?: number; scale?: number } = {},
  ): Promise<Given> {
    const data = this.values(
      dtype,
      shape.reduce((a, b) => a * b, 1),
      options,
    );
    const host = { shape, dtype: NUMPY[dtype], data };
    return { host, tensor: await createTensor(gpu, data, { dtype, shape }) };
  }
}
