// What a query will run: its kernels, what they read, and what they will allocate.
import { formatBytes } from "../base/index.ts";
import { type ColumnStore, isText, layoutOf } from "../columns/index.ts";
import type { NamedKey, Plan } from "./plan.ts";
import { shapeFor } from "./run/group.ts";
import { slotsFor } from "./run/slots.ts";
import { columnsOf, showTyped, type Typed } from "./typed.ts";
import { offsetsOf, type Part } from "./wgsl/parts.ts";

const LATER = "  (bytes are known when the step before has run)";

function reads(store: ColumnStore | undefined, roots: readonly Typed[]): string {
  const names = columnsOf(...roots);
  if (!store) return names.join(", ") || "nothing";
  const bytes = names
    .flatMap((name) => store.column(name).chunks)
    .reduce((sum, c) => sum + c.layout.total, 0);
  return `${names.join(", ") || "nothing"} (${formatBytes(bytes)})`;
}

/** The kernels of a filter and its projections. */
export function explainRows(plan: Plan): string[] {
  const { source, where } = plan;
  const { store } = source;
  const outputs = [...plan.columns];
  const lines: string[] = [];
  if (where) {
    lines.push(`filter: mask, scan, index · reads ${reads(store, [where])} · ${showTyped(where)}`);
    if (store) {
      const mask = store.chunkRows.reduce((sum, rows) => sum + Math.ceil(rows / 8) + 16_384, 0);
      lines.push(
        `  allocates ${formatBytes(mask)} for masks, then 4 B for each row kept; 1 small read-back`,
      );
    }
  }
  const computed = outputs.filter(
    ([, at]) => where || plan.limit !== Number.POSITIVE_INFINITY || at.op !== "column",
  );
  for (const [name, at] of computed) {
    const kernels = isText(at.type) ? "text sizes, scan, text" : "1 kernel";
    lines.push(`column ${name} ${at.type.name}: ${kernels} · reads ${reads(store, [at])}`);
    if (store) lines.push(`  allocates at most ${formatBytes(mostBytes(store, at, plan.limit))}`);
  }
  if (computed.length === 0)
    lines.push(`columns ${outputs.map(([name]) => name).join(", ")}: taken as they are, 0 B`);
  if (!store) lines.push(LATER);
  return lines;
}

function mostBytes(store: ColumnStore, at: Typed, limit: number): number {
  if (isText(at.type)) {
    return store.column(at.column!).chunks.reduce((sum, { layout }) => sum + layout.total, 0);
  }
  const nulls = columnsOf(at).some((name) => store.column(name).nulls);
  const sizes = store.chunkRows.map(
    (rows) => layoutOf(at.type, Math.min(rows, limit), nulls).total,
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** The kernels of an aggregate: one pass over the rows, whatever is filtered and computed. */
export function explainAggregate(
  plan: Plan,
  keys: readonly NamedKey[],
  parts: readonly Part[],
): string[] {
  const { store } = plan.source;
  const ofs = parts.flatMap(({ of }) => of ?? []);
  const roots = [...(plan.where ? [plan.where] : []), ...keys.map(({ at }) => at), ...ofs];
  const by = keys.length > 0 ? `by ${keys.map(({ name }) => name).join(", ")}` : "of all rows";
  const lines = [`aggregate ${by}: 1 fused kernel · reads ${reads(store, roots)}`];
  if (plan.where) lines.push(`  filter inside it: ${showTyped(plan.where)}`);
  if (!store) return [...lines, LATER];
  const slots = slotsFor(
    store,
    keys.map(({ at }) => at),
  );
  const capacity = slots.by === "one" ? 1 : slots.by === "direct" ? slots.size : 1024;
  const width = offsetsOf(parts).at(-1)!;
  const { software } = store.gpu.adapter;
  for (const [chunk, rows] of store.chunkRows.entries()) {
    const shape = shapeFor(software, slots, capacity, width, rows);
    const bytes = shape.accBytes + (slots.by === "one" ? 0 : capacity * 12);
    lines.push(
      `  chunk ${chunk}: ${rows} rows, ${shape.invocations} invocations, slots by ${slots.by}, tables ${shape.form}, allocates ${formatBytes(bytes)}`,
    );
  }
  if (slots.by === "hash")
    lines.push("  more than 768 groups: again with a table 16 times as large");
  lines.push("  then: list, merge, gather of keys; intermediate columns 0 B");
  return lines;
}
