// Extremes of groups, of the unsigned order that their words keep (wgsl/parts.ts), back as values.
import { arrayOf, type ColumnType, type HostChunk, hostChunk } from "../columns/index.ts";
import type { Part } from "./wgsl/parts.ts";

export type Extreme = Part & { readonly kind: "extreme" };
/** A word of a part, of a group. */
export type Read = (word: number, group: number) => number;

/** Sets the bits of groups without values: `all` is true of them. */
export function fillEmpty(bits: Uint8Array, part: Extreme, read: Read, pick: Uint32Array): void {
  if (!part.flags) return;
  pick.forEach((group, i) => {
    if (read(0, group) === 0) bits[i >> 3]! |= 1 << (i & 7);
  });
}

/** Least or greatest values of groups; null where there are none. */
export function extremes(
  { type }: { readonly type: ColumnType },
  part: Extreme,
  read: Read,
  pick: Uint32Array,
): HostChunk {
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
        : typed(type, value(part.of.type, high));
    }
  });
  return hostChunk(type, stored(type, values), pick.length, valid);
}

/** The value whose order (wgsl/accumulate.ts) is this number. */
export function unordered(type: ColumnType, order: bigint): number | bigint {
  if (type.bits === 64) return wideValue(type, Number(order >> 32n), Number(order & 0xffff_ffffn));
  return value(type, Number(order));
}

// A narrow column's values are found as those of 32 bits.
const typed = ({ kind }: ColumnType, found: number): number | bigint =>
  kind === "i64" || kind === "u64" ? BigInt(found) : found;

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
