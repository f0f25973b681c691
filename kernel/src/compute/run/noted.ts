// Figures of all rows that the upload has noted: no kernel need look for them.
import {
  arrayOf,
  type ColumnStore,
  type HostChunk,
  hostChunk,
  TYPES,
} from "../../columns/index.ts";
import type { TypedAggregate } from "../figures.ts";

/** The figure of all rows of a store, as one row; undefined where it is not known. */
export function noted(store: ColumnStore, { fn, of, type }: TypedAggregate): HostChunk | undefined {
  const column = of?.op === "column" ? store.columns.get(of.column!) : undefined;
  if (fn === "count" && (!of || column?.nulls === false))
    return hostChunk(TYPES.uint32, Uint32Array.of(store.rows), 1);
  if ((fn !== "min" && fn !== "max") || !column?.bounds?.exact) return undefined;
  const value = fn === "min" ? column.bounds.low : column.bounds.high;
  const Values = arrayOf(type) as unknown as { of(value: number | bigint): ArrayBufferView };
  return hostChunk(type, Values.of(type.bits === 64 ? BigInt(value) : value), 1);
}
