// The words of figures that groups on the host keep, as kernels make them (wgsl/parts.ts).
import type { Typed } from "../typed.ts";
import type { Part } from "../wgsl/parts.ts";
import { HostEmitter } from "./emit.ts";
import { factsAt } from "./paths.ts";
import { call } from "./rows.ts";
import type { HostPart, HostRows } from "./side.ts";

/** Rows that were dealt to groups. */
export interface Grouped {
  readonly all: HostRows;
  readonly part: HostPart;
  readonly index: Uint32Array;
  readonly ids: Uint32Array;
  readonly groups: number;
  /** Number of the part's first row in the table. */
  readonly base: number;
}

/** The values of an expression, null where it is. */
export function evaluated(all: HostRows, part: HostPart, index: Uint32Array, at: Typed): unknown[] {
  const emitter = new HostEmitter((name) => factsAt(all, name).nulls);
  const { v, ok } = emitter.emit(at);
  const lines = ["const row = index[i];", ...emitter.lines, `out[i] = ${ok} ? ${v} : null;`];
  const source = `"use strict";\nfor (let i = 0; i < index.length; i++) {\n${lines.join("\n")}\n}`;
  const out = new Array<unknown>(index.length);
  call({ source, emitter }, all, part, { index, out });
  return out;
}

export type SetWord = (word: number, group: number, value: number) => void;

export function accumulate(of: Part, rows: Grouped, set: SetWord): void {
  if (of.kind === "count") {
    counts(of.of, rows, set);
    return;
  }
  if (of.kind === "place") {
    places(of.best, rows, set);
    return;
  }
  const values = evaluated(rows.all, rows.part, rows.index, of.of!);
  if (of.kind === "integers") integers(values, rows, of.limbs, set);
  else if (of.kind === "floats") floats(values as (number | null)[], rows, of.limbs, set);
  else if (of.kind === "squares") squares(values, of, rows, set);
  else extremes(values, of, rows, set);
}

// Rows come in their order: the first of a group stays, or each takes the place of those before.
function places(best: "min" | "max", { ids, index, groups, base }: Grouped, set: SetWord): void {
  const seen = new Uint8Array(groups);
  ids.forEach((id, i) => {
    if (best === "min" && seen[id] === 1) return;
    seen[id] = 1;
    const row = base + index[i]!;
    set(0, id, best === "min" ? ~row >>> 0 : row + 1);
  });
}

function squares(
  values: readonly unknown[],
  { of, limbs: count }: Part & { readonly kind: "squares" },
  { ids, groups }: Grouped,
  set: SetWord,
): void {
  const sums = new Array<bigint>(groups).fill(0n);
  const { kind } = of.type;
  ids.forEach((id, i) => {
    const value = values[i];
    if (value === null) return;
    const float = kind === "f32" || kind === "f64";
    // What is not finite the flags of the sum tell.
    if (float && !Number.isFinite(value)) return;
    const whole = float
      ? fixed(value as number, kind === "f32" ? 149 : 1074)
      : BigInt(value as bigint);
    sums[id]! += whole * whole;
  });
  for (const [group, sum] of sums.entries()) limbs(sum, count, group, set);
}

function counts(
  of: Typed | undefined,
  { all, part, index, ids, groups }: Grouped,
  set: SetWord,
): void {
  const found = new Uint32Array(groups);
  const values = of ? evaluated(all, part, index, of) : undefined;
  ids.forEach((id, i) => {
    if (!values || values[i] !== null) found[id]!++;
  });
  for (const [group, count] of found.entries()) set(0, group, count);
}

function limbs(sum: bigint, count: number, group: number, set: SetWord): void {
  for (let i = 0; i < count; i++) set(i, group, Number((sum >> BigInt(32 * i)) & 0xffff_ffffn));
}

function integers(
  values: readonly unknown[],
  { ids, groups }: Grouped,
  count: number,
  set: SetWord,
): void {
  // Of 32 bits 2^21 values cannot leave what a number holds exactly.
  const small = count === 2 && values.length <= 2 ** 21;
  if (small) {
    const sums = new Float64Array(groups);
    ids.forEach((id, i) => {
      sums[id]! += Number(values[i]);
    });
    for (const [group, sum] of sums.entries()) limbs(BigInt(sum), count, group, set);
    return;
  }
  const sums = new Array<bigint>(groups).fill(0n);
  ids.forEach((id, i) => {
    if (values[i] !== null) sums[id]! += BigInt(values[i] as bigint);
  });
  for (const [group, sum] of sums.entries()) limbs(sum, count, group, set);
}

// Shewchuk's partial sums ("Adaptive Precision Floating-Point Arithmetic", 1997): together they are exact.
function floats(
  values: readonly (number | null)[],
  { ids, groups }: Grouped,
  count: number,
  set: SetWord,
): void {
  const partials = Array.from({ length: groups }, (): number[] => []);
  const large = new Array<bigint>(groups).fill(0n);
  const flags = new Uint8Array(groups);
  const unit = count === 10 ? 149 : 1074;
  ids.forEach((id, i) => {
    const value = values[i]!;
    if (value === null) return;
    if (Number.isNaN(value)) flags[id]! |= 1;
    else if (!Number.isFinite(value)) flags[id]! |= value > 0 ? 2 : 4;
    // Sums of what is near the greatest double would overflow.
    else if (Math.abs(value) > 2 ** 960) large[id]! += fixed(value, unit);
    else addPartial(partials[id]!, value);
  });
  partials.forEach((parts, group) => {
    const sum = parts.reduce((total, part) => total + fixed(part, unit), large[group]!);
    limbs(sum, count, group, set);
    set(count, group, flags[group]!);
  });
}

function addPartial(partials: number[], value: number): void {
  let x = value;
  let kept = 0;
  for (let y of partials) {
    if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
    const high = x + y;
    const low = y - (high - x);
    if (low !== 0) partials[kept++] = low;
    x = high;
  }
  partials.length = kept;
  partials.push(x);
}

const bits = new DataView(new ArrayBuffer(8));

/** A double in units of 2^-unit. */
function fixed(value: number, unit: number): bigint {
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const exponent = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xf_ffff_ffff_ffffn;
  const significand = exponent === 0 ? fraction : fraction | (1n << 52n);
  const shift = Math.max(exponent, 1) - 1075 + unit;
  const magnitude = shift >= 0 ? significand << BigInt(shift) : significand >> BigInt(-shift);
  return value < 0 ? -magnitude : magnitude;
}

function extremes(
  values: readonly unknown[],
  part: Part & { readonly kind: "extreme" },
  { ids, groups }: Grouped,
  set: SetWord,
): void {
  const best = new Array<bigint>(groups).fill(0n);
  const flags = new Uint8Array(groups);
  const width = part.wide ? 64 : 32;
  ids.forEach((id, i) => {
    const value = values[i];
    if (value === null) return;
    if (Number.isNaN(value)) {
      flags[id]! |= 2;
      return;
    }
    flags[id]! |= 1;
    const order = orderOf(part.of, value as number | bigint | boolean);
    const rank = part.best === "min" ? BigInt.asUintN(width, ~order) : order;
    if (rank > best[id]!) best[id] = rank;
  });
  best.forEach((rank, group) => {
    const first = part.flags ? 1 : 0;
    if (part.flags) set(0, group, flags[group]!);
    if (part.wide) {
      set(first, group, Number(rank >> 32n));
      set(first + 1, group, Number(rank & 0xffff_ffffn));
    } else set(first, group, Number(rank));
  });
}

/** An unsigned number in the order of the values. */
function orderOf({ type }: Typed, value: number | bigint | boolean): bigint {
  switch (type.kind) {
    case "i32":
      return BigInt.asUintN(32, BigInt(value) ^ 0x8000_0000n);
    case "i64":
      return BigInt.asUintN(64, BigInt(value)) ^ (1n << 63n);
    case "f32":
    case "f64": {
      const size = type.kind === "f32" ? 32 : 64;
      const number = Number(value) === 0 ? 0 : Number(value);
      if (size === 32) bits.setFloat32(0, number);
      else bits.setFloat64(0, number);
      const word = size === 32 ? BigInt(bits.getUint32(0)) : bits.getBigUint64(0);
      const top = 1n << BigInt(size - 1);
      return word & top ? BigInt.asUintN(size, ~word) : word | top;
    }
    default:
      return BigInt(value);
  }
}
