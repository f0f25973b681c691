// The figures that aggregates make of the words of their groups (wgsl/parts.ts), on the host.
import { CenoteError } from "../base/index.ts";
import {
  arrayOf,
  type ColumnType,
  type HostChunk,
  hostChunk,
  isFloat,
  TYPES,
} from "../columns/index.ts";
import type { AggregateFunction } from "./aggregates.ts";
import type { Typed } from "./typed.ts";
import { offsetsOf, type Part, partKey } from "./wgsl/parts.ts";

export interface TypedAggregate {
  readonly name: string;
  readonly fn: AggregateFunction;
  readonly of?: Typed;
  readonly type: ColumnType;
}

/**
 * The parts that these aggregates need, each once. `certain` says of an expression that every group has a
 * value of it: then an extreme needs no flag for "none".
 */
export function partsOf(
  aggregates: readonly TypedAggregate[],
  certain: (of: Typed) => boolean = () => false,
): Part[] {
  const parts = new Map<string, Part>();
  for (const part of aggregates.flatMap((aggregate) => needs(aggregate, certain))) {
    parts.set(partKey(part), part);
  }
  return [...parts.values()];
}

function needs({ fn, of }: TypedAggregate, certain: (of: Typed) => boolean = () => false): Part[] {
  if (fn === "count" || !of) return [of ? { kind: "count", of } : { kind: "count" }];
  if (fn === "min" || fn === "max") {
    const flags = isFloat(of.type) || !certain(of);
    return [{ kind: "extreme", of, best: fn, wide: of.type.bits === 64, flags }];
  }
  const sum: Part = isFloat(of.type)
    ? { kind: "floats", of, limbs: of.type.kind === "f32" ? 10 : 67 }
    : { kind: "integers", of, limbs: of.type.bits === 64 ? 3 : 2 };
  return fn === "sum" ? [sum] : [sum, { kind: "count", of }];
}

/** Words of one group, found by part. */
class Words {
  readonly #parts: readonly Part[];
  readonly #offsets: number[];
  readonly #words: Uint32Array;
  readonly groups: number;

  constructor(parts: readonly Part[], words: Uint32Array, groups: number) {
    this.#parts = parts;
    this.#offsets = offsetsOf(parts);
    this.#words = words;
    this.groups = groups;
  }

  #index(part: Part): number {
    return this.#parts.findIndex((p) => partKey(p) === partKey(part));
  }

  /** The part as it was computed. */
  kept(part: Part): Part {
    return this.#parts[this.#index(part)]!;
  }

  /** Reads word `word` of this part of any group. */
  of(part: Part): (word: number, group: number) => number {
    const at = this.#index(part);
    const first = this.#offsets[at]!;
    return (word, group) => this.#words[(first + word) * this.groups + group]!;
  }
}

/**
 * The column of an aggregate over groups whose words are words[w × groups + g].
 * `pick` lists the groups in the order of the result. Throws SUM_OVERFLOW.
 */
export function figure(
  aggregate: TypedAggregate,
  parts: readonly Part[],
  words: Uint32Array,
  groups: number,
  pick: Uint32Array,
): HostChunk {
  const source = new Words(parts, words, groups);
  const [main, other] = needs(aggregate) as [Part, Part | undefined];
  const read = source.of(main);
  switch (aggregate.fn) {
    case "count":
      return hostChunk(
        TYPES.uint32,
        Uint32Array.from(pick, (group) => read(0, group)),
        pick.length,
      );
    case "sum":
      return main.kind === "floats"
        ? hostChunk(
            TYPES.float64,
            Float64Array.from(pick, (group) => fixedToNumber(read, group, main.limbs)),
            pick.length,
          )
        : wholeSums(aggregate, main as Part & { kind: "integers" }, read, pick);
    case "mean":
      return means(main, read, source.of(other!), pick);
    default:
      return extremes(aggregate, source.kept(main) as Part & { kind: "extreme" }, read, pick);
  }
}

type Read = (word: number, group: number) => number;

// Sums of 32-bit values always fit 64 bits; those of 64-bit values have a third limb that tells.
function wholeSums(
  aggregate: TypedAggregate,
  part: Part & { kind: "integers" },
  read: Read,
  pick: Uint32Array,
): HostChunk {
  const out = new Uint32Array(pick.length * 2);
  const signed = aggregate.type.kind === "i64";
  pick.forEach((group, i) => {
    out[i * 2] = read(0, group);
    out[i * 2 + 1] = read(1, group);
    if (part.limbs === 2) return;
    const sign = signed && read(1, group) >= 0x8000_0000 ? 0xffff_ffff : 0;
    if (read(2, group) !== sign) throw overflow(aggregate, limbsToBigInt(read, group, 3));
  });
  return hostChunk(aggregate.type, out, pick.length);
}

function overflow({ name, type }: TypedAggregate, sum: bigint): CenoteError {
  return new CenoteError(
    "SUM_OVERFLOW",
    `"${name}": a sum is ${sum}, which does not fit ${type.name}`,
    {
      mend: 'Sum smaller parts, or sum(col(…).cast("float64")).',
    },
  );
}

/** Limbs of 32 bits, low first, two's complement. */
function limbsToBigInt(read: Read, group: number, limbs: number): bigint {
  let value = 0n;
  for (let i = limbs - 1; i >= 0; i--) value = (value << 32n) | BigInt(read(i, group));
  return BigInt.asIntN(32 * limbs, value);
}

/** A fixed-point sum rounded once to the nearest double; NaN and infinities as IEEE adds them. */
function fixedToNumber(read: Read, group: number, limbs: number): number {
  const flags = read(limbs, group);
  if (flags & 1 || (flags & 6) === 6) return Number.NaN;
  if (flags !== 0) return flags === 2 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return scaled(limbsToBigInt(read, group, limbs), limbs === 10 ? -149 : -1074);
}

/** value × 2^exponent, rounded once. */
export function scaled(value: bigint, exponent: number): number {
  const negative = value < 0n;
  let magnitude = negative ? -value : value;
  const bits = magnitude.toString(16).length * 4;
  // Number() rounds to 53 bits; bits beyond 64 are folded into one that says whether any was set.
  const drop = Math.max(0, bits - 68);
  if (drop > 0) {
    const kept = magnitude >> BigInt(drop);
    magnitude = kept << BigInt(drop) === magnitude ? kept : kept | 1n;
  }
  // Below 2^-1022 the last bit of the fixed-point number is the last of a double: nothing is lost.
  const number =
    Number(magnitude) *
    2 ** Math.max(-1000, exponent + drop) *
    2 ** Math.min(0, exponent + drop + 1000);
  return negative ? -number : number;
}

function means(main: Part, read: Read, count: Read, pick: Uint32Array): HostChunk {
  const valid = new Uint8Array(Math.ceil(pick.length / 32) * 4);
  const out = Float64Array.from(pick, (group, i) => {
    const n = count(0, group);
    if (n === 0) return 0;
    valid[i >> 3]! |= 1 << (i & 7);
    if (main.kind === "floats") return fixedToNumber(read, group, main.limbs) / n;
    return wholeSum(main as Part & { kind: "integers" }, read, group) / n;
  });
  return hostChunk(TYPES.float64, out, pick.length, valid);
}

function wholeSum(part: Part & { kind: "integers" }, read: Read, group: number): number {
  const unsigned = part.of.type.kind === "u32" || part.of.type.kind === "bool";
  if (part.limbs === 3) return Number(limbsToBigInt(read, group, 3));
  const high = unsigned ? read(1, group) : read(1, group) | 0;
  const sum = high * 2 ** 32 + read(0, group);
  return Number.isSafeInteger(sum) ? sum : Number((BigInt(high) << 32n) | BigInt(read(0, group)));
}

function extremes(
  aggregate: TypedAggregate,
  part: Part & { kind: "extreme" },
  read: Read,
  pick: Uint32Array,
): HostChunk {
  const { type } = aggregate;
  const valid = new Uint8Array(Math.ceil(pick.length / 32) * 4);
  const first = part.flags ? 1 : 0;
  const flip = part.best === "min" ? 0xffff_ffff : 0;
  const values = new Array<number | bigint>(pick.length);
  pick.forEach((group, i) => {
    const flags = part.flags ? read(0, group) : 1;
    if (flags !== 0) valid[i >> 3]! |= 1 << (i & 7);
    if ((flags & 1) === 0) values[i] = flags === 0 ? zero(type) : Number.NaN;
    else {
      const high = (read(first, group) ^ flip) >>> 0;
      values[i] = part.wide
        ? wideValue(type, high, (read(first + 1, group) ^ flip) >>> 0)
        : value(type, high);
    }
  });
  return hostChunk(type, stored(type, values), pick.length, valid);
}

const zero = (type: ColumnType) => (type.kind === "i64" || type.kind === "u64" ? 0n : 0);

const bits = new DataView(new ArrayBuffer(8));

/** Undoes the unsigned order of 32-bit values. */
function value(type: ColumnType, order: number): number {
  if (type.kind === "i32") return (order ^ 0x8000_0000) | 0;
  if (type.kind !== "f32") return order;
  bits.setUint32(0, order >= 0x8000_0000 ? order ^ 0x8000_0000 : ~order);
  return bits.getFloat32(0);
}

function wideValue(type: ColumnType, high: number, low: number): number | bigint {
  if (type.kind === "f64") {
    const positive = high >= 0x8000_0000;
    bits.setUint32(0, positive ? high ^ 0x8000_0000 : ~high);
    bits.setUint32(4, positive ? low : ~low);
    return bits.getFloat64(0);
  }
  const top = type.kind === "i64" ? high ^ 0x8000_0000 : high;
  const whole = (BigInt(top >>> 0) << 32n) | BigInt(low);
  return type.kind === "i64" ? BigInt.asIntN(64, whole) : whole;
}

function stored(type: ColumnType, values: readonly (number | bigint)[]): ArrayBufferView {
  if (type.kind === "bool") {
    const out = new Uint8Array(Math.ceil(values.length / 32) * 4);
    values.forEach((set, i) => {
      if (set) out[i >> 3]! |= 1 << (i & 7);
    });
    return out;
  }
  const Values = arrayOf(type) as unknown as {
    from(values: readonly (number | bigint)[]): ArrayBufferView;
  };
  return Values.from(values);
}
