// The order of rows on the host, and rows taken by their numbers: what sorts, distinct rows, joins and windows are
// made of where no GPU is wanted. Values compare as on the device (columns/host.ts).
import {
  type ColumnFacts,
  compareSortables,
  type HostColumn,
  locator,
  nullable,
  type Sortable,
  sortables,
  take,
  withNullRow,
} from "../../columns/index.ts";
import { NO_ROW } from "../run/across.ts";
import type { OrderKey } from "../run/order.ts";
import type { HostPart, HostRows } from "./side.ts";

/** Rows of all chunks. */
export const rowCount = ({ chunks }: HostRows): number =>
  chunks.reduce((sum, { rows }) => sum + rows, 0);

/** A column over all chunks. */
export function columnOf(all: HostRows, name: string): HostColumn {
  const chunks = all.chunks.map(({ columns }) => columns.get(name)!);
  return { ...all.columns.get(name)!, chunks };
}

/** Numbers that compare as the values do; NULL_RANK for nulls. */
export type Ranks = Uint32Array;
export const NULL_RANK = 0xffff_ffff;

/** Ranks of the values of several columns that are compared with each other. */
export function ranksOf(columns: readonly HostColumn[]): Ranks[] {
  const values = columns.map(sortables);
  const all = new Set<Sortable>();
  for (const list of values) for (const value of list) all.add(value);
  all.delete(undefined);
  const sorted = [...all].sort(compareSortables);
  const ranks = new Map<Sortable, number>(sorted.map((value, rank) => [value, rank]));
  return values.map((list) =>
    Uint32Array.from(list, (value) => (value === undefined ? NULL_RANK : ranks.get(value)!)),
  );
}

export interface HostOrder {
  /** Row numbers in order. */
  readonly rows: Uint32Array;
  /** Ranks of each key, by row. */
  readonly ranks: readonly Ranks[];
}

/** The rows in the order of keys; those of equal keys keep their order. */
export function orderOf(all: HostRows, keys: readonly OrderKey[]): HostOrder {
  const ranks = keys.map(({ column }) => ranksOf([columnOf(all, column)])[0]!);
  const rows = Uint32Array.from({ length: rowCount(all) }, (_, row) => row);
  rows.sort((a, b) => {
    for (const [k, { descending, nullsFirst }] of keys.entries()) {
      const [x, y] = [ranks[k]![a]!, ranks[k]![b]!];
      if (x === y) continue;
      if (x === NULL_RANK || y === NULL_RANK) return (x === NULL_RANK) === nullsFirst ? -1 : 1;
      return x < y !== descending ? -1 : 1;
    }
    return a - b;
  });
  return { rows, ranks };
}

/** Whether two rows differ in the first `count` keys. */
export function differ(ranks: readonly Ranks[], count: number, a: number, b: number): boolean {
  for (let k = 0; k < count; k++) if (ranks[k]![a] !== ranks[k]![b]) return true;
  return false;
}

/** Some columns in the rows of these numbers, as one chunk; NO_ROW is a row of nulls. */
export function takenRows(
  all: HostRows,
  names: readonly string[],
  rows: Uint32Array,
  missing = false,
): HostRows {
  const sizes = all.chunks.map((part) => part.rows);
  const count = rowCount(all);
  const index = missing ? rows.map((row) => (row === NO_ROW ? count : row)) : rows;
  const locate = locator(missing ? [...sizes, 1] : sizes);
  const facts = new Map<string, ColumnFacts>();
  const columns = names.map((name) => {
    const own = all.columns.get(name)!;
    const column = columnOf(all, name);
    facts.set(name, missing ? nullable(own) : own);
    return [name, take(missing ? withNullRow(column) : column, index, locate)] as const;
  });
  const part: HostPart = { rows: rows.length, columns: new Map(columns) };
  return { columns: facts, chunks: rows.length > 0 ? [part] : [], metadata: all.metadata };
}
