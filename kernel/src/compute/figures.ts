// The figures that aggregates make of the words of their groups (wgsl/parts.ts), on the host.
import { CenoteError } from "../base/index.ts";
import {
  type ColumnType,
  type HostChunk,
  hostChunk,
  isFloat,
  isInteger,
  TYPES,
} from "../columns/index.ts";
import type { AggregateFunction } from "./aggregates.ts";
import { limbsToBigInt as bigLimbs, ratio, scaled } from "./exact.ts";
import { type Extreme, extremes, fillEmpty, type Read } from "./extremes.ts";
import type { HostValues } from "./run/values.ts";
import type { Typed } from "./typed.ts";
import { offsetsOf, type Part, partKey } from "./wgsl/parts.ts";

export interface TypedAggregate {
  readonly name: string;
  readonly fn: AggregateFunction;
  readonly of?: Typed;
  readonly ddof?: number;
  readonly q?: number;
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
  if (isSorted({ fn, of })) return [];
  if (fn === "first" || fn === "last")
    return [{ kind: "place", best: fn === "first" ? "min" : "max" }];
  const best = EXTREMES[fn];
  if (best) {
    const flags = isFloat(of.type) || !certain(of);
    return [{ kind: "extreme", of, best, wide: of.type.bits === 64, flags }];
  }
  const sum: Part = isFloat(of.type)
    ? { kind: "floats", of, limbs: of.type.kind === "f32" ? 10 : 67 }
    : { kind: "integers", of, limbs: limbsOf(of.type) };
  if (fn === "sum") return [sum];
  const count: Part = { kind: "count", of };
  return fn === "mean"
    ? [sum, count]
    : [sum, { kind: "squares", of, limbs: SQUARES[sum.limbs as keyof typeof SQUARES] }, count];
}

/** Of bools any is the greatest value and all the least. */
const EXTREMES: Partial<Record<AggregateFunction, "min" | "max">> = {
  min: "min",
  max: "max",
  any: "max",
  all: "min",
};

/** Limbs of a sum of squares, by those of the sum. */
const SQUARES = { 2: 3, 3: 5, 5: 5, 10: 20, 67: 134 } as const;

/** Whether it is a figure of values in order, which needs no words. */
export function isSorted({ fn, of }: Pick<TypedAggregate, "fn" | "of">): boolean {
  if (fn === "min" || fn === "max")
    return !isFloat(of!.type) && !isInteger(of!.type) && of!.type.kind !== "bool";
  return fn === "median" || fn === "quantile" || fn === "nunique";
}

/** The number of the first or last row of a group, as a part of its words has it. */
export function placesOf(
  { fn }: TypedAggregate,
  parts: readonly Part[],
  words: Uint32Array,
  groups: number,
  pick: Uint32Array,
): Uint32Array {
  const best = fn === "first" ? "min" : "max";
  const read = new Words(parts, words, groups).of({ kind: "place", best });
  return pick.map((group) => (best === "min" ? ~read(0, group) : read(0, group) - 1));
}

function limbsOf({ kind, bits }: ColumnType): 2 | 3 | 5 {
  return kind === "decimal" ? 5 : bits === 64 ? 3 : 2;
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

/** A column of figures. */
export const valuesOf = ({ name, type }: TypedAggregate, chunk: HostChunk): HostValues => ({
  column: { name, type, nulls: chunk.layout.validity >= 0 },
  chunk,
});

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
  const needed = needs(aggregate);
  const [wanted, other] = needed as [Part, Part | undefined];
  const [main, read] = [source.kept(wanted), source.of(wanted)];
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
            Float64Array.from(pick, (group) => fixedToNumber(read, group, main)),
            pick.length,
          )
        : wholeSums(aggregate, main as Part & { kind: "integers" }, read, pick);
    case "mean": {
      const counts = source.of(other!);
      return doubles(pick, (group) => {
        const n = counts(0, group);
        return n === 0 ? null : mean(main, read, group, n);
      });
    }
    case "variance":
    case "std":
      return doubles(pick, (group) => {
        const found = varianceOf(source, needed, group, aggregate.ddof ?? 1);
        return found !== null && aggregate.fn === "std" ? Math.sqrt(found) : found;
      });
    case "any":
    case "all": {
      const { bytes } = extremes(aggregate, main as Extreme, read, pick);
      const bits = bytes.slice(0, Math.ceil(pick.length / 32) * 4);
      if (aggregate.fn === "all") fillEmpty(bits, main as Extreme, read, pick);
      return hostChunk(TYPES.bool, bits, pick.length);
    }
    default:
      return extremes(aggregate, main as Extreme, read, pick);
  }
}

// Sums of 32-bit values always fit 64 bits; those of 64-bit values have a third limb that tells.
function wholeSums(
  aggregate: TypedAggregate,
  part: Part & { kind: "integers" },
  read: Read,
  pick: Uint32Array,
): HostChunk {
  if (part.limbs === 5) return decimalSums(aggregate, read, pick);
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

function decimalSums(aggregate: TypedAggregate, read: Read, pick: Uint32Array): HostChunk {
  const out = new Uint32Array(pick.length * 4);
  pick.forEach((group, i) => {
    const sum = limbsToBigInt(read, group, 5);
    if (sum <= -(10n ** 38n) || sum >= 10n ** 38n) throw overflow(aggregate, sum);
    for (let word = 0; word < 4; word++) out[i * 4 + word] = read(word, group);
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

const limbsToBigInt = (read: Read, group: number, limbs: number) =>
  bigLimbs((limb) => read(limb, group), limbs);

type Floats = Part & { readonly kind: "floats" };

/** What the lowest bit of a sum of floats stands for, as a power of two. */
const lowestBit = ({ of }: Floats) => (of.type.kind === "f32" ? -149 : -1074);

/** A sum of floats, in units of its lowest bit. */
function fixedSum(read: Read, group: number, { limbs, base = 0 }: Floats): bigint {
  return limbsToBigInt(read, group, limbs) << BigInt(32 * base);
}

/** NaN 1, +∞ 2, −∞ 4. */
const flagsOf = (read: Read, group: number, { limbs, base }: Floats) =>
  base !== undefined ? 0 : read(limbs, group);

/** A fixed-point sum rounded once to the nearest double; NaN and infinities as IEEE adds them. */
function fixedToNumber(read: Read, group: number, part: Floats): number {
  const flags = flagsOf(read, group, part);
  if (flags & 1 || (flags & 6) === 6) return Number.NaN;
  if (flags !== 0) return flags === 2 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return scaled(fixedSum(read, group, part), lowestBit(part));
}

/** Doubles of groups; null where there is none. */
function doubles(pick: Uint32Array, of: (group: number) => number | null): HostChunk {
  const valid = new Uint8Array(Math.ceil(pick.length / 32) * 4);
  const out = Float64Array.from(pick, (group, i) => {
    const value = of(group);
    if (value !== null) valid[i >> 3]! |= 1 << (i & 7);
    return value ?? 0;
  });
  return hostChunk(TYPES.float64, out, pick.length, valid);
}

function mean(main: Part, read: Read, group: number, n: number): number {
  if (main.kind !== "floats") {
    const whole = main as Part & { kind: "integers" };
    const { scale } = whole.of.type;
    if (scale !== undefined) {
      const sum = exactSum(whole, read, group) * 10n ** BigInt(Math.max(0, -scale));
      return ratio(sum, BigInt(n) * 10n ** BigInt(Math.max(0, scale)), 0);
    }
    const sum = wholeSum(whole, read, group);
    if (Number.isSafeInteger(sum)) return sum / n;
    return ratio(exactSum(whole, read, group), BigInt(n), 0);
  }
  if (flagsOf(read, group, main) !== 0) return fixedToNumber(read, group, main);
  return ratio(fixedSum(read, group, main), BigInt(n), lowestBit(main));
}

/** (n Σx² − (Σx)²) ÷ (n (n − ddof)), all of it exact until it is rounded. */
function varianceOf(source: Words, parts: readonly Part[], group: number, ddof: number) {
  const [main, squares, counts] = parts.map((part) => source.kept(part)) as [
    Part,
    Part & { kind: "squares" },
    Part,
  ];
  const n = source.of(counts)(0, group);
  if (n <= ddof) return null;
  const read = source.of(main);
  const floats = main.kind === "floats";
  if (floats && flagsOf(read, group, main) !== 0) return Number.NaN;
  const sum = floats
    ? fixedSum(read, group, main)
    : exactSum(main as Part & { kind: "integers" }, read, group);
  const square = limbsToBigInt(source.of(squares), group, squares.limbs);
  const count = BigInt(n);
  const exponent = floats ? 2 * lowestBit(main) : 0;
  return ratio(count * square - sum * sum, count * (count - BigInt(ddof)), exponent);
}

function exactSum(part: Part & { kind: "integers" }, read: Read, group: number): bigint {
  const sum = limbsToBigInt(read, group, part.limbs);
  const unsigned = part.of.type.kind === "u32" || part.of.type.kind === "bool";
  return part.limbs === 2 && unsigned ? BigInt.asUintN(64, sum) : sum;
}

// As a number; not exact beyond 2^53.
function wholeSum(part: Part & { kind: "integers" }, read: Read, group: number): number {
  if (part.limbs !== 2) return Number(limbsToBigInt(read, group, part.limbs));
  const unsigned = part.of.type.kind === "u32" || part.of.type.kind === "bool";
  const high = unsigned ? read(1, group) : read(1, group) | 0;
  return high * 2 ** 32 + read(0, group);
}
