// Tables one after another: their chunks are shared, not copied, but for columns of which some have nulls
// and others not, and codes of dictionaries that differ.
import { CenoteError } from "../../base/index.ts";
import {
  type Column,
  type ColumnStore,
  isNested,
  ColumnStore as Store,
} from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import { concatenatedRows } from "../host/concat.ts";
import type { HostRows } from "../host/rows.ts";
import { rowsObstacle, rowsOf } from "../host/run.ts";
import type { HostSide, RunOptions } from "../host/side.ts";
import { type Plan, wholeOf } from "../plan.ts";
import { notTaken, takeRows } from "../run/across.ts";
import { recoded } from "../run/ranks.ts";
import { Scratch } from "../run/scratch.ts";
import { materialise, PendingSource } from "../sources.ts";

/** The rows of all plans. Throws OTHER_COLUMNS where names or types differ. */
export function concatenated(plans: readonly Plan[]): Plan {
  const [first, ...others] = plans as [Plan, ...Plan[]];
  others.forEach((plan, i) => {
    checkSame(first, plan, i + 1);
  });
  const names = [...first.columns.keys()];
  const ordered = others.map((plan) => ({
    ...plan,
    columns: new Map(names.map((name) => [name, plan.columns.get(name)!])),
  }));
  return wholeOf(new ConcatSource([first, ...ordered]));
}

function checkSame(first: Plan, other: Plan, i: number): void {
  const typesOf = ({ columns }: Plan) =>
    [...columns].map(([name, { type }]) => `${name} ${type.name}`);
  const [wanted, found] = [typesOf(first), typesOf(other)];
  if (wanted.length === found.length && wanted.every((column) => found.includes(column))) return;
  throw new CenoteError(
    "OTHER_COLUMNS",
    `concat(…): table ${i} has the columns ${found.join(", ") || "none"}; wanted ${wanted.join(", ") || "none"}`,
    { mend: "Make them alike first: select({ … }) with .cast(…)." },
  );
}

class ConcatSource extends PendingSource {
  readonly plans: readonly Plan[];

  constructor(plans: readonly Plan[]) {
    super(plans[0]!);
    this.plans = plans;
  }
  get columns() {
    return [...this.plan.columns].map(([name, { type }]) => ({ name, type }));
  }
  override get rows(): number | undefined {
    let total = 0;
    for (const { source, where, limit } of this.plans) {
      if (where || source.rows === undefined) return undefined;
      total += Math.min(source.rows, limit);
    }
    return total;
  }
  override get host(): HostSide {
    const sides = this.plans.map(({ source }) => source.host);
    return {
      there: sides.every((side) => side?.there === true),
      count: sides.reduce((sum, side) => sum + (side?.count ?? Number.POSITIVE_INFINITY), 0),
      obstacle: () => this.plans.map(rowsObstacle).find((reason) => reason !== undefined),
      rows: async () => {
        const tables: HostRows[] = [];
        for (const plan of this.plans) tables.push(await rowsOf(plan));
        return concatenatedRows(tables, [...this.plan.columns.keys()]);
      },
    };
  }
  override *blocks(): Iterable<Block> {
    for (const { source } of this.plans) yield* source.blocks();
  }
  explain(options: RunOptions = {}): string[] {
    const onHost = this.explainOnHost(`concat ${this.plans.length} tables`, options);
    const others = this.plans.slice(1).flatMap(({ source }) => source.explain(options));
    if (onHost) return [...others, ...onHost];
    const before = this.plans.flatMap(({ source }) => source.explain());
    return [...before, `concat ${this.plans.length} tables: chunks are shared, 0 B`];
  }

  protected async make(): Promise<ColumnStore> {
    const stores: ColumnStore[] = [];
    try {
      for (const plan of this.plans) stores.push(await materialise(plan));
      using scratch = new Scratch(this.gpu);
      const columns: Column[] = [];
      for (const name of this.plan.columns.keys())
        columns.push(await joined(stores, name, scratch));
      scratch.keep(columns.flatMap(({ chunks }) => chunks.map(({ block }) => block)));
      const chunkRows = stores.flatMap((store) => store.chunkRows);
      return new Store(this.gpu, columns, chunkRows, stores[0]!.metadata);
    } finally {
      for (const store of stores) store.dispose();
    }
  }
}

async function joined(
  stores: readonly ColumnStore[],
  name: string,
  scratch: Scratch,
): Promise<Column> {
  const nulls = stores.some((store) => store.columns.get(name)!.nulls);
  const alike: Column[] = [];
  for (const store of stores) {
    const column = store.columns.get(name)!;
    if (isNested(column.type)) throw notTaken(column);
    alike.push(column.nulls === nulls ? column : await withNulls(store, name, scratch));
  }
  const columns = alike[0]!.dictionary ? await oneDictionary(stores, alike, scratch) : alike;
  const narrow = columns.every((column) => column.narrow === true);
  return { ...columns[0]!, nulls, narrow, chunks: columns.flatMap(({ chunks }) => chunks) };
}

// A copy with validity, chunk by chunk as it was.
async function withNulls(store: ColumnStore, name: string, scratch: Scratch): Promise<Column> {
  const chunks = [];
  let base = 0;
  for (const rows of store.chunkRows) {
    const host = Uint32Array.from({ length: rows }, (_, i) => base + i);
    const taken = { store, names: [name], rows: { count: rows, host }, missing: true };
    chunks.push(...(await takeRows([taken], scratch)).columns[0]!.chunks);
    base += rows;
  }
  return { ...store.columns.get(name)!, nulls: true, chunks };
}

async function oneDictionary(
  stores: readonly ColumnStore[],
  columns: readonly Column[],
  scratch: Scratch,
): Promise<Column[]> {
  const codes = new Map<unknown, number>();
  for (const value of columns.flatMap(({ dictionary }) => dictionary!))
    if (!codes.has(value)) codes.set(value, codes.size);
  const dictionary = [...codes.keys()];
  const made: Column[] = [];
  for (const [i, column] of columns.entries()) {
    const map = Uint32Array.from(column.dictionary!, (value) => codes.get(value)!);
    const same = map.every((code, at) => code === at);
    const chunks = same ? column.chunks : await recoded(stores[i]!, column, map, scratch);
    made.push({ ...column, dictionary, chunks });
  }
  return made;
}
