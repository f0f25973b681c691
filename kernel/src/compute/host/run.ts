// Whole queries on the host: what is read back or lies there already, filtered, computed and grouped by
// generated JavaScript, with the same results as on the GPU.
import type { Table } from "apache-arrow";
import { CenoteError } from "../../base/index.ts";
import { type ColumnStore, type HostChunk, hostBatches, hostColumns } from "../../columns/index.ts";
import type { NamedKey, Plan } from "../plan.ts";
import type { Groups } from "../run/group.ts";
import { told } from "../told.ts";
import { columnsOf, type Typed } from "../typed.ts";
import type { Part } from "../wgsl/parts.ts";
import { notHosted } from "./emit.ts";
import { groupRows } from "./groups.ts";
import {
  filterRows,
  firstRows,
  type HostColumnFacts,
  type HostPart,
  type HostRows,
  project,
} from "./rows.ts";
import type { Choice, Engine, HostSide, RunOptions } from "./side.ts";

/** Rows that are computed with on the host although they are in the pool, at most. */
const FEW_ROWS = 1024;

/** What queries run on that say nothing about it; "auto" chooses for each. */
export const engine: { preferred: Engine | "auto" } = { preferred: "auto" };

/** Where a query runs, and why. Throws NOT_ON_HOST where that was asked for and cannot be. */
export function choiceOf(plan: Plan, obstacle: string | undefined, options: RunOptions): Choice {
  const { on } = options;
  if (on !== undefined && on !== "gpu" && on !== "host") {
    throw new CenoteError("NOT_AN_ENGINE", `on: wanted "gpu" or "host", found ${told(on)}`);
  }
  if (on === "host" && obstacle) {
    throw new CenoteError(
      "NOT_ON_HOST",
      `on: "host": ${obstacle} are computed with on the GPU only`,
      {
        mend: 'Leave { on: "host" } out.',
      },
    );
  }
  if (on) return { on, why: "as was asked for" };
  const side = plan.source.host;
  if (obstacle || !side)
    return { on: "gpu", why: `${obstacle ?? "these rows"} are computed with there only` };
  if (side.there) return { on: "host", why: "the rows are there" };
  if (engine.preferred !== "auto") return { on: engine.preferred, why: "that is the setting" };
  if (side.count !== undefined && side.count <= FEW_ROWS)
    return { on: "host", why: `${side.count} rows are read back sooner than kernels are made` };
  return { on: "gpu", why: "the rows are there" };
}

/** Why a plan's rows are not computed on the host. */
export function rowsObstacle({ source, where, columns }: Plan): string | undefined {
  if (!source.host) return "rows of sorts, joins and windows";
  return source.host.obstacle() ?? obstacleOf([...(where ? [where] : []), ...columns.values()]);
}

/** Why a plan's groups are not. */
export function groupsObstacle(
  { source, where }: Plan,
  keys: readonly NamedKey[],
  ofs: readonly Typed[],
): string | undefined {
  if (!source.host) return "rows of sorts, joins and windows";
  const reads = [...keys.map(({ at }) => at), ...ofs];
  return source.host.obstacle() ?? obstacleOf([...(where ? [where] : []), ...reads]);
}

const obstacleOf = (roots: readonly Typed[]) =>
  roots.map(notHosted).find((reason) => reason !== undefined);

/** The rows of a plan, computed on the host. */
export async function rowsOf(plan: Plan): Promise<HostRows> {
  const outputs = [...plan.columns];
  const reads = [...(plan.where ? [plan.where] : []), ...outputs.map(([, at]) => at)];
  const all = await plan.source.host!.rows(columnsOf(...reads));
  let left = plan.limit;
  const chunks: HostPart[] = [];
  for (const part of all.chunks) {
    const index = plan.where ? filterRows(all, part, plan.where, left) : firstRows(part.rows, left);
    left -= index.length;
    if (index.length === 0) continue;
    const made = outputs.map(([name, at]) => [name, project(all, part, at, index)] as const);
    chunks.push({ rows: index.length, columns: new Map(made) });
  }
  const facts = outputs.map(([name, at]) => {
    const nulls = chunks.some(({ columns }) => columns.get(name)!.layout.validity >= 0);
    return [name, factsOf(all, name, at, nulls)] as const;
  });
  return { columns: new Map(facts), chunks, metadata: all.metadata };
}

/** What is made on the host of all rows of a plan. */
export function sideOf(plan: Plan, made: (all: HostRows) => HostRows): HostSide {
  const side = plan.source.host;
  return {
    there: side?.there ?? false,
    count: side?.count,
    obstacle: () => rowsObstacle(plan),
    rows: async () => made(await rowsOf(plan)),
  };
}

function factsOf(all: HostRows, name: string, at: Typed, nulls: boolean): HostColumnFacts {
  if (at.op === "column") return { ...all.columns.get(at.column!)!, name };
  return { name, type: at.type, nulls };
}

/** The rows of a plan as an Arrow table. */
export async function tableOf(plan: Plan): Promise<Table> {
  const { columns, chunks, metadata } = await rowsOf(plan);
  const made = [...columns].map(([name, column]) => ({
    column,
    chunks: chunks.map((part) => part.columns.get(name)!),
  }));
  return hostBatches(
    made,
    chunks.map(({ rows }) => rows),
    metadata,
  );
}

/** The groups of a plan. */
export async function groupsOn(
  plan: Plan,
  keys: readonly NamedKey[],
  parts: readonly Part[],
): Promise<Groups> {
  const { where } = plan;
  const reads = [
    ...(where ? [where] : []),
    ...keys.map(({ at }) => at),
    ...parts.flatMap(({ of }) => of ?? []),
  ];
  const all = await plan.source.host!.rows(columnsOf(...reads));
  return groupRows(all, { ...(where ? { where } : {}), keys, parts });
}

/** Columns of a store, read back. Throws DISPOSED. */
export async function readRows(store: ColumnStore, names: readonly string[]): Promise<HostRows> {
  store.check(names);
  const columns = names.map((name) => store.columns.get(name)!);
  const ranges = columns.flatMap(({ chunks }) =>
    chunks.map(({ block, layout }) => ({ block, bytes: layout.total })),
  );
  const contents = ranges.length > 0 ? await store.gpu.read(ranges) : [];
  const chunks = store.chunkRows.map((rows, chunk): HostPart => {
    const parts = columns.map(({ name, chunks: all }, i): [string, HostChunk] => [
      name,
      { bytes: contents[i * all.length + chunk]!, layout: all[chunk]!.layout, rows },
    ]);
    return { rows, columns: new Map(parts) };
  });
  const facts = columns.map(({ chunks: _, ...column }) => [column.name, column] as const);
  return { columns: new Map(facts), chunks, metadata: store.metadata };
}

/** The columns of an Arrow table. Throws SAME_NAME and UNKNOWN_TYPE. */
export function rowsFrom(table: Table): HostRows {
  const { columns, rows } = hostColumns(table);
  const chunks = rows.map(
    (count, i): HostPart => ({
      rows: count,
      columns: new Map(columns.map(({ column, chunks: all }) => [column.name, all[i]!])),
    }),
  );
  const facts = columns.map(({ column }) => [column.name, column] as const);
  return { columns: new Map(facts), chunks, metadata: table.schema.metadata };
}
