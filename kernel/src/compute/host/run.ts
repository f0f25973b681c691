// Whole queries on the host: what is read back or lies there already, filtered, computed and grouped by
// generated JavaScript, with the same results as on the GPU.
import type { Table } from "apache-arrow";
import { CenoteError } from "../../base/index.ts";
import { type ColumnStore, hostBatches, hostColumns, stepsOf } from "../../columns/index.ts";
import type { NamedKey, Plan } from "../plan.ts";
import type { Groups } from "../run/tables.ts";
import { readColumns } from "../run/values.ts";
import { told } from "../told.ts";
import { columnsOf } from "../typed.ts";
import type { Part } from "../wgsl/parts.ts";
import { costsOf, type Work } from "./costs.ts";
import { groupRows } from "./groups.ts";
import { factsOf } from "./paths.ts";
import { filterRows, firstRows, project } from "./rows.ts";
import type { Choice, Engine, HostPart, HostRows, HostSide, RunOptions } from "./side.ts";

/** What queries run on that say nothing about it; "auto" chooses for each. */
export const engine: { preferred: Engine | "auto" } = { preferred: "auto" };

/** Where a query runs, and why; `work` is what it computes, where that is not its columns. Throws NOT_AN_ENGINE. */
export function choiceOf(plan: Plan, { on }: RunOptions, work?: Work): Choice {
  if (on !== undefined && on !== "gpu" && on !== "host") {
    throw new CenoteError("NOT_AN_ENGINE", `on: wanted "gpu" or "host", found ${told(on)}`);
  }
  if (on) return { on, why: "as was asked for" };
  const side = plan.source.host;
  if (side.there) return { on: "host", why: "the rows are there" };
  if (engine.preferred !== "auto") return { on: engine.preferred, why: "that is the setting" };
  if (side.count === undefined) return { on: "gpu", why: "the rows are there" };
  const { host, gpu, making } = costsOf(plan, side.count, work);
  const kernels = making > 0 ? `, with ${shown(making)} for kernels` : ", its kernels being made";
  const why = `about ${shown(host)} for ${side.count} rows on the host, ${shown(gpu + making)} on the GPU${kernels}`;
  return { on: host <= gpu + making ? "host" : "gpu", why };
}

const shown = (ms: number) => `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;

/** The rows of a plan, computed on the host. */
export async function rowsOf(plan: Plan): Promise<HostRows> {
  const outputs = [...plan.columns];
  const reads = [...(plan.where ? [plan.where] : []), ...outputs.map(([, at]) => at)];
  const all = await plan.source.host.rows(columnsOf(...reads));
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
  const { there, count } = plan.source.host;
  return { there, count, rows: async () => made(await rowsOf(plan)) };
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
  const all = await plan.source.host.rows(columnsOf(...reads));
  return groupRows(all, { ...(where ? { where } : {}), keys, parts });
}

/** Columns of a store, read back with what is in them. Throws DISPOSED. */
export async function readRows(store: ColumnStore, paths: readonly string[]): Promise<HostRows> {
  const names = [...new Set(paths.map((path) => stepsOf(path)[0]!))];
  store.check(names);
  const columns = names.map((name) => store.columns.get(name)!);
  const hosted = await readColumns(store.gpu, columns);
  const chunks = store.chunkRows.map((rows, chunk): HostPart => {
    return { rows, columns: new Map(names.map((name, i) => [name, hosted[i]!.chunks[chunk]!])) };
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
