// Figures that need values in order: median, quantiles, the number of different ones, and the least and
// greatest text. Rows are sorted by the keys of their groups and then by the value; the packed keys come to
// the host, where each group is a run of them.
import { type HostChunk, hostChunk, TYPES } from "../../columns/index.ts";
import { unordered } from "../extremes.ts";
import type { TypedAggregate } from "../figures.ts";
import type { NamedKey, Plan } from "../plan.ts";
import { orderedKeys } from "../run/order.ts";
import type { Sorted } from "../run/radix.ts";
import { Scratch } from "../run/scratch.ts";
import type { Typed } from "../typed.ts";
import { withRows } from "./hidden.ts";

/** A run of rows of one group; those of [from, valid) have a value. */
interface Run {
  readonly from: number;
  readonly valid: number;
  readonly to: number;
}

/** One column for each of these figures of `of`, with a row for each group in the order of the keys. */
export async function statistics(
  plan: Plan,
  keys: readonly NamedKey[],
  of: Typed,
  aggregates: readonly TypedAggregate[],
): Promise<HostChunk[]> {
  const hidden = [...keys.map(({ at }) => at), of];
  const only: Plan = { ...plan, columns: new Map() };
  return withRows(only, hidden, async (store, names) => {
    using scratch = new Scratch(store.gpu);
    const order = names.map((column) => ({ column, descending: false, nullsFirst: false }));
    const { packing, ...sorted } = await orderedKeys(store, order, scratch);
    const values = new Values(sorted, packing.plans.at(-1)!, of);
    const runs = runsOf(sorted, values, keys.length === 0);
    return aggregates.map((aggregate) => column(aggregate, values, runs));
  });
}

/** The value that is the last of the packed keys. */
class Values {
  readonly #sorted: Sorted;
  readonly #plan: Uint32Array;
  readonly #of: Typed;
  /** Bits of the value and of what says null. */
  readonly bits: number;

  constructor(sorted: Sorted, plan: Uint32Array, of: Typed) {
    this.#sorted = sorted;
    this.#plan = plan;
    this.#of = of;
    this.bits = plan[2]! + plan[3]!;
  }

  /** Whether rows i and j differ above bit `bit` of their keys. */
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
    if (this.#plan.length === 4) return false;
    const [, , bits, at] = this.#plan as unknown as [number, number, number, number];
    return this.#least(0) + this.#field(row, at, bits) !== 0n;
  }

  value(row: number): number {
    const field = this.#plan.length / 4 - 1;
    const [bits, at] = [this.#plan[field * 4 + 2]!, this.#plan[field * 4 + 3]!];
    return Number(unordered(this.#of.type, this.#least(field) + this.#field(row, at, bits)));
  }
}

// Groups are runs of equal keys; within them nulls are last.
function runsOf(sorted: Sorted, values: Values, one: boolean): Run[] {
  const runs: Run[] = [];
  const rows = sorted.rows.length;
  let from = 0;
  for (let row = 1; row <= rows; row++) {
    if (row < rows && !values.differ(row, row - 1, values.bits)) continue;
    let valid = row;
    if (valid > from && values.isNull(valid - 1)) valid = firstNull(values, from, row);
    runs.push({ from, valid, to: row });
    from = row;
  }
  // Without keys there is one group, also of no rows.
  return one && runs.length === 0 ? [{ from: 0, valid: 0, to: 0 }] : runs;
}

function firstNull(values: Values, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values.isNull(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function column({ fn, q = 0.5 }: TypedAggregate, values: Values, runs: readonly Run[]): HostChunk {
  if (fn === "nunique") {
    const counts = Uint32Array.from(runs, (run) => distinct(values, run));
    return hostChunk(TYPES.uint32, counts, runs.length);
  }
  const valid = new Uint8Array(Math.ceil(runs.length / 32) * 4);
  const out = Float64Array.from(runs, (run, i) => {
    if (run.valid === run.from) return 0;
    valid[i >> 3]! |= 1 << (i & 7);
    return quantileOf(values, run, q);
  });
  return hostChunk(TYPES.float64, out, runs.length, valid);
}

function distinct(values: Values, { from, valid }: Run): number {
  let count = valid > from ? 1 : 0;
  for (let row = from + 1; row < valid; row++) if (values.differ(row, row - 1, 0)) count++;
  return count;
}

// Halves are added, not halved sums: they cannot overflow.
function quantileOf(values: Values, { from, valid }: Run, q: number): number {
  const place = (valid - from - 1) * q;
  const low = Math.floor(place);
  const a = values.value(from + low);
  const share = place - low;
  if (share === 0) return a;
  const b = values.value(from + low + 1);
  return a === b ? a : a * (1 - share) + b * share;
}
