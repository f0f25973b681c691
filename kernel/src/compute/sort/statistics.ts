// Figures that need values in order: median, quantiles, the number of different ones, and the least and
// greatest text. Rows are sorted by the keys of their groups and then by the value; the packed keys come to
// the host, where each group is a run of them.
import { type HostChunk, hostChunk, nullRows, TYPES } from "../../columns/index.ts";
import { type TypedAggregate, valuesOf } from "../figures.ts";
import { takenRows } from "../host/order.ts";
import { rowsOf } from "../host/run.ts";
import { orderedValues } from "../host/values.ts";
import type { NamedKey, Plan } from "../plan.ts";
import { NO_ROW } from "../run/across.ts";
import { Scratch } from "../run/scratch.ts";
import { type HostValues, takenValues } from "../run/values.ts";
import type { Typed } from "../typed.ts";
import { withHidden, withRows } from "./hidden.ts";
import { type OrderedValues, type Run, runsOf, sortedValues } from "./values.ts";

/** One column for each of these figures of `of`, with a row for each group in the order of the keys. */
export async function statistics(
  plan: Plan,
  keys: readonly NamedKey[],
  of: Typed,
  aggregates: readonly TypedAggregate[],
): Promise<HostValues[]> {
  const hidden = [...keys.map(({ at }) => at), of];
  const only: Plan = { ...plan, columns: new Map() };
  return withRows(only, hidden, async (store, names) => {
    const values = await sortedValues(store, names, of);
    return columns(values, keys, aggregates, async (rows) => {
      using scratch = new Scratch(store.gpu);
      return takenValues(store, names.at(-1)!, rows, scratch);
    });
  });
}

/** The same of rows on the host. */
export async function statisticsOnHost(
  plan: Plan,
  keys: readonly NamedKey[],
  of: Typed,
  aggregates: readonly TypedAggregate[],
): Promise<HostValues[]> {
  const only: Plan = { ...plan, columns: new Map() };
  const { plan: wide, names } = withHidden(only, [...keys.map(({ at }) => at), of]);
  const all = await rowsOf(wide);
  const name = names.at(-1)!;
  return columns(orderedValues(all, names), keys, aggregates, (rows) => {
    const taken = takenRows(all, [name], rows, rows.includes(NO_ROW));
    const chunk = taken.chunks[0]?.columns.get(name) ?? nullRows(of.type, 0);
    return { column: taken.columns.get(name)!, chunk };
  });
}

/** The values in rows of these numbers; null where there is none. */
type ValuesIn = (rows: Uint32Array) => HostValues | Promise<HostValues>;

async function columns(
  values: OrderedValues,
  keys: readonly NamedKey[],
  aggregates: readonly TypedAggregate[],
  valuesIn: ValuesIn,
): Promise<HostValues[]> {
  const runs = runsOf(values, keys.length === 0);
  const made: HostValues[] = [];
  for (const aggregate of aggregates) {
    const { fn, name } = aggregate;
    if (fn === "min" || fn === "max") {
      const { column: facts, chunk } = await valuesIn(extremesOf(values, runs, fn));
      made.push({ column: { ...facts, name }, chunk });
    } else made.push(valuesOf(aggregate, column(aggregate, values, runs)));
  }
  return made;
}

/** The rows of the least or the greatest value of each run. */
function extremesOf(values: OrderedValues, runs: readonly Run[], fn: "min" | "max"): Uint32Array {
  return Uint32Array.from(runs, ({ from, valid }) => {
    if (valid === from) return NO_ROW;
    return values.rowAt(fn === "min" ? from : valid - 1);
  });
}

function column(
  { fn, q = 0.5 }: TypedAggregate,
  values: OrderedValues,
  runs: readonly Run[],
): HostChunk {
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

function distinct(values: OrderedValues, { from, valid }: Run): number {
  let count = valid > from ? 1 : 0;
  for (let row = from + 1; row < valid; row++) if (values.differ(row, row - 1, 0)) count++;
  return count;
}

// Halves are added, not halved sums: they cannot overflow.
function quantileOf(values: OrderedValues, { from, valid }: Run, q: number): number {
  const place = (valid - from - 1) * q;
  const low = Math.floor(place);
  const a = Number(values.value(from + low));
  const share = place - low;
  if (share === 0) return a;
  const b = Number(values.value(from + low + 1));
  return a === b ? a : a * (1 - share) + b * share;
}
