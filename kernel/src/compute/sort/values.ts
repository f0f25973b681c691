// Values in order within groups, on the host, as they lie in packed keys (wgsl/order.ts).
import type { ColumnStore } from "../../columns/index.ts";
import { unordered } from "../extremes.ts";
import { orderedKeys } from "../run/order.ts";
import type { Sorted } from "../run/radix.ts";
import { Scratch } from "../run/scratch.ts";
import type { Typed } from "../typed.ts";

/** A run of rows of one group; those of [from, valid) have a value. */
export interface Run {
  readonly from: number;
  readonly valid: number;
  readonly to: number;
}

/** The rows of a store by these columns, of which the last one has the values of `of`. */
export async function sortedValues(
  store: ColumnStore,
  names: readonly string[],
  of: Typed,
): Promise<Values> {
  using scratch = new Scratch(store.gpu);
  const order = names.map((column) => ({ column, descending: false, nullsFirst: false }));
  const { packing, ...sorted } = await orderedKeys(store, order, scratch);
  return new Values(sorted, packing.plans.at(-1)!, packing.nullable.at(-1)!, of);
}

/** Values in the order of their groups and then of themselves; row i is the one at place i. */
export interface OrderedValues {
  readonly rows: number;
  /** Bits of the value and of what says null. */
  readonly bits: number;
  /** Whether rows i and j differ above bit `bit` of their keys. */
  differ(i: number, j: number, bit: number): boolean;
  isNull(row: number): boolean;
  value(row: number): number | bigint;
  /** The number of the row that is at this place. */
  rowAt(place: number): number;
}

/** The value that is the last of the packed keys. */
export class Values implements OrderedValues {
  readonly #sorted: Sorted;
  readonly #plan: Uint32Array;
  readonly #nullable: boolean;
  readonly #of: Typed;
  readonly bits: number;

  /** `plan`: four words for each field of the value, with one before that says null where it is `nullable`. */
  constructor(sorted: Sorted, plan: Uint32Array, nullable: boolean, of: Typed) {
    this.#sorted = sorted;
    this.#plan = plan;
    this.#nullable = nullable;
    this.#of = of;
    this.bits = plan[2]! + plan[3]!;
  }

  get rows(): number {
    return this.#sorted.rows.length;
  }

  rowAt(place: number): number {
    return this.#sorted.rows[place]!;
  }

  differ(i: number, j: number, bit: number): boolean {
    const { words } = this.#sorted;
    const first = bit >> 5;
    for (let w = first; w < words.length; w++) {
      const difference = words[w]![i]! ^ words[w]![j]!;
      if ((w === first ? difference >>> (bit & 31) : difference) !== 0) return true;
    }
    return false;
  }

  #field(row: number, at: number, bits: number): bigint {
    const { words } = this.#sorted;
    let whole = 0n;
    for (let w = Math.min(words.length - 1, (at + bits) >> 5); w >= at >> 5; w--)
      whole = (whole << 32n) | BigInt(words[w]![row]!);
    return BigInt.asUintN(bits, whole >> BigInt(at & 31));
  }

  #least(field: number): bigint {
    const at = field * 4;
    return (BigInt(this.#plan[at + 1]!) << 32n) | BigInt(this.#plan[at]!);
  }

  isNull(row: number): boolean {
    if (!this.#nullable) return false;
    const [, , bits, at] = this.#plan as unknown as [number, number, number, number];
    return this.#least(0) + this.#field(row, at, bits) !== 0n;
  }

  value(row: number): number | bigint {
    const field = this.#plan.length / 4 - 1;
    const [bits, at] = [this.#plan[field * 4 + 2]!, this.#plan[field * 4 + 3]!];
    return unordered(this.#of.type, this.#least(field) + this.#field(row, at, bits));
  }
}

/** The groups: runs of equal keys, within which nulls are last. Without keys (`one`) there is one, also of no rows. */
export function runsOf(values: OrderedValues, one: boolean): Run[] {
  const runs: Run[] = [];
  const { rows } = values;
  let from = 0;
  for (let row = 1; row <= rows; row++) {
    if (row < rows && !values.differ(row, row - 1, values.bits)) continue;
    let valid = row;
    if (valid > from && values.isNull(valid - 1)) valid = firstNull(values, from, row);
    runs.push({ from, valid, to: row });
    from = row;
  }
  return one && runs.length === 0 ? [{ from: 0, valid: 0, to: 0 }] : runs;
}

function firstNull(values: OrderedValues, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values.isNull(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
