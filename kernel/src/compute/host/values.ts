// Values in order within groups on the host, as sort/values.ts has them of the device.
import { type Sortable, sortables } from "../../columns/index.ts";
import type { OrderedValues } from "../sort/values.ts";
import { columnOf, differ, type HostOrder, NULL_RANK, orderOf } from "./order.ts";
import type { HostRows } from "./side.ts";

/** The rows by these columns, of which the last one has the values. */
export function orderedValues(all: HostRows, names: readonly string[]): OrderedValues {
  const keys = names.map((column) => ({ column, descending: false, nullsFirst: false }));
  return new HostValues(orderOf(all, keys), sortables(columnOf(all, names.at(-1)!)));
}

class HostValues implements OrderedValues {
  /** Below it the value alone tells rows apart. */
  readonly bits = 1;
  readonly #order: HostOrder;
  readonly #values: readonly Sortable[];

  constructor(order: HostOrder, values: readonly Sortable[]) {
    this.#order = order;
    this.#values = values;
  }
  get rows(): number {
    return this.#order.rows.length;
  }
  differ(i: number, j: number, bit: number): boolean {
    const { rows, ranks } = this.#order;
    return differ(ranks, ranks.length - (bit === 0 ? 0 : 1), rows[i]!, rows[j]!);
  }
  rowAt(i: number): number {
    return this.#order.rows[i]!;
  }
  isNull(i: number): boolean {
    const { rows, ranks } = this.#order;
    return ranks.at(-1)![rows[i]!] === NULL_RANK;
  }
  value(i: number): number | bigint {
    const value = this.#values[this.#order.rows[i]!] as number | bigint;
    return value === 0 ? 0 : value;
  }
}
