// Window functions over rows on the host: the same orders and running figures, without a device.
import {
  type ColumnFacts,
  type HostChunk,
  isInteger,
  layoutOf,
  nullRows,
  type Sortable,
  sortables,
} from "../../columns/index.ts";
import { columnOf, differ, type HostOrder, rowCount, takenRows } from "../host/order.ts";
import type { HostRows } from "../host/side.ts";
import { NO_ROW } from "../run/across.ts";
import { type Ordered, ranks, shifted } from "./ordered.ts";
import { type RowValues, running } from "./running.ts";
import { checkSums, type Job } from "./typed.ts";
import { fill, useOf } from "./values.ts";

/** The order of the rows with its partitions, which are the first keys. */
export function orderedOf({ rows, ranks: keys }: HostOrder, partitions: number): Ordered {
  const starts = new Uint32Array(rows.length);
  const peers = new Uint32Array(rows.length);
  for (let i = 1; i < rows.length; i++) {
    const [a, b] = [rows[i]!, rows[i - 1]!];
    starts[i] = differ(keys, partitions, a, b) ? i : starts[i - 1]!;
    peers[i] = differ(keys, keys.length, a, b) ? i : peers[i - 1]!;
  }
  return { rows, starts, peers };
}

/** The rows with these columns more, as one chunk. */
export function windowsOf(
  all: HostRows,
  shown: readonly string[],
  jobs: readonly Job[],
  ordered: Ordered,
): HostRows {
  const rows = Uint32Array.from({ length: rowCount(all) }, (_, row) => row);
  const kept = takenRows(all, shown, rows);
  const columns = new Map(kept.columns);
  const part = new Map(kept.chunks[0]?.columns);
  for (const job of jobs) {
    const { facts, chunk } = columnFor(all, job, ordered);
    columns.set(job.name, facts);
    part.set(job.name, chunk);
  }
  const chunks = rows.length > 0 ? [{ rows: rows.length, columns: part }] : [];
  return { columns, chunks, metadata: all.metadata };
}

function columnFor(
  all: HostRows,
  { name, given, column: from, type }: Job,
  ordered: Ordered,
): { facts: ColumnFacts; chunk: HostChunk } {
  const { fn } = given;
  const rows = ordered.rows.length;
  if (fn === "shift") {
    const { columns, chunks } = takenRows(all, [from], shifted(ordered, given.rows!, NO_ROW), true);
    const chunk = chunks[0]?.columns.get(from);
    return { facts: { ...columns.get(from)!, name }, chunk: chunk ?? nullRows(type, 0) };
  }
  const isRank = fn === "rowNumber" || fn === "rank" || fn === "denseRank";
  const figures = isRank ? ranks(ordered, fn) : running(valuesOf(all, from, fn), ordered, given);
  if (!(figures instanceof Uint32Array)) checkSums(name, type, fn, figures);
  const nulls = !(figures instanceof Uint32Array) && figures.includes(undefined);
  const layout = layoutOf(type, rows, nulls);
  const bytes = new Uint8Array(layout.total);
  fill(bytes, type, figures as number[], layout.validity);
  return { facts: { name, type, nulls }, chunk: { bytes, layout, rows } };
}

function valuesOf(all: HostRows, name: string, fn: Job["given"]["fn"]): RowValues {
  const column = columnOf(all, name);
  const found = sortables(column);
  const valid = (row: number) => found[row] !== undefined;
  const wide = column.type.bits === 64 && isInteger(column.type);
  const big = wide || (useOf(fn) === "sums" && isInteger(column.type));
  // A null counts for nothing, but must be of the others' kind.
  const one = (value: Sortable) => (big ? BigInt(value ?? 0) : Number(value ?? 0));
  const numbers = useOf(fn) !== "validity";
  return { values: numbers ? (found.map(one) as number[]) : found.map(() => 0), valid };
}
