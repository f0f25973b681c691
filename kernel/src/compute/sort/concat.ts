// Tables one after another: their chunks are shared, not copied, but for columns of which some have nulls
// and others not, and codes of dictionaries that differ.
import { CenoteError } from "../../base/index.ts";
import {
  type Column,
  type ColumnStore,
  knownAmong,
  ColumnStore as Store,
  withChildren,
} from "../../columns/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import type { Block } from "../../pool/index.ts";
import { concatenatedRows } from "../host/concat.ts";
import { choiceOf, rowsOf } from "../host/run.ts";
import type { HostRows, HostSide, RunOptions } from "../host/side.ts";
import { type Plan, wholeOf } from "../plan.ts";
import { takeRows } from "../run/across.ts";
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
  /** Of a table that is in the pool, where some are on the host. */
  override get gpu(): Gpu {
    const pooled = this.plans.find(({ source }) => !source.host.there);
    return (pooled ?? this.plan).source.gpu;
  }
  override get host(): HostSide {
    const sides = this.plans.map(({ source }) => source.host);
    return {
      there: sides.every((side) => side.there),
      count: sides.reduce((sum, side) => sum + (side.count ?? Number.POSITIVE_INFINITY), 0),
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
    const { why } = choiceOf(wholeOf(this), options);
    const before = this.plans.flatMap(({ source }) => source.explain());
    const what = `concat ${this.plans.length} tables: on the GPU (${why})`;
    return [...before, `${what}: chunks are shared, 0 B`];
  }

  protected async make(): Promise<ColumnStore> {
    const stores: ColumnStore[] = [];
    try {
      for (const plan of this.plans) stores.push(await materialise(plan));
      using scratch = new Scratch(this.gpu);
      const columns: Column[] = [];
      for (const name of this.plan.columns.keys())
        columns.push(
          await joined(
            this.gpu,
            stores.map((store) => store.columns.get(name)!),
            scratch,
          ),
        );
      scratch.keep(
        columns.flatMap(withChildren).flatMap(({ chunks }) => chunks.map(({ block }) => block)),
      );
      const chunkRows = stores.flatMap((store) => store.chunkRows);
      return new Store(this.gpu, columns, chunkRows, stores[0]!.metadata);
    } finally {
      for (const store of stores) store.dispose();
    }
  }
}

/** The chunks of these columns, which have one type, as one column. */
async function joined(gpu: Gpu, columns: readonly Column[], scratch: Scratch): Promise<Column> {
  const nulls = columns.some((column) => column.nulls);
  const alike: Column[] = [];
  for (const column of columns)
    alike.push(column.nulls === nulls ? column : await withNulls(gpu, column, scratch));
  const coded = alike[0]!.dictionary ? await oneDictionary(gpu, alike, scratch) : alike;
  const { bounds: _, exponents: __, ...facts } = coded[0]!;
  const chunks = coded.flatMap((column) => column.chunks);
  const [first] = columns as [Column];
  if (!first.children) return { ...facts, nulls, ...knownAmong(coded), chunks };
  const children: Column[] = [];
  for (const k of first.children.keys())
    children.push(
      await joined(
        gpu,
        columns.map((column) => column.children![k]!),
        scratch,
      ),
    );
  return { ...first, nulls, chunks, children };
}

// A copy with validity, chunk by chunk as it was; what is in a list or a struct stays.
async function withNulls(gpu: Gpu, column: Column, scratch: Scratch): Promise<Column> {
  const { children: _, ...alone } = column;
  const sizes = column.chunks.map(({ rows }) => rows);
  using store = new Store(gpu, [alone], sizes);
  const host = Uint32Array.from({ length: store.rows }, (_row, i) => i);
  const taken = { store, names: [column.name], rows: { count: host.length, host }, missing: true };
  const { chunks } = (await takeRows([taken], scratch, sizes)).columns[0]!;
  return { ...column, nulls: true, chunks };
}

async function oneDictionary(
  gpu: Gpu,
  columns: readonly Column[],
  scratch: Scratch,
): Promise<Column[]> {
  const codes = new Map<unknown, number>();
  for (const value of columns.flatMap(({ dictionary }) => dictionary!))
    if (!codes.has(value)) codes.set(value, codes.size);
  const dictionary = [...codes.keys()];
  const made: Column[] = [];
  for (const column of columns) {
    const map = Uint32Array.from(column.dictionary!, (value) => codes.get(value)!);
    const same = map.every((code, at) => code === at);
    const chunks = same ? column.chunks : await recoded(gpu, column, map, scratch);
    made.push({ ...column, dictionary, chunks });
  }
  return made;
}
