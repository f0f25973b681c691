// What a query will run: its kernels, what they read, and what they will allocate.
import { formatBytes } from "../base/index.ts";
import { type ColumnStore, isNested, isText, layoutOf, withChildren } from "../columns/index.ts";
import { isTextual } from "./comparison.ts";
import type { NamedKey, Plan } from "./plan.ts";
import { codesAtHand } from "./run/codes.ts";
import { planOf } from "./run/dense.ts";
import { FIRST_CAPACITY, shapeFor } from "./run/shape.ts";
import { querySlots, slotParts } from "./run/tables.ts";
import { columnsOf, columnText, showTyped, type Typed } from "./typed.ts";
import { offsetsOf, type Part } from "./wgsl/parts.ts";

export const LATER = "  (bytes are known when the step before has run)";

function reads(store: ColumnStore | undefined, roots: readonly Typed[]): string {
  const names = columnsOf(...roots);
  const shown = names.map(columnText).join(", ") || "nothing";
  if (!store) return shown;
  const bytes = names
    .flatMap((name) => store.column(name).chunks)
    .reduce((sum, c) => sum + c.layout.total, 0);
  return `${shown} (${formatBytes(bytes)})`;
}

/** The kernels of a filter and its projections, and the bytes that they have at once. */
export function explainRows(plan: Plan): string[] {
  const { source, where } = plan;
  const { store } = source;
  const outputs = [...plan.columns];
  const lines: string[] = [];
  let peak = 0;
  if (where) {
    lines.push(`filter: mask, scan, index · reads ${reads(store, [where])} · ${showTyped(where)}`);
    if (store) {
      const mask = store.chunkRows.reduce((sum, rows) => sum + Math.ceil(rows / 8) + 16_384, 0);
      lines.push(
        `  allocates ${formatBytes(mask)} for masks, then 4 B for each row kept; 1 small read-back`,
      );
      peak += mask + 4 * store.rows;
    }
  }
  const computed = outputs.filter(
    ([, at]) => where || plan.limit !== Number.POSITIVE_INFINITY || at.op !== "column",
  );
  for (const [name, at] of computed) {
    lines.push(`column ${name} ${at.type.name}: ${kernelsOf(at)} · reads ${reads(store, [at])}`);
    if (!store) continue;
    const most = mostBytes(store, at, plan.limit);
    lines.push(`  allocates at most ${formatBytes(most)}`);
    peak += most;
  }
  if (computed.length === 0)
    lines.push(`columns ${outputs.map(([name]) => name).join(", ")}: taken as they are, 0 B`);
  lines.push(store ? `at peak: ${formatBytes(peak)} at most` : LATER);
  return lines;
}

function kernelsOf({ type }: Typed): string {
  if (isText(type)) return "text sizes, scan, text";
  return isNested(type) ? "its own kernels, and those of what is in it" : "1 kernel";
}

/** Bytes of an output, at most. */
export function mostBytes(store: ColumnStore, at: Typed, limit: number): number {
  if (isNested(at.type)) {
    const all = withChildren(store.column(at.column!)).flatMap(({ chunks }) => chunks);
    return all.reduce((sum, { layout }) => sum + layout.total, 0);
  }
  const nulls = columnsOf(at).some((name) => store.along(name).some((column) => column.nulls));
  return store.chunkRows.reduce((sum, rows, chunk) => {
    const count = Math.min(rows, limit);
    const text = isText(at.type) ? mostText(store, at, chunk, count) : 0;
    return sum + layoutOf(at.type, count, nulls, text).total;
  }, 0);
}

/** Bytes of text that `rows` rows of a chunk can have, at most. */
function mostText(store: ColumnStore, at: Typed, chunk: number, rows: number): number {
  if (at.op === "literal") return rows * Buffer.byteLength(String(at.value ?? ""));
  if (at.op === "column" || at.op === "element") {
    const { chunks, dictionary } = store.column(at.column!);
    if (!dictionary) return chunks[chunk]!.layout.textBytes;
    return (
      rows * dictionary.reduce((most: number, x) => Math.max(most, Buffer.byteLength(String(x))), 0)
    );
  }
  if (at.weight > 1000) return store.gpu.maxBinding;
  const texts = at.args.filter(isTextual);
  return texts.reduce((sum, arg) => sum + mostText(store, arg, chunk, rows), 0);
}

/** The kernels of an aggregate: one pass over the rows, whatever is filtered and computed. */
export function explainAggregate(
  plan: Plan,
  keys: readonly NamedKey[],
  parts: readonly Part[],
): string[] {
  const given = plan.source.store;
  using coded = given && codesAtHand(given, keys);
  const store = coded?.store;
  const told = coded?.keys ?? keys.map(({ at }) => at);
  const ofs = parts.flatMap(({ of }) => of ?? []);
  const roots = [...(plan.where ? [plan.where] : []), ...told, ...ofs];
  const by = keys.length > 0 ? `by ${keys.map(({ name }) => name).join(", ")}` : "of all rows";
  const lines = [`aggregate ${by}: 1 fused kernel · reads ${reads(store, roots)}`];
  if (plan.where) lines.push(`  filter inside it: ${showTyped(plan.where)}`);
  if (!store) return [...lines, LATER];
  const slots = querySlots(store, { keys, by: told, parts });
  const width = offsetsOf(parts).at(-1)!;
  const { software } = store.gpu.adapter;
  const hashed = slots.by === "hash";
  let peak = 0;
  for (const [chunk, rows] of store.chunkRows.entries()) {
    const shape = hashed
      ? shapeFor(software, slots, FIRST_CAPACITY, width, rows)
      : planOf(store, slots.by === "one" ? parts : slotParts(parts), slots, rows).shape;
    const bytes = shape.accBytes + (hashed ? FIRST_CAPACITY * 12 : 0);
    lines.push(
      `  chunk ${chunk}: ${rows} rows, ${shape.invocations} invocations, slots by ${slots.by}, tables ${shape.form}, allocates ${formatBytes(bytes)}`,
    );
    peak = Math.max(peak, bytes);
  }
  // The lists of a chunk's groups stay until all chunks are done.
  const lists = hashed ? FIRST_CAPACITY * 8 * Math.max(0, store.chunkRows.length - 1) : 0;
  lines.push(`  at peak: ${formatBytes(peak + lists)}, and the groups' words`);
  lines.push(
    ...(hashed
      ? [
          "  more than 768 groups: again with a table 16 times as large",
          "  then: list, merge, gather of keys; intermediate columns 0 B",
        ]
      : ["  then: merge, 1 read-back; intermediate columns 0 B"]),
  );
  return lines;
}
